import { Button, FileButton, Group, Progress, Text } from '@mantine/core';
import { useEffect, useRef, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { upload, type Schema } from '@/api/client';
import { Icon } from '@/app/icons';
import { ProblemNote } from '@/app/ProblemNote';
import { bytesIn } from '@/fleet/length';
import { limits } from './bulletin';
import classes from './bulletins.module.css';

interface Props {
  label: string; // of the language
  has: boolean;
  onDone: (audio: Schema<'Audio'>) => void;
  onBusy: (busy: boolean) => void;
}

type Stand = { at: 'idle' } | { at: 'refused'; word: 'tooBig' | 'empty'; file: File } | { at: 'sending'; file: File; part: number } | { at: 'failed'; file: File; error: unknown };

/** Upload sends any audio file and tells how far it is. What failed can be sent
 * again without choosing the file again. */
export function Upload({ label, has, onDone, onBusy }: Props) {
  const { t, i18n } = useTranslation(['bulletins', 'common']);
  const [stand, setStand] = useState<Stand>({ at: 'idle' });
  const [over, setOver] = useState(false);
  const sending = useRef<AbortController>(undefined);
  useEffect(() => () => sending.current?.abort(), []);

  const send = async (file: File) => {
    if (file.size > limits.file) return setStand({ at: 'refused', word: 'tooBig', file });
    if (file.size === 0) return setStand({ at: 'refused', word: 'empty', file });
    const control = new AbortController();
    sending.current?.abort();
    sending.current = control;
    setStand({ at: 'sending', file, part: 0 });
    onBusy(true);
    try {
      const audio = await upload<Schema<'Audio'>>('/audio', {
        query: { name: file.name },
        file,
        signal: control.signal,
        onProgress: (part) => setStand({ at: 'sending', file, part }),
      });
      setStand({ at: 'idle' });
      onDone(audio);
    } catch (error) {
      setStand(control.signal.aborted ? { at: 'idle' } : { at: 'failed', file, error });
    } finally {
      if (sending.current === control) onBusy(false);
    }
  };
  const drop = (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    const [file] = e.dataTransfer.files;
    if (file) void send(file);
  };
  const percent = stand.at === 'sending' ? Math.round(stand.part * 100) : 0;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dropping is a short cut; the button inside does the same
    <div
      role="group"
      aria-label={t('upload.place', { language: label })}
      className={`${classes.drop ?? ''} ${over ? (classes.over ?? '') : ''}`}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {stand.at === 'sending' ? (
        <>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" role="status">
              {percent < 100 ? t('upload.sending', { name: stand.file.name, percent }) : t('upload.reading', { name: stand.file.name })}
            </Text>
            <Button variant="default" size="sm" onClick={() => sending.current?.abort()}>
              {t('common:cancel')}
            </Button>
          </Group>
          <Progress value={percent} animated={percent === 100} mt="xs" aria-label={t('upload.progress', { language: label })} />
        </>
      ) : (
        <Group gap="sm">
          <FileButton accept="audio/*,video/*,.mp3,.wav,.m4a,.ogg,.opus,.flac,.wma,.aac" onChange={(file) => file && void send(file)}>
            {(props) => (
              <Button {...props} variant={has ? 'default' : 'light'} leftSection={<Icon name="upload" size={18} />}>
                {t(has ? 'upload.replace' : 'upload.choose', { language: label })}
              </Button>
            )}
          </FileButton>
          <Text size="sm" c="dimmed">
            {t('upload.hint', { most: bytesIn(i18n.language, limits.file) })}
          </Text>
        </Group>
      )}
      {stand.at === 'refused' && (
        <Text role="alert" c="var(--loa-warn-on-soft)" mt="xs">
          {t(`upload.${stand.word}`, { name: stand.file.name, size: bytesIn(i18n.language, stand.file.size), most: bytesIn(i18n.language, limits.file) })}
        </Text>
      )}
      {stand.at === 'failed' && (
        <>
          <ProblemNote error={stand.error} />
          <Button mt="xs" variant="default" onClick={() => void send(stand.file)}>
            {t('upload.again', { name: stand.file.name })}
          </Button>
        </>
      )}
    </div>
  );
}

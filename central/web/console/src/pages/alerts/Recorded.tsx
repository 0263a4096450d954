import { Button, FileButton, Group, Progress, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { upload, type Schema } from '@/api/client';
import { Icon } from '@/app/icons';
import { ProblemNote } from '@/app/ProblemNote';
import type { Said } from './wish';

/** Recorded is a recording that boards play in place of the built-in sentence:
 * spoken now (a phone offers its recorder), or a file. */
export function Recorded({ said, onChange }: { said: Said; onChange: (audio: Said['audio']) => void }) {
  const { t } = useTranslation(['alerts', 'common']);
  const [part, setPart] = useState<number>();
  const [error, setError] = useState<unknown>();
  const ending = useRef<AbortController>(undefined);
  useEffect(() => () => ending.current?.abort(), []);

  const send = async (file: File | null) => {
    if (!file) return;
    setError(undefined);
    setPart(0);
    const end = new AbortController();
    ending.current = end;
    try {
      const audio = await upload<Schema<'Audio'>>('/audio', { query: { name: file.name }, file, onProgress: setPart, signal: end.signal });
      onChange({ sha256: audio.sha256, seconds: audio.seconds, name: file.name });
    } catch (e) {
      if (!end.signal.aborted) setError(e);
    } finally {
      setPart(undefined);
    }
  };

  if (said.audio) {
    return (
      <Group gap="xs" justify="space-between">
        <Text size="sm">
          <Icon name="sound" size={16} /> {said.audio.name ? t('recorded.has', { name: said.audio.name, seconds: Math.round(said.audio.seconds) }) : t('recorded.kept')}
        </Text>
        <Button variant="default" onClick={() => onChange(undefined)}>
          {t('recorded.drop')}
        </Button>
      </Group>
    );
  }
  return (
    <>
      <Group gap="xs">
        <FileButton onChange={(f) => void send(f)} accept="audio/*" capture="user">
          {(props) => (
            <Button {...props} variant="default" leftSection={<Icon name="sound" size={18} />} loading={part !== undefined}>
              {t('recorded.add')}
            </Button>
          )}
        </FileButton>
        {part !== undefined && (
          <Button variant="subtle" onClick={() => ending.current?.abort()}>
            {t('common:cancel')}
          </Button>
        )}
      </Group>
      {part !== undefined && <Progress value={part * 100} aria-label={t('recorded.progress')} />}
      <ProblemNote error={error} />
    </>
  );
}

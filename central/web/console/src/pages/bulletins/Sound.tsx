import { ActionIcon, Group, Loader, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type WaveSurfer from 'wavesurfer.js';
import { api } from '@/api/client';
import { Icon } from '@/app/icons';
import { ProblemNote } from '@/app/ProblemNote';
import { lengthIn } from '@/fleet/length';
import classes from './bulletins.module.css';

/** Sound is one station file: to hear, and to see. */
export function Sound({ hash, label }: { hash: string; label: string }) {
  const { t, i18n } = useTranslation('bulletins');
  const place = useRef<HTMLDivElement>(null);
  const [wave, setWave] = useState<WaveSurfer>();
  const [playing, setPlaying] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const { data } = useQuery({ queryKey: ['audio', hash], queryFn: ({ signal }) => api.get('/audio/{sha256}', { path: { sha256: hash }, signal }), staleTime: Infinity });

  useEffect(() => {
    let made: WaveSurfer | undefined;
    let over = false;
    const make = async () => {
      const { drawWave } = await import('./wave');
      if (over || !place.current) return;
      made = drawWave(place.current, `/api/v1/audio/${hash}/file`);
      made.on('ready', () => setWave(made));
      made.on('play', () => setPlaying(true));
      made.on('pause', () => setPlaying(false));
      made.on('finish', () => setPlaying(false));
      made.on('error', setFailed);
    };
    make().catch(setFailed);
    return () => {
      over = true;
      made?.destroy();
      setWave(undefined);
      setPlaying(false);
    };
  }, [hash]);

  return (
    <>
      <Group wrap="nowrap" gap="sm">
        <ActionIcon variant="light" disabled={!wave} aria-label={t(playing ? 'pause' : 'play', { name: label })} onClick={() => void wave?.playPause()}>
          {wave ?? failed ? <Icon name={playing ? 'pause' : 'play'} /> : <Loader size="xs" aria-hidden="true" />}
        </ActionIcon>
        <div ref={place} className={classes.wave} aria-hidden="true" />
      </Group>
      {failed ? <ProblemNote error={failed} /> : null}
      {data && (
        <Text size="sm" c="dimmed">
          {t('file', { name: data.name, length: lengthIn(i18n.language, Math.round(data.seconds)) })}
        </Text>
      )}
    </>
  );
}

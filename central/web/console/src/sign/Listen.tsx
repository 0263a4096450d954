import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Audio } from './documents';
import { soundQuery } from './sound';
import classes from './reading.module.css';

/** Listen lets a person hear what an order names, and nothing else. */
export function Listen({ is, label }: { is: Audio; label: string }) {
  const { t } = useTranslation(['sign', 'common']);
  const { data, isPending, isFetching, refetch } = useQuery(soundQuery(is));
  if (data) return <Player file={data} label={label} />;
  if (data === null) {
    return (
      <Alert color="grain" role="alert" title={t('listen.differs.title')}>
        {t('listen.differs.text')}
      </Alert>
    );
  }
  if (isPending && isFetching) {
    return (
      <Group gap="xs" role="status">
        <Loader size="xs" />
        <Text size="sm">{t('listen.fetching')}</Text>
      </Group>
    );
  }
  return (
    <Alert color="grain" role="alert" title={t('listen.absent.title')}>
      <Stack gap="xs" align="flex-start">
        <Text>{t('listen.absent.text')}</Text>
        <Button variant="default" loading={isFetching} onClick={() => void refetch()}>
          {t('common:retry')}
        </Button>
      </Stack>
    </Alert>
  );
}

function Player({ file, label }: { file: Blob; label: string }) {
  const { t } = useTranslation('sign');
  const player = useRef<HTMLAudioElement>(null);
  const [mute, setMute] = useState(false);
  useEffect(() => {
    const url = URL.createObjectURL(file);
    if (player.current) player.current.src = url;
    return () => URL.revokeObjectURL(url);
  }, [file]);
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/media-has-caption -- where there is text, it stands beside */}
      <audio ref={player} controls preload="metadata" className={classes.player} aria-label={t('listen.player', { language: label })} onError={() => setMute(true)} />
      <Text size="sm" c="dimmed">
        {mute ? t('listen.unplayable') : t('listen.same')}
      </Text>
    </>
  );
}

import { Paper, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import classes from './cluster.module.css';

/** Boards are those that a cluster has and had, the newest first. */
export function Boards({ cluster }: { cluster: string }) {
  const { t } = useTranslation('clusters');
  const when = useWhen();
  const { data, error, refetch } = useQuery({
    queryKey: ['clusters', cluster, 'boards'],
    queryFn: ({ signal }) => api.get('/clusters/{id}/boards', { path: { id: cluster }, signal }),
  });
  return (
    <Paper component="section" aria-labelledby="boards">
      <Title order={2} id="boards" mb="sm">
        {t('one.boards.title')}
      </Title>
      <ProblemNote error={error} onRetry={() => void refetch()} />
      {data?.length === 0 && <Text>{t('one.boards.none')}</Text>}
      <ul className={classes.boards}>
        {[...(data ?? [])].reverse().map((b) => (
          <li key={b.id}>
            <code>{b.id.slice(0, 12)}</code>
            <span data-revoked={b.revoked ? true : undefined}>{b.revoked ? t('one.boards.revoked', { when: when.day(b.revoked) }) : t('one.boards.inService')}</span>
            <span className={classes.quiet}>{t('one.boards.since', { when: when.moment(b.enrolled) })}</span>
          </li>
        ))}
      </ul>
    </Paper>
  );
}

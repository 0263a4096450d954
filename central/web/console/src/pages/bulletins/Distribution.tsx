import { Accordion, Paper, Progress, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { usePlaces } from '@/fleet/places';

/** Distribution is how many clusters have a bulletin's approval already, and
 * which ones have not. */
export function Distribution({ id }: { id: string }) {
  const { t } = useTranslation(['bulletins', 'common', 'words']);
  const { where } = usePlaces();
  const { data, error, refetch } = useQuery({
    queryKey: ['bulletins', 'distribution', id],
    queryFn: ({ signal }) => api.get('/bulletins/{id}/distribution', { path: { id }, signal }),
    refetchInterval: (q) => (q.state.data && q.state.data.waiting > 0 ? 5000 : false),
  });
  if (error && !data) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const late = data.clusters.filter((c) => c.handling !== 'accepted');
  const part = data.targets === 0 ? 0 : Math.round((100 * data.accepted) / data.targets);
  return (
    <Paper component="section" aria-labelledby="distribution">
      <Stack gap="xs">
        <Title order={2} id="distribution">
          {t('distribution.title')}
        </Title>
        <Progress value={part} size="lg" aria-label={t('distribution.title')} />
        <Text>{t('distribution.counts', { accepted: data.accepted, targets: data.targets })}</Text>
        {late.length > 0 && (
          <Accordion variant="contained">
            <Accordion.Item value="late">
              <Accordion.Control>{t('distribution.late', { count: late.length })}</Accordion.Control>
              <Accordion.Panel>
                <ul>
                  {late.slice(0, 200).map((c) => (
                    <li key={c.id}>
                      <Link to={`/clusters/${c.id}`}>{c.name}</Link> – {where(c.area)}: {t(`distribution.handling.${c.handling}`)}
                      {c.reason && ` (${t(`words:reason.${c.reason as 'unknown'}`, { defaultValue: c.reason })})`}
                    </li>
                  ))}
                </ul>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        )}
      </Stack>
    </Paper>
  );
}

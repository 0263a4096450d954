import { Button, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { serverNow } from '@/api/clock';
import { useMe } from '@/api/me';
import { unanswered } from '@/api/problem';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { useState } from 'react';
import classes from './alerts.module.css';
import { fateOf, given, useUnresolved, type Fate, type Given } from './given';
import { patience, useGive } from './useGive';
import { useAlertWords } from './words';

/** Asked again so often while it is not known, ms. */
const again = 3_000;

/** After so many tries the person may go on all the same: a server that cannot
 * tell must not keep anybody from warning people. */
const patienceEnds = 5;

/** A request may be under way at the server for so long, ms. To drop an order
 * before that could have it sound beside the next one. */
const underWay = 120_000;

type Standing = Fate | 'asking' | 'unknown' | 'gone';

function useStanding(g: Given) {
  const me = useMe();
  const { data, error, fetchStatus, errorUpdateCount } = useQuery({
    queryKey: ['orders', g.hash, 'given'],
    queryFn: ({ signal }) => api.get('/orders/{hash}', { path: { hash: g.hash }, signal, patience }),
    retry: false,
    staleTime: 0,
    // A slow server may still be sealing what it does not show yet.
    refetchInterval: (q) => (q.state.data && !q.state.error && fateOf(q.state.data, me.id) !== 'absent' ? false : again),
  });
  const standing: Standing = error ? (unanswered(error) ? 'unknown' : 'gone') : data ? fateOf(data, me.id) : 'asking';
  return { standing, draft: data?.draft, asking: fetchStatus === 'fetching', tries: errorUpdateCount };
}

/**
 * Unresolved says of every order that was given, and of which the answer did
 * not come, how it stands: it asks by the order's own hash until it knows. Where
 * the server never got it, the very same order is signed again, and no other.
 */
export function Unresolved() {
  const me = useMe();
  const list = useUnresolved(me.id);
  if (list.length === 0) return null;
  return (
    <Stack gap="sm" mb="md">
      {list.map((g) => (
        <One key={g.hash} given={g} />
      ))}
    </Stack>
  );
}

function One({ given: g }: { given: Given }) {
  const { t } = useTranslation(['alerts', 'words', 'common']);
  const me = useMe();
  const words = useAlertWords();
  const when = useWhen();
  const client = useQueryClient();
  const { give, step } = useGive();
  const { standing, draft, tries, asking } = useStanding(g);
  const [error, setError] = useState<unknown>();
  const forget = () => given.settled(me.id, g.hash);
  const what = t(`unresolved.what.${g.kind}`, { hazard: words.hazard(g.hazard ?? 'other'), place: words.place(g.audience) });
  const sign = async () => {
    if (!draft) return;
    const outcome = await give(() => Promise.resolve(draft), g);
    setError(outcome.state === 'notSent' ? outcome.error : undefined);
    await client.invalidateQueries({ queryKey: ['orders', g.hash] });
  };
  const to = g.alert ? `/alerts/${g.mode}/${g.alert}` : undefined;
  return (
    <Paper className={classes.unresolved} data-standing={standing} role={standing === 'asking' ? undefined : 'alert'} data-testid="unresolved">
      <Stack gap="xs">
        <Group gap="xs" wrap="nowrap" align="flex-start">
          {(standing === 'unknown' || standing === 'asking') && <Loader size="sm" color="currentColor" mt={3} aria-hidden="true" />}
          <Title order={2} size="h3">
            {t(`unresolved.${standing}.title`)}
          </Title>
        </Group>
        <Text fw={600}>
          {g.mode === 'drill' && `${t('words:mode.drill')}: `}
          {what} · {when.second(g.at)}
        </Text>
        <Text>{t(`unresolved.${standing}.text`)}</Text>
        {standing === 'unknown' && (
          <Text size="sm" aria-live="off">
            {asking ? t('unresolved.tryingNow', { count: tries + 1 }) : t('unresolved.tries', { count: tries })}
          </Text>
        )}
        <ProblemNote error={error} />
        <Group gap="xs">
          {standing === 'absent' && (
            <Button size="lg" color={g.mode === 'drill' ? 'drill' : 'emergency'} loading={step !== 'idle'} onClick={() => void sign()}>
              {t(`unresolved.again.${g.kind}`)}
            </Button>
          )}
          {(standing === 'arrived' || standing === 'gathering') && to && (
            <Button size="lg" variant="default" component={Link} to={to} onClick={forget}>
              {t('unresolved.open')}
            </Button>
          )}
          {standing === 'unknown' && tries >= patienceEnds && (
            <Button size="lg" variant="default" onClick={forget}>
              {t('unresolved.anyway')}
            </Button>
          )}
          {standing !== 'unknown' && standing !== 'asking' && (standing !== 'absent' || serverNow() - g.at > underWay) && (
            <Button size="lg" variant="subtle" onClick={forget}>
              {standing === 'absent' ? t('unresolved.drop') : t('common:close')}
            </Button>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

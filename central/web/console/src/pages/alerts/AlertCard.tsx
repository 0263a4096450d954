import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schema } from '@/api/client';
import { useServerNow } from '@/api/hooks';
import { useMe } from '@/api/me';
import { useWhen } from '@/app/when';
import classes from './alerts.module.css';
import { Band, LevelChip } from './Band';
import { CancelButton, SecondSignature } from './Actions';
import { CountBar, useCountWords } from './Counts';
import { HazardIcon } from './HazardIcon';
import { useAlertWords } from './words';

type Alert = Schema<'Alert'>;

/** AlertCard is an alert where several are listed. What is running can be
 * cancelled right here. */
function AlertCard({ alert: a, level, brief }: { alert: Alert; level: 2 | 3; brief: boolean }) {
  const { t } = useTranslation('alerts');
  const me = useMe();
  const words = useAlertWords();
  const when = useWhen();
  const now = useServerNow(10_000);
  const counted = useCountWords();
  const to = `/alerts/${a.mode}/${a.id}`;
  const running = a.state === 'active' || a.state === 'gathering';
  return (
    <Paper component="article" p={0} className={classes.card} data-mode={a.mode} data-running={running || undefined}>
      {running ? (
        <Band mode={a.mode} silent={a.state === 'gathering'}>
          {t(`state.${a.state}`)}
        </Band>
      ) : (
        <p className={classes.past} data-mode={a.mode}>
          <strong>{t(`band.${a.mode}`)}</strong> · {stateWords(t, a)}
        </p>
      )}
      <Stack gap="xs" p="md">
        <Group gap="sm" wrap="nowrap" align="flex-start">
          <HazardIcon hazard={a.hazard} />
          <div>
            <Title order={level} size="h3">
              <Link to={to} className={classes.open}>
                {words.hazard(a.hazard)}
              </Link>{' '}
              <LevelChip level={a.level ?? 0} />
            </Title>
            <Text>{words.line(a.audience)}</Text>
            <Text size="sm" c="dimmed">
              {a.raised ? `${when.moment(a.raised)} · ${when.ago(a.raised, now)}` : t('card.drafted', { name: words.name(a.names, a.by) })}
            </Text>
          </div>
        </Group>
        {a.raised && a.counts.targets > 0 && (
          <>
            <CountBar counts={a.counts} />
            <Text size="sm">
              {t('card.of', { count: a.counts.targets })} {counted(a.counts)}
            </Text>
          </>
        )}
        {a.raised && a.counts.targets === 0 && <Text size="sm">{t('card.nobody')}</Text>}
        {a.state === 'gathering' && <SecondSignature alert={a} me={me.id} />}
        {a.state === 'active' && (
          <Group gap="sm" grow preventGrowOverflow={false}>
            <CancelButton alert={a} />
            {!brief && (
              <Button component={Link} to={to} variant="default" size="lg">
                {t('card.follow')}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

/** Cards are several alerts beside and below each other; brief ones leave room
 * for what stands below. */
export function Cards({ alerts, level = 2, brief = false }: { alerts: Alert[]; level?: 2 | 3; brief?: boolean }) {
  if (alerts.length === 0) return null;
  return (
    <div className={classes.cards}>
      {alerts.map((a) => (
        <AlertCard key={`${a.mode} ${a.id}`} alert={a} level={level} brief={brief} />
      ))}
    </div>
  );
}

/** stateWords is how what is past ended. */
export function stateWords(t: ReturnType<typeof useTranslation<'alerts'>>['t'], a: Alert): string {
  return !a.raised && a.state === 'ended' ? t('state.never') : t(`state.${a.state}`);
}

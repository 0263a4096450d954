import { Anchor, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useServerNow } from '@/api/hooks';
import { Icon, type IconName } from '@/app/icons';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { usePlaces } from '@/fleet/places';
import { alarmsQuery, briefsQuery } from '@/fleet/queries';
import { count } from '@/fleet/stand';
import { codeOf, useFates, type Silence } from '@/fleet/words';
import { StateLinks } from '@/pages/clusters/StateChips';
import { groupsOf, type Alarm, type Group } from './alarms';
import { communesOf, type Commune } from './communes';
import classes from './technician.module.css';

/** How many alarms are shown at first. */
const newest = 12;

/** Technician is the home of who keeps clusters alive: how many are how, what
 * went wrong last, and where. */
export default function Technician() {
  const { t } = useTranslation(['clusters', 'common']);
  const { areas } = usePlaces();
  const briefs = useQuery(briefsQuery());
  const alarms = useQuery(alarmsQuery());
  const clusters = briefs.data?.clusters;
  const counts = useMemo(() => count(clusters ?? []), [clusters]);
  const communes = useMemo(() => communesOf(clusters ?? [], areas), [clusters, areas]);
  const groups = useMemo(() => groupsOf(alarms.data ?? [], areas), [alarms.data, areas]);
  const shown = groups.slice(0, newest);
  const rest = groups.slice(newest).reduce((sum, g) => sum + g.alarms.length, 0);
  const error = briefs.error ?? alarms.error;
  return (
    <div className={classes.page}>
      <Stack className={classes.whole} gap="sm">
        <Title order={1}>{t('home.title')}</Title>
        <ProblemNote error={error} onRetry={() => void Promise.all([briefs.refetch(), alarms.refetch()])} />
        {clusters ? <StateLinks counts={counts} label={t('home.states')} /> : !error && <Loading />}
      </Stack>
      {alarms.data && clusters && (
        <Stack component="section" gap="sm" aria-labelledby="newest">
          <Title order={2} id="newest">
            {t('home.newest')}
          </Title>
          {alarms.data.length === 0 && <Text>{t('home.calm')}</Text>}
          <ul className={classes.newest} hidden={alarms.data.length === 0}>
            {shown.map((g) => (
              <li key={g.alarms.map((a) => `${a.cluster} ${a.code} ${a.params.part ?? ''}`)[0]}>
                <Line group={g} />
              </li>
            ))}
          </ul>
          {alarms.data.length > 0 && (
            <Text>
              {rest > 0 && `${t('home.rest', { count: rest })}. `}
              <Anchor component={Link} to="/clusters?state=silent&view=list" underline="always">
                {t('home.all')}
              </Anchor>
            </Text>
          )}
        </Stack>
      )}
      {clusters && communes.length > 0 && (
        <Stack component="section" gap="sm" aria-labelledby="communes">
          <Title order={2} id="communes">
            {t('home.communes')}
          </Title>
          <ul className={classes.grid}>
            {communes.map((c) => (
              <li key={c.code}>
                <Cell commune={c} />
              </li>
            ))}
          </ul>
        </Stack>
      )}
    </div>
  );
}

const icons: Record<Silence['code'], IconName> = {
  'never-enrolled': 'more',
  'never-seen': 'plug',
  offline: 'plug',
  'relay-fault': 'silent',
  'sound-fault': 'silent',
  'store-fault': 'wrench',
  'clock-untrusted': 'clock',
  'mains-unfit': 'plug',
  'no-plan': 'programmes',
  'last-silent': 'silent',
  'test-silent': 'silent',
  'other-fault': 'wrench',
};

/** Line leads to the cluster, or to those of a commune that went together. */
function Line({ group: { commune, alarms } }: { group: Group }) {
  const { t } = useTranslation('clusters');
  const fates = useFates();
  const when = useWhen();
  const now = useServerNow(15_000);
  const { place, where } = usePlaces();
  const [a] = alarms;
  if (!a) return null;
  const several = alarms.length > 1;
  return (
    <Link to={several ? `/clusters?area=${encodeURIComponent(commune)}&state=${isDown(a) ? 'silent' : 'faults'}&view=list` : `/clusters/${encodeURIComponent(a.cluster)}`} className={classes.alarm}>
      <span className={classes.icon}>
        <Icon name={icons[codeOf(a.code)]} size={20} />
      </span>
      <span className={classes.cause}>{fates.short(a)}</span>
      <span className={classes.name}>{several ? t('home.several', { count: alarms.length, place: place(commune) }) : `${a.name} · ${where(a.area)}`}</span>
      <span className={classes.ago}>{a.since ? when.ago(a.since, now) : t('home.ever')}</span>
    </Link>
  );
}

function isDown(a: Alarm): boolean {
  return !['other-fault', 'store-fault'].includes(a.code);
}

function Cell({ commune: c }: { commune: Commune }) {
  const { t } = useTranslation('clusters');
  const { place } = usePlaces();
  return (
    <Link
      to={`/clusters?area=${encodeURIComponent(c.code)}`}
      className={classes.commune}
      data-silent={c.ok < c.count || undefined}
      aria-label={t('home.commune', { name: place(c.code), ok: c.ok, count: c.count })}
    >
      <span className={classes.communeName}>{place(c.code)}</span>
      <span className={classes.of}>{t('home.of', { ok: c.ok, count: c.count })}</span>
      <span className={classes.bars} aria-hidden="true">
        {c.stands.map((s, i) => (
          <i key={i} data-stand={s} />
        ))}
      </span>
    </Link>
  );
}

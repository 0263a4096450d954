import { Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useAreas } from '@/api/areas';
import { api } from '@/api/client';
import { serverNow } from '@/api/clock';
import { useServerNow } from '@/api/hooks';
import { useMe } from '@/api/me';
import { ProblemNote } from '@/app/ProblemNote';
import { dayOf, useWhen } from '@/app/when';
import { alertOf, programmeOf } from '@/fleet/detail';
import { usePlaces } from '@/fleet/places';
import { briefsQuery } from '@/fleet/queries';
import { standOf, type Brief } from '@/fleet/stand';
import { StandMark } from '@/fleet/StandMark';
import { useFates } from '@/fleet/words';
import { StopButton } from '@/pages/alerts/Actions';
import { Cards } from '@/pages/alerts/AlertCard';
import { RaiseButtons } from '@/pages/alerts/RaiseButtons';
import { Unresolved } from '@/pages/alerts/Unresolved';
import { useAhead } from '@/pages/alerts/useAhead';
import { sorted, useRunning } from '@/pages/alerts/useAlerts';
import classes from './home.module.css';
import { KeyNotice } from './KeyNotice';
import { dayAt, soundingIn, type Occurrence, type Sounding } from './programmes';

/** Officer is the home of whoever runs a commune's station: what is running and
 * how it is ended, how an alert is raised, and how the commune is now. */
export default function Officer() {
  const { t } = useTranslation('home');
  const me = useMe();
  const { place } = usePlaces();
  const running = useRunning();
  useAhead();
  const { active, gathering } = sorted(running.data ?? []);
  const mine = gathering.filter((a) => a.signers?.some((p) => p.id === me.id));
  const first = [...mine, ...active].filter((a) => a.mode === 'live');
  const communes = [...new Set(me.roles.filter((r) => r.name === 'officer').map((r) => r.area))];
  return (
    <Stack gap="md">
      <Title order={1}>{communes.length === 1 ? place(communes[0] ?? '') : t('title')}</Title>
      <Unresolved />
      <ProblemNote error={running.error} onRetry={() => void running.refetch()} />
      <Cards alerts={first} brief />
      <RaiseButtons />
      <KeyNotice />
      {/* Neither a drill nor what waits for others pushes that button out of sight. */}
      <Cards alerts={[...mine, ...active, ...gathering].filter((a, i, all) => !first.includes(a) && all.indexOf(a) === i)} brief />
      {communes.map((code) => (
        <Commune key={code} code={code} named={communes.length > 1} />
      ))}
    </Stack>
  );
}

function Commune({ code, named }: { code: string; named: boolean }) {
  const { t } = useTranslation('home');
  const { place } = usePlaces();
  const areas = useAreas();
  const now = useServerNow(10_000);
  const briefs = useQuery(briefsQuery(code));
  const today = dayOf(now);
  const schedule = useQuery({
    queryKey: ['schedule', code, today, 2],
    queryFn: ({ signal }) => api.get('/schedule', { query: { area: code, from: dayOf(serverNow()), days: 2 }, signal }),
  });
  const all = (briefs.data?.clusters ?? []).filter((b) => areas.path(b.area).includes(code));
  const ill = all.filter((b) => !['ready', 'onAir'].includes(standOf(b)));
  const sounding = soundingIn(all);
  const occurrences = schedule.data?.occurrences ?? [];
  const { next } = dayAt(occurrences, now);
  return (
    <section className={classes.commune} aria-label={place(code)}>
      {named && <Title order={2}>{place(code)}</Title>}
      <Paper>
        <Title order={2} size="h3" mb="xs">
          {t('officer.onAir')}
        </Title>
        <ProblemNote error={briefs.error} onRetry={() => void briefs.refetch()} />
        {briefs.data && sounding.length === 0 && <Text>{t('officer.quiet')}</Text>}
        <Stack gap="xs">
          {sounding.map((s) => (
            <OnAir key={s.subject} sounding={s} occurrences={occurrences} />
          ))}
          {sounding.length > 0 && <StopButton areas={[code]} />}
        </Stack>
      </Paper>
      <Paper>
        <Title order={2} size="h3" mb="xs">
          {t('officer.next')}
        </Title>
        <ProblemNote error={schedule.error} onRetry={() => void schedule.refetch()} />
        {schedule.data && next.length === 0 && <Text>{t('officer.nothingNext')}</Text>}
        <Occurrences all={next.slice(0, 4)} now={now} />
      </Paper>
      <Paper>
        <Title order={2} size="h3" mb="xs">
          {t('officer.clusters', { ready: all.length - ill.length, count: all.length })}
        </Title>
        {briefs.data && ill.length === 0 && <Text>{t('officer.allReady')}</Text>}
        <ul className={classes.list}>
          {ill.map((b) => (
            <Ill key={b.id} brief={b} now={now} />
          ))}
        </ul>
      </Paper>
    </section>
  );
}

function OnAir({ sounding: s, occurrences }: { sounding: Sounding; occurrences: Occurrence[] }) {
  const { t } = useTranslation(['home', 'words']);
  const alert = alertOf(s.subject);
  const title = alert ? t(`officer.alert.${alert.mode}`) : (occurrences.find((o) => o.occurrence === s.subject || o.programme === programmeOf(s.subject))?.title ?? t('officer.other'));
  return (
    <div className={classes.row}>
      {alert ? <Link to={`/alerts/${alert.mode}/${alert.id}`}>{title}</Link> : <strong>{title}</strong>}
      <span>{t('officer.onClusters', { count: s.clusters })}</span>
    </div>
  );
}

export function Occurrences({ all, now, where = false }: { all: Occurrence[]; now: number; where?: boolean }) {
  const { t } = useTranslation('words');
  const when = useWhen();
  const { place } = usePlaces();
  const today = dayOf(now);
  return (
    <ul className={classes.list}>
      {all.map((o) => (
        <li key={o.occurrence + o.area} className={classes.occurrence} data-over={Date.parse(o.end) <= now || undefined} data-now={(Date.parse(o.start) <= now && now < Date.parse(o.end)) || undefined}>
          <time dateTime={o.start}>
            {when.clock(o.start)}
            {dayOf(o.start) !== today && <small>{when.weekday(o.start)}</small>}
          </time>
          <span>
            <Link to={`/programmes?programme=${encodeURIComponent(o.programme)}`}>{o.title}</Link>
            <small>
              {[where && place(o.area), o.class === 'priority' && t('class.priority'), Date.parse(o.start) > now && when.ago(o.start, now)].filter(Boolean).join(' · ')}
            </small>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Ill({ brief: b, now }: { brief: Brief; now: number }) {
  const { t } = useTranslation('home');
  const fates = useFates();
  const when = useWhen();
  const cause = b.silence ? fates.short(b.silence) : b.faults.map((f) => fates.part(f.part)).join(', ');
  const why = [cause !== fates.stand(b) && cause, b.silence?.since && t('officer.since', { ago: when.ago(b.silence.since, now) })].filter(Boolean).join(' · ');
  return (
    <li className={classes.row}>
      <Link to={`/clusters/${b.id}`}>{b.name}</Link>
      <StandMark brief={b} />
      {why && <small>{why}</small>}
    </li>
  );
}

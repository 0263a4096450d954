import { Button, Group, Paper, Progress, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useAreas } from '@/api/areas';
import { api, type Schema } from '@/api/client';
import { useServerNow } from '@/api/hooks';
import { areasFor, may, useMe } from '@/api/me';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { dayOf, useWhen } from '@/app/when';
import { Cards } from '@/pages/alerts/AlertCard';
import { RaiseButtons } from '@/pages/alerts/RaiseButtons';
import { Unresolved } from '@/pages/alerts/Unresolved';
import { sorted, useRunning } from '@/pages/alerts/useAlerts';
import classes from './home.module.css';
import { KeyNotice } from './KeyNotice';
import { Occurrences } from './Officer';
import { dayAt } from './programmes';

type Bulletin = Schema<'Bulletin'>;

/** Broadcaster is the home of whoever makes the province's programmes: what is
 * on today, what waits for them, and whether the newest bulletins have arrived. */
export default function Broadcaster() {
  const { t } = useTranslation('home');
  const me = useMe();
  const when = useWhen();
  const now = useServerNow(30_000);
  const running = useRunning();
  const { active, gathering } = sorted(running.data ?? []);
  const waitsForMe = gathering.filter((a) => a.signers?.some((p) => p.id === me.id));
  const others = gathering.filter((a) => !waitsForMe.includes(a));
  return (
    <Stack gap="md">
      <Title order={1}>{t('broadcaster.title', { day: when.weekday(now) })}</Title>
      <Unresolved />
      <ProblemNote error={running.error} onRetry={() => void running.refetch()} />
      <Cards alerts={[...waitsForMe, ...active, ...others]} />
      <KeyNotice />
      <div className={classes.columns}>
        <Stack gap="md">
          {areasFor(me, 'read-content').map((code) => (
            <Today key={code} code={code} now={now} />
          ))}
        </Stack>
        <Stack gap="md">
          <Approvals />
          <Signatures />
          <Distributions />
          {areasFor(me, 'raise-alerts').length > 0 && <RaiseButtons />}
        </Stack>
      </div>
    </Stack>
  );
}

/** How many programmes to come are listed; the rest is on their own page. */
const listed = 14;

function Today({ code, now }: { code: string; now: number }) {
  const { t } = useTranslation(['home', 'common']);
  const areas = useAreas();
  const today = dayOf(now);
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['schedule', code, today, 1],
    queryFn: ({ signal }) => api.get('/schedule', { query: { area: code, from: today, days: 1 }, signal }),
  });
  const day = dayAt(data?.occurrences ?? [], now);
  const coming = [...day.now, ...day.next];
  return (
    <Paper component="section" aria-label={t('broadcaster.today', { area: areas.name(code) })}>
      <Title order={2} size="h3" mb="xs">
        {t('broadcaster.today', { area: areas.name(code) })}
      </Title>
      <ProblemNote error={error} onRetry={() => void refetch()} />
      {isPending && <Loading />}
      {data && <Text c="dimmed">{t('broadcaster.count', { over: day.over.length, on: day.now.length, count: day.next.length })}</Text>}
      <Occurrences all={coming.slice(0, listed)} now={now} where />
      <Group mt="sm">
        <Button component={Link} to="/programmes" variant="default">
          {coming.length > listed ? t('broadcaster.more', { count: coming.length - listed }) : t('broadcaster.week')}
        </Button>
      </Group>
    </Paper>
  );
}

function useBulletins(state: 'draft' | 'approved', limit: number) {
  return useQuery({ queryKey: ['bulletins', 'home', state, limit], queryFn: ({ signal }) => api.get('/bulletins', { query: { state, limit }, signal }) });
}

/** Approvals are drafts that the person may approve and that have something to
 * be heard. */
function Approvals() {
  const { t } = useTranslation(['home', 'words']);
  const me = useMe();
  const areas = useAreas();
  const { data, error, refetch } = useBulletins('draft', 50);
  const waiting = (data ?? []).filter((b) => Object.keys(b.audio ?? {}).length > 0 && b.areas.every((code) => may(me, 'approve-bulletins', areas.path(code))));
  return (
    <Paper component="section" aria-label={t('broadcaster.approvals')}>
      <Title order={2} size="h3" mb="xs">
        {t('broadcaster.approvals')} {data && `(${String(waiting.length)})`}
      </Title>
      <ProblemNote error={error} onRetry={() => void refetch()} />
      {data && waiting.length === 0 && <Text c="dimmed">{t('broadcaster.noApprovals')}</Text>}
      <ul className={classes.list}>
        {waiting.slice(0, 6).map((b) => (
          <li key={b.id} className={classes.row}>
            <Link to={`/bulletins/${encodeURIComponent(b.id ?? '')}`}>{b.title}</Link>
            <span>{t(`words:class.${b.class}`)}</span>
          </li>
        ))}
      </ul>
      {waiting.length > 6 && (
        <Button component={Link} to="/bulletins?state=draft" variant="subtle">
          {t('broadcaster.all', { count: waiting.length })}
        </Button>
      )}
    </Paper>
  );
}

/** Signatures are orders that somebody signed, that want another person, and
 * that are no alerts: those stand on top. */
function Signatures() {
  const { t } = useTranslation(['home', 'words']);
  const me = useMe();
  const { data } = useQuery({ queryKey: ['orders', 'gathering'], queryFn: ({ signal }) => api.get('/orders', { query: { state: 'gathering', limit: 100 }, signal }) });
  const drafts = useBulletins('draft', 50).data;
  const waiting = (data ?? []).filter((o) => o.kind === 'bulletin' && o.persons.length > 0 && !o.persons.includes(me.id));
  if (waiting.length === 0) return null;
  return (
    <Paper component="section" aria-label={t('broadcaster.signatures')}>
      <Title order={2} size="h3" mb="xs">
        {t('broadcaster.signatures')} {`(${String(waiting.length)})`}
      </Title>
      <ul className={classes.list}>
        {waiting.map((o) => {
          const id = o.subject.replace(/^bulletin\//, '');
          return (
            <li key={o.hash} className={classes.row}>
              <Link to={`/bulletins/${encodeURIComponent(id)}`}>{drafts?.find((b) => b.id === id)?.title ?? id}</Link>
              <span>{t(`words:kind.${o.kind as 'bulletin'}`)}</span>
            </li>
          );
        })}
      </ul>
    </Paper>
  );
}

function Distributions() {
  const { t } = useTranslation('home');
  const { data, error, refetch } = useBulletins('approved', 5);
  return (
    <Paper component="section" aria-label={t('broadcaster.distribution')}>
      <Title order={2} size="h3" mb="xs">
        {t('broadcaster.distribution')}
      </Title>
      <ProblemNote error={error} onRetry={() => void refetch()} />
      {data?.length === 0 && <Text c="dimmed">{t('broadcaster.noBulletins')}</Text>}
      <ul className={classes.list}>{data?.map((b) => <Distribution key={b.id} bulletin={b} />)}</ul>
    </Paper>
  );
}

function Distribution({ bulletin: b }: { bulletin: Bulletin }) {
  const { t } = useTranslation('home');
  const id = b.id ?? '';
  const { data } = useQuery({
    queryKey: ['bulletins', id, 'distribution'],
    queryFn: ({ signal }) => api.get('/bulletins/{id}/distribution', { path: { id }, signal }),
    refetchInterval: (q) => ((q.state.data?.waiting ?? 0) > 0 ? 15_000 : false),
  });
  const part = (n: number) => (data && data.targets > 0 ? (100 * n) / data.targets : 0);
  return (
    <li className={classes.row}>
      <Link to={`/bulletins/${encodeURIComponent(id)}`}>{b.title}</Link>
      {data && (
        <>
          <span>{t('broadcaster.arrived', { arrived: data.accepted, count: data.targets })}</span>
          <Progress.Root size="md" className={classes.wide} aria-hidden="true">
            <Progress.Section value={part(data.accepted)} color="var(--loa-ok)" />
            <Progress.Section value={part(data.refused)} color="var(--loa-warn)" />
          </Progress.Root>
          {data.refused + data.waiting > 0 && (
            <small>
              {[data.waiting > 0 && t('broadcaster.waiting', { count: data.waiting }), data.refused > 0 && t('broadcaster.refused', { count: data.refused })].filter(Boolean).join(' · ')}
            </small>
          )}
        </>
      )}
    </li>
  );
}

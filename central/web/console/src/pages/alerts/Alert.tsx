import { Button, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { api, type Schema } from '@/api/client';
import { useServerNow } from '@/api/hooks';
import { useMe } from '@/api/me';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { lengthIn } from '@/fleet/length';
import { CancelButton, SecondSignature, StopButton, useMayIn } from './Actions';
import { stateWords } from './AlertCard';
import classes from './alerts.module.css';
import { Band, LevelChip } from './Band';
import { Communes } from './Communes';
import { Compose } from './Compose';
import { CountBar, Figures, useCountWords } from './Counts';
import { useUnresolved } from './given';
import { phrases } from './hazards';
import { HazardIcon } from './HazardIcon';
import { Unresolved } from './Unresolved';
import { enough, patience, useGive } from './useGive';
import { alone, renewalOf, wishOf, type Mode, type Wish } from './wish';
import { useAlertWords } from './words';

type Detail = Schema<'AlertDetail'>;

export default function AlertPage() {
  const { t } = useTranslation(['alerts', 'common']);
  const { mode = '', id = '' } = useParams();
  const [params] = useSearchParams();
  const known = mode === 'live' || mode === 'drill';
  const { data, error, refetch } = useQuery({
    queryKey: ['alerts', mode, id],
    queryFn: ({ signal }) => api.get('/alerts/{mode}/{id}', { path: { mode: mode as Mode, id }, signal }),
    enabled: known,
    refetchInterval: (q) => (q.state.data && ['active', 'gathering'].includes(q.state.data.state) ? 10_000 : false),
  });
  if (!data) {
    return (
      <Stack align="flex-start">
        <Unresolved />
        <Title order={1}>{t('title')}</Title>
        {error ? <ProblemNote error={error} onRetry={() => void refetch()} /> : known ? <Loading /> : <Text>{t('detail.none')}</Text>}
        <Button component={Link} to="/alerts" variant="default">
          {t('detail.all')}
        </Button>
      </Stack>
    );
  }
  if (params.has('update') && data.state === 'active') return <Update alert={data} />;
  return (
    <>
      <Unresolved />
      <ProblemNote error={error} onRetry={() => void refetch()} />
      <Shown alert={data} />
    </>
  );
}

function Shown({ alert: a }: { alert: Detail }) {
  const { t, i18n } = useTranslation('alerts');
  const me = useMe();
  const words = useAlertWords();
  const when = useWhen();
  const now = useServerNow();
  const mayIn = useMayIn();
  const active = a.state === 'active';
  const ended = a.state === 'cancelled' || a.state === 'ended';
  return (
    <Stack gap="md" className={active ? classes.followed : classes.compose}>
      {ended ? (
        <p className={classes.past} data-mode={a.mode} data-alone>
          <strong>{t(`band.${a.mode}`)}</strong> · {stateWords(t, a)}
        </p>
      ) : (
        <Band mode={a.mode} silent={a.state === 'gathering'}>
          {t(`state.${a.state}`)}
        </Band>
      )}
      <div className={classes.what}>
        <HazardIcon hazard={a.hazard} size={40} />
        <div>
          <Title order={1}>
            {words.hazard(a.hazard)} <LevelChip level={a.level ?? 0} />
          </Title>
          <Text fw={600}>{words.line(a.audience)}</Text>
          {a.raised && (
            <Text size="sm" c="dimmed">
              {t('detail.raised', { at: when.moment(a.raised), ago: when.ago(a.raised, now) })}
            </Text>
          )}
          {active && a.until && (
            <Text size="sm" c="dimmed">
              {t('detail.until', { at: when.clock(a.until), left: lengthIn(i18n.language, minutesTo(a.until, now) * 60) })}
            </Text>
          )}
        </div>
      </div>

      {a.state === 'gathering' && (
        <Paper>
          <SecondSignature alert={a} me={me.id} />
        </Paper>
      )}

      {a.state === 'cancelled' && mayIn('raise-alerts', a.audience) && a.hazard !== 'all-clear' && <AllClear alert={a} />}

      {active && (
        <div className={classes.under}>
          <CancelButton alert={a} />
        </div>
      )}

      {a.raised && <Live alert={a} />}

      {active && (
        <Group gap="sm">
          {mayIn('raise-alerts', a.audience) && (
            <Button component={Link} to="?update" size="lg" variant="default">
              {t('detail.update')}
            </Button>
          )}
          <StopButton areas={a.audience} mode={a.mode} />
        </Group>
      )}
      <What alert={a} />
      <Button component={Link} to="/alerts" variant="subtle" style={{ alignSelf: 'flex-start' }}>
        {t('detail.all')}
      </Button>
    </Stack>
  );
}

/** Whole minutes: what counts down by seconds is not read in a hurry. */
function minutesTo(until: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(until) - now) / 60_000));
}

/** Live is what became of the alert, as far as is known now. */
function Live({ alert: a }: { alert: Detail }) {
  const { t } = useTranslation('alerts');
  const counted = useCountWords();
  if (a.counts.targets === 0) return <Paper>{t('card.nobody')}</Paper>;
  const hidden = a.counts.targets - a.communes.reduce((n, c) => n + c.counts.targets, 0);
  return (
    <section aria-label={t('detail.live')}>
      <Stack gap="sm">
        <Title order={2}>{t('detail.clusters', { count: a.counts.targets })}</Title>
        <CountBar counts={a.counts} />
        <Figures counts={a.counts} />
        {/* Said when it changes, and not with every figure. */}
        <span role="status" className="loa-unseen">
          {counted(a.counts)}
        </span>
        <Communes communes={a.communes} cancelled={a.state === 'cancelled'} />
        {hidden > 0 && (
          <Text size="sm" c="dimmed">
            {t('detail.hidden', { count: hidden })}
          </Text>
        )}
      </Stack>
    </section>
  );
}

function AllClear({ alert: a }: { alert: Detail }) {
  const { t } = useTranslation('alerts');
  const query = new URLSearchParams([['mode', a.mode], ['hazard', 'all-clear'], ...a.audience.map((c): [string, string] => ['area', c])]);
  return (
    <Paper className={classes.allClear}>
      <Stack gap="xs">
        <Title order={2} size="h3">
          {t('allClear.title')}
        </Title>
        <Text>{t('allClear.text')}</Text>
        <Button component={Link} to={`/alerts/new?${query.toString()}`} size="lg" color={a.mode === 'drill' ? 'drill' : 'ridge'}>
          {t('allClear.button')}
        </Button>
      </Stack>
    </Paper>
  );
}

/** What is in the order that was signed. */
function What({ alert: a }: { alert: Detail }) {
  const { t, i18n } = useTranslation(['alerts', 'words']);
  const words = useAlertWords();
  const siren = a.siren.blasts > 0 && a.siren.seconds > 0 ? t('siren.sentence', { count: a.siren.blasts, seconds: a.siren.seconds, gap: a.siren.gap }) : t('siren.silent');
  const phrase = a.phrase in phrases ? phrases[a.phrase as 'general'].text : a.phrase;
  return (
    <Paper>
      <Stack gap="sm">
        <Title order={2} size="h3">
          {t('detail.what')}
        </Title>
        {a.messages.map((m) => (
          <div key={m.language}>
            <Text size="sm" c="dimmed">
              {t(`words:language.${m.language as 'vi'}`, { defaultValue: m.language })}
              {m.audio && ` · ${t('detail.recorded')}`}
            </Text>
            <p className={`loa-written ${classes.text}`} lang={m.language}>
              {m.text}
            </p>
          </div>
        ))}
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <Fact label={t('siren.label')}>{siren}</Fact>
          <Fact label={t('detail.phrase')}>{phrase}</Fact>
          <Fact label={t('compose.repetitions')}>{t('detail.rounds', { count: a.repetitions, pause: lengthIn(i18n.language, a.pause) })}</Fact>
          <Fact label={t('detail.signed')}>{a.persons.length > 0 ? words.list(a.persons.map((id) => words.name(a.names, id))) : t('detail.nobodySigned')}</Fact>
          {a.sequence > 1 && <Fact label={t('detail.sequence')}>{t('detail.updated', { count: a.sequence - 1 })}</Fact>}
        </SimpleGrid>
      </Stack>
    </Paper>
  );
}

function Fact({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text>{children}</Text>
    </div>
  );
}

/** Update replaces what an alert says, for the audience that it has. */
function Update({ alert: a }: { alert: Detail }) {
  const navigate = useNavigate();
  const me = useMe();
  const { give, step } = useGive();
  const [error, setError] = useState<unknown>();
  const [wish, setWish] = useState<Wish>(() => wishOf(a));
  const blocked = useUnresolved(me.id).some((g) => g.kind === 'alert');
  const back = `/alerts/${a.mode}/${a.id}`;
  const send = async () => {
    setError(undefined);
    const outcome = await give(async () => enough(await api.post('/alerts/{mode}/{id}/update', { path: { mode: a.mode, id: a.id }, body: renewalOf(wish), patience }), me.id, alone(a.mode, a.audience, me)), {
      kind: 'alert', mode: a.mode, alert: a.id, hazard: wish.hazard, audience: a.audience,
    });
    if (outcome.state === 'sealed' || outcome.state === 'gathering') await navigate(back, { replace: true });
    if (outcome.state === 'notSent') setError(outcome.error);
  };
  return (
    <>
      <Unresolved />
      <Compose update wish={wish} onChange={setWish} onSend={() => void send()} onBack={() => void navigate(back)} busy={step !== 'idle'} error={error} blocked={blocked} />
    </>
  );
}

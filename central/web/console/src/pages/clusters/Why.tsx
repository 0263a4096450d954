import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useServerNow } from '@/api/hooks';
import { useWhen } from '@/app/when';
import { aroundOf } from '@/fleet/around';
import { usePlaces } from '@/fleet/places';
import { alarmsQuery } from '@/fleet/queries';
import { brokenOf } from '@/fleet/sensed';
import { standOf, type Brief } from '@/fleet/stand';
import { useFates, type Silence } from '@/fleet/words';
import { useRecord } from './useRecord';
import classes from './cluster.module.css';

/** Why says because of what a cluster is silent or will be, and what a
 * technician should do about it. */
export function Why({ brief, near }: { brief: Brief; near: Brief[] }) {
  const { t } = useTranslation('clusters');
  const { data: alarms } = useQuery(alarmsQuery(brief.area));
  const first = brief.silence;
  if (!first) return null;
  const same = (a: { code: string; params: Record<string, string> }) => a.code === first.code && a.params.part === first.params.part;
  const others = (alarms ?? []).filter((a) => a.cluster === brief.id && !same(a));
  return (
    <section className={classes.why} aria-labelledby="why">
      <Title order={2} id="why" className={classes.label}>
        {t(standOf(brief) === 'faulty' ? 'one.whyFault' : 'one.why')}
      </Title>
      <Cause brief={brief} cause={first} near={near} />
      {others.length > 0 && (
        <>
          <h3 className={classes.label}>{t('one.more')}</h3>
          <ul className={classes.others}>
            {others.map((o) => (
              <li key={`${o.code} ${o.params.part ?? ''}`}>
                <Other cause={o} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Cause({ brief, cause, near }: { brief: Brief; cause: Silence; near: Brief[] }) {
  const { t } = useTranslation(['clusters', 'fates']);
  const fates = useFates();
  const when = useWhen();
  const now = useServerNow(10_000);
  const { areas, place } = usePlaces();
  const seen = cause.params.seen ?? (brief.online ? undefined : brief.seen);
  const around = cause.code === 'offline' ? aroundOf(brief, near, areas) : undefined;
  return (
    <>
      <p className={classes.cause}>{fates.short(cause)}</p>
      <p>{fates.text(cause)}</p>
      {(cause.code === 'last-silent' || cause.code === 'test-silent') && <Found brief={brief} cause={cause} />}
      {around && around.says !== 'nothing' && (
        <p>
          <strong>{t(`fates:around.${around.says}`, { count: around.others, offline: around.offline, commune: place(around.commune) })}</strong>
        </p>
      )}
      {cause.params.until && <p>{t('fates:until', { when: when.moment(cause.params.until) })}</p>}
      <Said detail={cause.params.detail} />
      {seen ? (
        <p>{t('one.seen', { when: when.moment(seen), ago: when.ago(seen, now) })}</p>
      ) : (
        cause.since && <p>{t('one.begun', { when: when.moment(cause.since), ago: when.ago(cause.since, now) })}</p>
      )}
      <h3 className={classes.label}>{t('one.steps')}</h3>
      <ol className={classes.steps}>
        {fates.steps(cause).map((s) => (
          <li key={s}>{s}</li>
        ))}
      </ol>
      {cause.code === 'offline' && <p className={classes.note}>{t('fates:alone')}</p>}
    </>
  );
}

/** Found is what the sensors of the silent playback point to. */
function Found({ brief, cause }: { brief: Brief; cause: Silence }) {
  const { t } = useTranslation('fates');
  const { entries } = useRecord(brief.id);
  const run = entries.find((e) => (e.kind === 'run' || e.kind === 'self-test') && e.verdict === 'silent' && e.occurrence === cause.params.occurrence);
  const broken = brokenOf(run?.evidence);
  // A self-test sounds nothing, so it tells nothing of the way to the horns.
  return broken && (cause.code === 'last-silent' || broken === 'amplifier') ? (
    <p>
      <strong>{t(`found.${broken}`)}</strong>
    </p>
  ) : null;
}

/** Said is what the board says, in the reader's words and in its own. */
function Said({ detail }: { detail?: string }) {
  const { t } = useTranslation('clusters');
  const fates = useFates();
  if (!detail) return null;
  const words = fates.said(detail);
  return (
    <>
      {words && <p>{words}</p>}
      <p className={classes.note}>
        {t('one.board')}: <span className="loa-written">{detail}</span>
      </p>
    </>
  );
}

function Other({ cause }: { cause: Silence }) {
  const fates = useFates();
  return (
    <>
      <strong>{fates.short(cause)}</strong>
      <Said detail={cause.params.detail} />
    </>
  );
}

import { Button, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '@/app/icons';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { dayOf, momentOf, useWhen } from '@/app/when';
import { lengthIn } from '@/fleet/length';
import { soundedFor } from '@/fleet/sensed';
import { useFates } from '@/fleet/words';
import { Evidence } from './Evidence';
import { byDay, isChosen, keyOf, kinds, lines, localOfOccurrence, toneOf, type Chosen, type Entry, type Line } from './record';
import { useRecord } from './useRecord';
import classes from './cluster.module.css';

/** Record is what a cluster was told, what sounded, with which evidence, and why
 * it did not where it did not. */
export function Record({ cluster }: { cluster: string }) {
  const { t } = useTranslation(['clusters', 'common']);
  const when = useWhen();
  const { entries, isLoading, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useRecord(cluster);
  const [chosen, choose] = useState<Chosen>('all');
  const days = byDay(lines(entries.filter((e) => isChosen(e, chosen))), dayOf);
  return (
    <Paper component="section" aria-labelledby="record">
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} id="record">
            {t('one.record.title')}
          </Title>
          <SegmentedControl
            size="sm"
            aria-label={t('one.record.filter')}
            value={chosen}
            onChange={(v) => choose(v as Chosen)}
            data={kinds.map((k) => ({ value: k, label: t(`one.record.${k}`) }))}
          />
        </Group>
        <ProblemNote error={error} onRetry={() => void refetch()} />
        {isLoading && <Loading size="sm" />}
        {!isLoading && !error && days.length === 0 && <Text>{t(entries.length === 0 ? 'one.record.none' : 'one.record.noneFound')}</Text>}
        {days.map(({ day, lines: all }) => (
          <section key={day} aria-label={when.weekday(momentOf(day))}>
            <h3 className={classes.day}>{when.weekday(momentOf(day))}</h3>
            <ol className={classes.entries}>
              {all.map((line) => (
                <li key={keyOf(line.entry)} data-tone={toneOf(line.entry)} className={classes.entry}>
                  <One line={line} />
                </li>
              ))}
            </ol>
          </section>
        ))}
        {hasNextPage && (
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('one.record.more')}
          </Button>
        )}
      </Stack>
    </Paper>
  );
}

function iconOf(e: Entry): IconName {
  switch (e.kind) {
    case 'offline':
      return 'plug';
    case 'online':
    case 'recovered':
      return 'check';
    case 'fault':
      return 'wrench';
    case 'due':
      return 'clock';
    case 'order':
      return e.orderKind === 'stop' || e.orderKind === 'cancel' ? 'stop' : e.orderKind === 'alert' ? 'alerts' : e.orderKind === 'bulletin' ? 'bulletins' : e.orderKind === 'plan' ? 'programmes' : 'key';
    case 'self-test':
      return toneOf(e) === 'warn' ? 'silent' : 'check';
    case 'run':
      return toneOf(e) === 'warn' ? 'silent' : 'sound';
  }
}

function One({ line: { entry: e, also } }: { line: Line }) {
  const { t } = useTranslation('clusters');
  const when = useWhen();
  const several = also.length > 0;
  return (
    <>
      <span className={classes.dot}>
        <Icon name={iconOf(e)} size={18} />
      </span>
      <time dateTime={e.at}>{when.second(e.at)}</time>
      <div className={classes.what}>
        <div className={classes.heading}>
          <strong className="loa-written">{several ? <Several line={{ entry: e, also }} /> : <Heading entry={e} />}</strong>
          {e.mode === 'drill' && <Drill />}
        </div>
        <Outcome entry={e} alone={!several} />
        {several && (
          <details>
            <summary>{t('one.record.list')}</summary>
            <ul className={classes.each}>
              {[e, ...also].map((o) => (
                <li key={keyOf(o)}>
                  {o.kind === 'order' ? when.second(o.at) : <Planned entry={o} />} <span className="loa-written">{o.title}</span>
                </li>
              ))}
            </ul>
          </details>
        )}
        {e.evidence && (
          <details>
            <summary>{t('one.record.evidence')}</summary>
            <Evidence evidence={e.evidence} />
          </details>
        )}
      </div>
    </>
  );
}

function Drill() {
  const { t } = useTranslation('words');
  return <span className={`loa-drill-band ${classes.drill ?? ''}`}>{t('mode.drill')}</span>;
}

function Several({ line }: { line: Line }) {
  const { t } = useTranslation(['clusters', 'words']);
  const count = line.also.length + 1;
  const { kind, orderKind } = line.entry;
  if (kind === 'run') return t('one.record.missed', { count });
  const what = kind === 'due' ? t('one.record.due') : t(`words:kind.${orderKind as 'plan'}`, { defaultValue: orderKind ?? '' });
  return t('one.record.several', { what, count });
}

/** Heading names an entry in a few words. */
function Heading({ entry: e }: { entry: Entry }) {
  const { t } = useTranslation(['clusters', 'words']);
  const fates = useFates();
  const named = () => {
    const kind = t(`words:kind.${e.orderKind as 'plan'}`, { defaultValue: e.orderKind ?? '' });
    const planned = e.kind !== 'order' && e.orderKind === 'plan';
    if (!e.title) return planned ? t('one.next.unknown') : kind;
    const title = e.orderKind === 'alert' || e.orderKind === 'local' ? t(`words:hazard.${e.title as 'flood'}`, { defaultValue: e.title }) : e.title;
    return planned ? title : t('one.record.order', { what: kind, title });
  };
  switch (e.kind) {
    case 'offline':
      return t('one.record.offline');
    case 'online':
      return t('one.record.online');
    case 'fault':
      return t('one.record.fault', { part: fates.part(e.part ?? '') });
    case 'recovered':
      return t('one.record.recovered', { part: fates.part(e.part ?? '') });
    case 'self-test':
      return t('words:tested.title');
    default:
      return e.fate === 'pressed' ? t('one.record.press') : named();
  }
}

/** Planned is when an occurrence stood in the plan. */
function Planned({ entry: e }: { entry: Entry }) {
  const { t } = useTranslation('clusters');
  const when = useWhen();
  const local = localOfOccurrence(e.occurrence);
  return local ? t('one.record.was', { when: when.moment(momentOf(local)) }) : null;
}

/** Outcome says what became of it, and why. */
function Outcome({ entry: e, alone }: { entry: Entry; alone: boolean }) {
  const { t, i18n } = useTranslation('clusters');
  const fates = useFates();
  const when = useWhen();
  const said = fates.said(e.detail);
  const fate = () => {
    if (!e.fate || e.fate === 'pressed' || (e.kind === 'run' && !alone)) return undefined;
    if (e.kind === 'order') return fates.handling(e.fate);
    if (e.kind === 'self-test') return fates.tested.fate(e.fate);
    const sounded = e.evidence ? soundedFor(e.evidence) : 0;
    if (e.fate === 'failed' && sounded >= 1) return t('one.record.midway', { length: lengthIn(i18n.language, Math.round(sounded)) });
    return fates.fate(e.fate);
  };
  const judged = (e.kind === 'run' || e.kind === 'self-test') && e.verdict && ['finished', 'cut', 'stopped', 'expired', 'failed'].includes(e.fate ?? '');
  const told = judged ? (e.kind === 'self-test' ? fates.tested : fates).verdict(e.verdict ?? '') : undefined;
  return (
    <div className={classes.outcome}>
      {e.kind === 'due' && alone && <p>{t('one.record.due')}.</p>}
      {fate() && (
        <p>
          {fate()}
          {told && (
            <>
              {'. '}
              <strong data-verdict={e.verdict}>{told}</strong>
            </>
          )}
          {'.'}
        </p>
      )}
      {e.reason && <p>{t('one.record.because', { reason: fates.reason(e.reason) })}</p>}
      {said && <p>{said}</p>}
      {alone && (e.fate === 'missed' || e.kind === 'due') && (
        <p>
          <Planned entry={e} />
        </p>
      )}
      {(e.kind === 'run' || e.kind === 'self-test') && e.started && e.fate !== 'missed' && <p className={classes.quiet}>{t('one.record.began', { when: when.second(e.started) })}</p>}
      {e.detail && !said && (
        <p className={classes.quiet}>
          {t('one.record.said')}: <span className="loa-written">{e.detail}</span>
        </p>
      )}
    </div>
  );
}

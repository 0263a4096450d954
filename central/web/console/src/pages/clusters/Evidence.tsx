import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useWhen } from '@/app/when';
import { sourceOf } from '@/fleet/detail';
import { lengthIn } from '@/fleet/length';
import { soundedFor, type Evidence as Told, type Sensed } from '@/fleet/sensed';
import { useFates } from '@/fleet/words';
import classes from './cluster.module.css';

/** Evidence is what a board measured of one playback. */
export function Evidence({ evidence: e }: { evidence: Told }) {
  const { t, i18n } = useTranslation(['clusters', 'fates']);
  const fates = useFates();
  const when = useWhen();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const source = (s: string) => {
    const { kind, name } = sourceOf(s);
    const phrase = kind === 'phrase' ? `: ${t(`words:hazard.${name as 'flood'}`, { defaultValue: name })}` : '';
    return t(`fates:source.${kind}`, { name }) + phrase;
  };
  const relay = !e.relayClosed
    ? t('one.evidence.relayNever')
    : e.relayOpened
      ? t('one.evidence.relayClosed', { from: when.second(e.relayClosed), until: when.second(e.relayOpened) })
      : t('one.evidence.relayStill', { from: when.second(e.relayClosed) });
  const sound = e.firstSample && e.lastSample ? t('one.evidence.soundTime', { from: when.second(e.firstSample), until: when.second(e.lastSample) }) : t('one.evidence.soundNone');
  const rows: [string, ReactNode][] = [
    [t('one.evidence.relay'), relay],
    [t('one.evidence.sound'), sound],
  ];
  if (e.samples > 0) {
    rows.push(
      [t('one.evidence.samples'), t('one.evidence.samplesTold', { samples: number.format(e.samples), length: lengthIn(i18n.language, soundedFor(e)) })],
      [t('one.evidence.level'), t('one.evidence.levelTold', { rms: number.format(e.rms), peak: number.format(e.peak) })],
    );
  }
  if (e.sources.length > 0) rows.push([t('one.evidence.sources'), e.sources.map(source).join(', ')]);
  if (e.skipped && e.skipped.length > 0) {
    rows.push([
      t('one.evidence.skipped'),
      e.skipped.map((s) => {
        const [what = '', why = ''] = s.split(/: (.*)/s);
        return <div key={s}>{`${source(what)}${why && ' — '}${fates.said(why) ?? why}`}</div>;
      }),
    ]);
  }
  return (
    <>
      <dl className={classes.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {e.sensors && e.sensors.length > 0 ? <Sensors sensors={e.sensors} /> : <p className={classes.quiet}>{t('one.evidence.noSensors')}</p>}
    </>
  );
}

function Sensors({ sensors }: { sensors: Sensed[] }) {
  const { t, i18n } = useTranslation(['clusters', 'fates']);
  const fates = useFates();
  const figure = new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 3 });
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 0 });
  const of = (n: number, s: Sensed) => `${figure.format(n)} ${t(`fates:unit.${s.quantity as 'sound'}`, { defaultValue: '' })}`;
  return (
    <>
      <h4 className={classes.label}>{t('one.evidence.sensors')}</h4>
      <ul className={classes.sensors}>
        {sensors.map((s) => (
          <li key={s.name}>
            <div className={classes.sensor}>
              <strong>{t(`fates:quantity.${s.quantity as 'sound'}`, { defaultValue: s.quantity })}</strong>
              <span className={classes.verdict} data-verdict={s.verdict}>
                {fates.verdict(s.verdict)}
              </span>
            </div>
            <div className={classes.quiet}>
              {t('one.evidence.during')}: {of(s.level, s)} · {t('one.evidence.rest')}: {of(s.rest, s)} · {t('one.evidence.match')}: {percent.format(Math.max(0, s.correlation))}
            </div>
            {s.detail && <div className={classes.quiet}>{fates.said(s.detail) ?? s.detail}</div>}
          </li>
        ))}
      </ul>
    </>
  );
}

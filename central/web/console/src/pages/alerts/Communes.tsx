import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schema } from '@/api/client';
import { useFates } from '@/fleet/words';
import classes from './alerts.module.css';
import { CountBar, useCountWords } from './Counts';
import { toneOf, toneOfStanding, worstFirst } from './counts';

type Commune = Schema<'CommuneFate'>;
type Cluster = Schema<'AlertCluster'>;

/** Communes is the map-less grid: a tile for each commune, in places that do not
 * move. A tile opens to its clusters; where there is only one, it is open. */
export function Communes({ communes, cancelled }: { communes: Commune[]; cancelled: boolean }) {
  const { t, i18n } = useTranslation('alerts');
  const counted = useCountWords();
  const [chosen, setChosen] = useState<string>();
  const open = communes.length === 1 ? communes[0] : communes.find((c) => c.code === chosen);
  const name = (c: Commune) => (i18n.language === 'en' && c.nameEn) || c.nameVi;
  return (
    <>
      {communes.length > 1 && (
        <ul className={classes.grid}>
          {communes.map((c) => (
            <li key={c.code}>
              <button type="button" className={classes.tile} data-tone={toneOf(c.counts)} aria-expanded={c.code === chosen} aria-controls="clusters" onClick={() => setChosen(c.code === chosen ? undefined : c.code)}>
                <strong>{name(c)}</strong>
                <span className={classes.tileCount}>
                  <b>{c.counts.heard + c.counts.sounding}</b>/{c.counts.targets}
                </span>
                <CountBar counts={c.counts} />
                <small>{counted(c.counts)}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
      <div id="clusters">
        {open && (
          <section aria-label={t('detail.in', { commune: name(open) })}>
            {communes.length > 1 && <h3 className={classes.communeName}>{name(open)}</h3>}
            <ul className={classes.clusters}>
              {worstFirst(open.clusters).map((c) => (
                <ClusterRow key={c.id} cluster={c} cancelled={cancelled} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </>
  );
}

function ClusterRow({ cluster: c, cancelled }: { cluster: Cluster; cancelled: boolean }) {
  const { t } = useTranslation('alerts');
  const why = useWhy();
  const reason = why(c, cancelled);
  return (
    <li className={classes.cluster} data-tone={toneOfStanding(c.state)}>
      <Link to={`/clusters/${c.id}`}>{c.name}</Link>
      <span className={classes.standing}>{t(`standing.${c.state}`)}</span>
      {reason && <small>{reason}</small>}
    </li>
  );
}

/** useWhy says why a cluster stands where it stands, where that needs saying. */
function useWhy() {
  const fates = useFates();
  const { t } = useTranslation('alerts');
  return (c: Cluster, cancelled: boolean): string => {
    const said = fates.said(c.detail);
    const parts: (string | undefined)[] = [];
    switch (c.state) {
      case 'heard':
        break;
      case 'refused':
        parts.push(c.reason && t('why.refused', { reason: fates.reason(c.reason) }), said);
        break;
      case 'silent':
        parts.push(c.verdict === 'silent' ? t('why.silent') : c.fate && fates.fate(c.fate), said, c.silence && fates.short(c.silence));
        break;
      case 'unknown':
        if (c.fate === 'finished') parts.push(t('why.unknown', { fate: fates.fate(c.fate) }));
        else parts.push(c.fate ? fates.fate(c.fate) : t(cancelled ? 'why.cancelled' : 'why.untold'));
        parts.push(said, c.silence && fates.short(c.silence));
        break;
      case 'waiting':
      case 'sent':
        parts.push(c.silence && fates.short(c.silence));
        break;
      case 'accepted':
      case 'sounding':
        // It took the alert; what else is wrong with it may still matter.
        parts.push(c.silence && !['no-plan', 'clock-untrusted'].includes(c.silence.code) ? fates.short(c.silence) : undefined);
        break;
    }
    return [...new Set(parts.filter(Boolean))].join(' · ');
  };
}

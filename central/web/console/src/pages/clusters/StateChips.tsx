import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Icon, type IconName } from '@/app/icons';
import { states, type Counts, type State } from '@/fleet/stand';
import classes from './clusters.module.css';

const icons: Record<State, IconName> = { online: 'check', offline: 'plug', onAir: 'sound', faults: 'wrench', silent: 'silent' };
const all = [undefined, ...states] as const;

/** StateChips are how many clusters are how; one that is tapped filters. */
export function StateChips({ counts, state, onChoose }: { counts: Counts; state?: State; onChoose: (s?: State) => void }) {
  const { t } = useTranslation('clusters');
  return (
    <div className={classes.chips} role="group" aria-label={t('states')}>
      {all.map((s) => (
        <button key={s ?? 'all'} type="button" className={classes.chip} data-state={s} aria-pressed={state === s} onClick={() => onChoose(s)}>
          <Inside state={s} counts={counts} />
        </button>
      ))}
    </div>
  );
}

/** StateLinks are the same elsewhere: each leads to the clusters that it counts. */
export function StateLinks({ counts, label }: { counts: Counts; label: string }) {
  return (
    <nav className={classes.chips} aria-label={label}>
      {all.map((s) => (
        <Link key={s ?? 'all'} to={s ? `/clusters?state=${s}&view=list` : '/clusters'} className={classes.chip} data-state={s}>
          <Inside state={s} counts={counts} />
        </Link>
      ))}
    </nav>
  );
}

function Inside({ state, counts }: { state?: State; counts: Counts }): ReactNode {
  const { t, i18n } = useTranslation('fates');
  return (
    <>
      <span className={classes.chipCount}>{new Intl.NumberFormat(i18n.language).format(counts[state ?? 'all'])}</span>
      {state && <Icon name={icons[state]} size={18} />}
      <span className={classes.chipWord}>{t(`state.${state ?? 'all'}`)}</span>
    </>
  );
}

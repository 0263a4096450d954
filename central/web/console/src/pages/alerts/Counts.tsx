import { useTranslation } from 'react-i18next';
import classes from './alerts.module.css';
import { standings, type Counts } from './counts';

/** CountBar shows how many clusters stand where, as parts of a whole. It says
 * nothing by itself: figures or words stand beside it. */
export function CountBar({ counts }: { counts: Counts }) {
  return (
    <div className={classes.bar} aria-hidden="true">
      {standings.map((s) => counts[s] > 0 && <span key={s} data-standing={s} style={{ flexGrow: counts[s] }} />)}
    </div>
  );
}

/** Figures are all the counts, each a number with its word. Their places do not
 * move while the numbers do. */
export function Figures({ counts }: { counts: Counts }) {
  const { t } = useTranslation('alerts');
  return (
    <dl className={classes.figures}>
      {standings.map((s) => (
        <div key={s} data-standing={s} data-none={counts[s] === 0 || undefined}>
          <dt>{t(`standing.${s}`)}</dt>
          <dd>{counts[s]}</dd>
        </div>
      ))}
    </dl>
  );
}

/** useCountWords says the counts that are not nought: "3 đã nghe, 1 im lặng". */
export function useCountWords() {
  const { t } = useTranslation('alerts');
  return (counts: Counts) =>
    standings
      .filter((s) => counts[s] > 0)
      .map((s) => t(`counted.${s}`, { count: counts[s] }))
      .join(', ');
}

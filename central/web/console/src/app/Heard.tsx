import { useTranslation } from 'react-i18next';
import { useConnection } from '@/api/hooks';
import classes from './shell.module.css';

/** Heard says whether what is shown is new, and else how old it is. */
export function Heard() {
  const { t } = useTranslation('shell');
  const { state, age } = useConnection();
  const minutes = Math.floor((age ?? 0) / 60);
  const old = age === undefined ? t('live.reconnecting') : minutes >= 2 ? t('live.oldMinutes', { count: minutes }) : t('live.old', { count: age });
  const words = state === 'old' ? old : t(`live.${state}`);
  return (
    <span className={classes.heard} data-state={state} title={state === 'old' ? t('live.reconnecting') : undefined}>
      <span className={classes.dot} aria-hidden="true" />
      <span className={classes.heardWords}>{words}</span>
      {/* Said once, not every second. */}
      <span role="status" className="loa-unseen">
        {state === 'old' ? t('live.reconnecting') : ''}
      </span>
    </span>
  );
}

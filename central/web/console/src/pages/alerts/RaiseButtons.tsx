import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import classes from './alerts.module.css';
import { HazardIcon } from './HazardIcon';

/** RaiseButtons are the two ways to begin, apart in colour, pattern, size and
 * words. */
export function RaiseButtons() {
  const { t } = useTranslation('alerts');
  return (
    <div className={classes.raise}>
      <div className={classes.raiseBoth}>
        <Link to="/alerts/new?mode=live" className={classes.raiseLive}>
          <HazardIcon hazard="other" size={40} />
          <span>
            <strong>{t('raise.live')}</strong>
            <small>{t('raise.liveText')}</small>
          </span>
        </Link>
        <Link to="/alerts/new?mode=drill" className={classes.raiseDrill}>
          <HazardIcon hazard="test" size={30} />
          <span>
            <strong>{t('raise.drill')}</strong>
            <small>{t('raise.drillText')}</small>
          </span>
        </Link>
      </div>
    </div>
  );
}

import { useTranslation } from 'react-i18next';
import type { ReactNode } from 'react';
import classes from './alerts.module.css';
import type { Mode } from './wish';

/** Band stands above everything that belongs to an alert, so that a drill is
 * never taken for the real thing, nor the other way round: colour, pattern and
 * words say the same. */
export function Band({ mode, silent = false, children }: { mode: Mode; /** It does not sound, or not yet. */ silent?: boolean; children?: ReactNode }) {
  const { t } = useTranslation('alerts');
  const loud = mode === 'drill' ? 'loa-drill-band' : 'loa-emergency-band';
  return (
    <div className={`${classes.band} ${silent ? classes.silent : loud}`} data-mode={mode}>
      <strong>{t(`band.${mode}`)}</strong>
      {children && <span>{children}</span>}
    </div>
  );
}

/** LevelChip is a risk level in its colour of Decision 18/2021. */
export function LevelChip({ level }: { level: number }) {
  const { t } = useTranslation('alerts');
  if (level < 1) return null;
  return (
    <span className={classes.level} data-level={level}>
      {t('level.short', { level })}
    </span>
  );
}

import { SimpleGrid } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './alerts.module.css';
import { HazardIcon } from './HazardIcon';
import { offered, type HazardId } from './hazards';
import type { Mode } from './wish';

/** HazardGrid is the first tap: what happens. */
export function HazardGrid({ mode, onChoose }: { mode: Mode; onChoose: (hazard: HazardId) => void }) {
  const { t } = useTranslation('words');
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      {offered(mode).map((id) => (
        <button key={id} type="button" className={classes.hazard} data-mode={mode} onClick={() => onChoose(id)}>
          <HazardIcon hazard={id} size={34} />
          <span>{t(`hazard.${id}`)}</span>
        </button>
      ))}
    </SimpleGrid>
  );
}

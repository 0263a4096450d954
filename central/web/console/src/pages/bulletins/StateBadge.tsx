import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Bulletin } from './bulletin';

const colours = { draft: 'grain', approved: 'ridge', withdrawn: 'gray' } as const;

export function StateBadge({ state }: { state: Bulletin['state'] }) {
  const { t } = useTranslation('bulletins');
  return (
    <Badge color={colours[state]} variant={state === 'approved' ? 'filled' : 'light'}>
      {t(`states.${state}`)}
    </Badge>
  );
}

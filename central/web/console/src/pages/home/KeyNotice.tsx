import { Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { KeyNote, useKey } from '@/sign';

/** KeyNotice says in good time that this browser cannot sign yet: not at night,
 * when an alert is to be raised. */
export function KeyNotice() {
  const { t } = useTranslation('home');
  const state = useKey();
  if (state.ability === undefined || state.standing === undefined || state.standing === 'ready') return null;
  return (
    <Stack gap="xs" component="section" aria-label={t('key')}>
      <Text fw={600}>{t('key')}</Text>
      <KeyNote state={state} />
    </Stack>
  );
}

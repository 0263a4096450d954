import { Alert, Button, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { fingerprint } from './key';
import type { KeyState } from './useKey';
import classes from './reading.module.css';

/** KeyNote says how the person's key in this browser stands, and what is to be
 * done about it. */
export function KeyNote({ state }: { state: KeyState }) {
  const { t } = useTranslation('sign');
  const { ability, key, standing } = state;
  if (ability === undefined || standing === undefined) return <Loading size="sm" />;
  if (ability !== 'able') {
    return (
      <Alert color="grain" role="alert">
        {t(`ability.${ability}`)}
      </Alert>
    );
  }
  const makes = standing === 'none' || standing === 'unproposed';
  return (
    <Alert color={standing === 'ready' ? 'ridge' : 'grain'} title={t(`standing.${standing}.title`)} role="status">
      <Stack gap="xs">
        <Text>{t(`standing.${standing}.text`)}</Text>
        {key && standing !== 'none' && (
          <Text size="sm">
            {t('fingerprint')} <code className={classes.code}>{fingerprint(key.id)}</code>
          </Text>
        )}
        <ProblemNote error={state.problem} />
        {makes && (
          <Button onClick={state.make} loading={state.making}>
            {t('makeKey')}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

import { Alert, Button, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { isProblem } from '@/api/problem';

/** problemWords says in one sentence what went wrong. */
export function problemWords(e: unknown, t: TFunction<'common'>): string {
  const code = isProblem(e) ? e.code : 'internal';
  return t(`problem.${code}` as 'problem.internal', { defaultValue: t('problem.other', { code }) });
}

/** ProblemNote shows what went wrong, and nothing where nothing did. */
export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  if (!error) return null;
  return (
    <Alert color="emergency" variant="light" role="alert" title={problemWords(error, t)}>
      {isProblem(error) && error.errors.length > 0 ? (
        <ul>
          {error.errors.map((f, i) => (
            <li key={i}>{t('problem.field', { field: f.location, message: f.message })}</li>
          ))}
        </ul>
      ) : (
        isProblem(error) && error.detail && <Text size="sm">{t('problem.server', { detail: error.detail })}</Text>
      )}
      {onRetry && (
        <Button variant="default" mt="xs" onClick={onRetry}>
          {t('retry')}
        </Button>
      )}
    </Alert>
  );
}

import { Button, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useRouteError } from 'react-router';
import { isProblem } from '@/api/problem';
import { ProblemNote } from './ProblemNote';

export function Failed() {
  const { t } = useTranslation('shell');
  const error = useRouteError();
  return (
    <Stack p="md" align="flex-start">
      <Title order={1}>{t('failed.title')}</Title>
      <Text>{t('failed.text')}</Text>
      {isProblem(error) && <ProblemNote error={error} />}
      <Button onClick={() => window.location.reload()}>{t('failed.reload')}</Button>
    </Stack>
  );
}

export function NotFound() {
  const { t } = useTranslation('shell');
  return (
    <Stack align="flex-start">
      <Title order={1}>{t('notFound.title')}</Title>
      <Button component={Link} to="/">
        {t('notFound.home')}
      </Button>
    </Stack>
  );
}

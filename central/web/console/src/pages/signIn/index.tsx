import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function SignIn() {
  const { t } = useTranslation('signIn');
  return <Title order={1}>{t('title')}</Title>;
}

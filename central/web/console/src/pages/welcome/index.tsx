import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function Welcome() {
  const { t } = useTranslation('welcome');
  return <Title order={1}>{t('title')}</Title>;
}

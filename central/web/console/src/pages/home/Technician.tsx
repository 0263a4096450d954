import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function Technician() {
  const { t } = useTranslation('home');
  return <Title order={1}>{t('title')}</Title>;
}

import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function Alerts() {
  const { t } = useTranslation('alerts');
  return <Title order={1}>{t('title')}</Title>;
}

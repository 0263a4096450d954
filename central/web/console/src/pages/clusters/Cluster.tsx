import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function Cluster() {
  const { t } = useTranslation('clusters');
  return <Title order={1}>{t('title')}</Title>;
}

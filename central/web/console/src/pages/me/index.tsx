import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function Account() {
  const { t } = useTranslation('me');
  return <Title order={1}>{t('title')}</Title>;
}

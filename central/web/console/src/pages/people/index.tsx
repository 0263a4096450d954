import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function People() {
  const { t } = useTranslation('people');
  return <Title order={1}>{t('title')}</Title>;
}

import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function Programmes() {
  const { t } = useTranslation('programmes');
  return <Title order={1}>{t('title')}</Title>;
}

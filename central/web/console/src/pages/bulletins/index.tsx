import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export default function Bulletins() {
  const { t } = useTranslation('bulletins');
  return <Title order={1}>{t('title')}</Title>;
}

import { Loader, type LoaderProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Loading stands where something is on its way, and says so. */
export function Loading(props: Pick<LoaderProps, 'size'>) {
  const { t } = useTranslation('common');
  return <Loader role="status" aria-label={t('loading')} {...props} />;
}

import { lazy } from 'react';
import { hasRole, may, useMe } from '@/api/me';
import { withWords } from '@/i18n';

const Broadcaster = lazy(() => withWords(() => import('./Broadcaster'), 'home', 'alerts', 'fates', 'sign'));
const Officer = lazy(() => withWords(() => import('./Officer'), 'home', 'alerts', 'fates', 'sign'));
const Technician = lazy(() => withWords(() => import('./Technician'), 'clusters', 'fates'));
const Waiting = lazy(() => withWords(() => import('./Waiting'), 'alerts', 'sign'));

/** Home is what the person needs first: an officer's commune before all else. */
export default function Home() {
  const me = useMe();
  if (hasRole(me, 'officer')) return <Officer />;
  if (hasRole(me, 'broadcaster')) return <Broadcaster />;
  return (
    <>
      {may(me, 'read-content') && <Waiting />}
      <Technician />
    </>
  );
}

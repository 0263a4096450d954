import { lazy } from 'react';
import { hasRole, may, useMe } from '@/api/me';

const Broadcaster = lazy(() => import('./Broadcaster'));
const Officer = lazy(() => import('./Officer'));
const Technician = lazy(() => import('./Technician'));
const Waiting = lazy(() => import('./Waiting'));

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

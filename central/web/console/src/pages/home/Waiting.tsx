import { useMe } from '@/api/me';
import { Cards } from '@/pages/alerts/AlertCard';
import { Unresolved } from '@/pages/alerts/Unresolved';
import { sorted, useRunning } from '@/pages/alerts/useAlerts';

/** Waiting is what waits for the signature of somebody whose home is about
 * something else: an administrator is a second person, too. */
export default function Waiting() {
  const me = useMe();
  const { data } = useRunning();
  const mine = sorted(data ?? []).gathering.filter((a) => a.signers?.some((p) => p.id === me.id));
  return (
    <>
      <Unresolved />
      <Cards alerts={mine} />
    </>
  );
}

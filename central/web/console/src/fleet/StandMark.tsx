import type { IconName } from '@/app/icons';
import { Icon } from '@/app/icons';
import { drilling, standOf, type Brief, type Stand } from './stand';
import { useFates } from './words';
import classes from './stand.module.css';

const icons: Record<Stand, IconName> = { absent: 'more', offline: 'plug', silent: 'silent', onAir: 'sound', faulty: 'wrench', ready: 'check' };
const tones: Record<Stand, string> = { absent: 'unknown', offline: 'unknown', silent: 'warn', onAir: 'air', faulty: 'warn', ready: 'ok' };

/** StandMark is how a cluster is, by shape, colour and word. */
export function StandMark({ brief, large = false }: { brief: Brief; large?: boolean }) {
  const fates = useFates();
  const stand = standOf(brief);
  const live = brief.onAir.some((o) => o.class === 'emergency' && o.mode === 'live');
  const tone = stand !== 'onAir' ? tones[stand] : drilling(brief) ? 'drill' : live ? 'emergency' : 'air';
  return (
    <span className={classes.mark} data-tone={tone} data-large={large || undefined}>
      <Icon name={icons[stand]} size={large ? 20 : 16} />
      {fates.stand(brief)}
    </span>
  );
}

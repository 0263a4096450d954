import type { Areas } from '@/api/areas';
import type { Brief } from './stand';

/** Around is how the other clusters of a commune are: it tells whether what cut
 * one off is at its pole or in the whole place. */
export interface Around {
  commune: string;
  others: number;
  offline: number;
  /** nothing: there are no others to compare with. */
  says: 'nothing' | 'alone' | 'some' | 'all';
}

export function aroundOf(b: Brief, briefs: Iterable<Brief>, areas: Areas): Around {
  const commune = areas.commune(b.area) ?? b.area;
  let others = 0;
  let offline = 0;
  for (const o of briefs) {
    // Those that never were there say nothing of power and network.
    if (o.id === b.id || !o.seen || (areas.commune(o.area) ?? o.area) !== commune) continue;
    others++;
    if (!o.online) offline++;
  }
  const says = others === 0 ? 'nothing' : offline === 0 ? 'alone' : offline === others ? 'all' : 'some';
  return { commune, others, offline, says };
}

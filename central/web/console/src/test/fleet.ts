import type { Brief } from '@/fleet/stand';

/** cluster is one that is well, but for what is given. */
export function cluster(given: Partial<Brief> = {}): Brief {
  return {
    id: 'khong-lao-01',
    name: 'Bản Phai',
    area: '03388.01',
    languages: ['vi', 'tai'],
    enrolled: true,
    online: true,
    since: '2026-11-21T00:00:00Z',
    seen: '2026-11-21T10:00:00Z',
    onAir: [],
    faults: [],
    ...given,
  };
}

/** sounding is what is on air for a given class. */
export function sounding(given: Partial<Brief['onAir'][number]> = {}): Brief['onAir'] {
  return [{ output: 'main', class: 'routine', mode: 'live', subject: 'tin-sang@2026-11-22T05:30:00', order: 'a'.repeat(64), since: '2026-11-21T22:30:00Z', ...given }];
}

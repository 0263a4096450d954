import type { Areas } from '@/api/areas';
import type { Silence } from '@/fleet/words';

export type Alarm = Silence & { cluster: string; name: string; area: string };

/** Group is one alarm, or those of a commune that began together for one cause:
 * a power cut is one thing, not a hundred. */
export interface Group {
  commune: string;
  alarms: Alarm[];
}

/** Fewer than that are shown one by one. */
const fewest = 3;
/** Alarms that began no further apart began together, ms. */
const together = 10 * 60_000;

/** groupsOf keeps the order of the newest alarm of each. */
export function groupsOf(alarms: Alarm[], areas: Areas): Group[] {
  const groups: Group[] = [];
  const open = new Map<string, Group>();
  for (const a of alarms) {
    const commune = areas.commune(a.area) ?? a.area;
    const key = `${commune} ${a.code} ${a.params.part ?? ''}`;
    const last = open.get(key);
    if (last && near(last.alarms.at(-1), a)) {
      last.alarms.push(a);
      continue;
    }
    const group = { commune, alarms: [a] };
    open.set(key, group);
    groups.push(group);
  }
  return groups.flatMap((g) => (g.alarms.length < fewest ? g.alarms.map((a) => ({ ...g, alarms: [a] })) : [g]));
}

function near(a: Alarm | undefined, b: Alarm): boolean {
  if (!a?.since || !b.since) return a?.since === b.since;
  return Math.abs(Date.parse(a.since) - Date.parse(b.since)) <= together;
}

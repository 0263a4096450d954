import type { Areas } from '@/api/areas';
import { isIn, standOf, type Brief, type Stand } from '@/fleet/stand';

/** Commune is how the clusters of a commune are. */
export interface Commune {
  code: string;
  count: number;
  /** Those that would sound now. */
  ok: number;
  /** One for each cluster, the worst first. */
  stands: Stand[];
}

const worst: Stand[] = ['silent', 'offline', 'absent', 'faulty', 'onAir', 'ready'];
const collator = new Intl.Collator('vi');

/** communesOf are those with the most silent clusters first, then by name. */
export function communesOf(briefs: Brief[], areas: Areas): Commune[] {
  const found = new Map<string, Commune>();
  for (const b of briefs) {
    const code = areas.commune(b.area) ?? b.area;
    const c = found.get(code) ?? { code, count: 0, ok: 0, stands: [] };
    found.set(code, c);
    c.count++;
    if (!isIn(b, 'silent')) c.ok++;
    c.stands.push(standOf(b));
  }
  const all = [...found.values()].map((c) => ({ c, name: areas.name(c.code) }));
  for (const { c } of all) c.stands.sort((a, b) => worst.indexOf(a) - worst.indexOf(b));
  return all.sort((a, b) => b.c.count - b.c.ok - (a.c.count - a.c.ok) || collator.compare(a.name, b.name)).map(({ c }) => c);
}

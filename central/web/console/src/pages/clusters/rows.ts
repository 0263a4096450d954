import type { Areas } from '@/api/areas';
import { add, none, type Brief, type Counts } from '@/fleet/stand';

/** A row is what is drawn: an area with what it holds, or a cluster. */
export type Row =
  | { kind: 'area'; code: string; level: number; open: boolean; counts: Counts }
  | { kind: 'cluster'; level: number; brief: Brief };

/** Node is an area in which clusters stand, in it or below it. */
interface Node {
  code: string;
  counts: Counts;
  own: Brief[];
  below: Map<string, Node>;
}

/** Grown is clusters by where they stand. */
export interface Grown {
  tops: Node[];
  counts: Counts;
}

export function grow(briefs: Iterable<Brief>, areas: Areas): Grown {
  const tops = new Map<string, Node>();
  const counts = none();
  const paths = new Map<string, string[]>();
  for (const b of briefs) {
    add(counts, b);
    let path = paths.get(b.area);
    if (!path) paths.set(b.area, (path = areas.path(b.area)));
    let level = tops;
    let node: Node | undefined;
    for (const code of path) {
      node = level.get(code);
      if (!node) level.set(code, (node = { code, counts: none(), own: [], below: new Map() }));
      add(node.counts, b);
      level = node.below;
    }
    node?.own.push(b);
  }
  return { tops: [...tops.values()], counts };
}

const collator = new Intl.Collator('vi', { numeric: true });

/** rowsOf is what a tree shows, from above; the clusters of a list are the same
 * without areas, in the same order. open tells which areas are. */
export function rowsOf(grown: Grown, areas: Areas, view: 'tree' | 'list', open: (code: string, level: number, count: number) => boolean): Row[] {
  const rows: Row[] = [];
  const names = new Map<string, string>();
  const name = (n: Node) => {
    let known = names.get(n.code);
    if (known === undefined) names.set(n.code, (known = areas.name(n.code)));
    return known;
  };
  const walk = (nodes: Iterable<Node>, level: number) => {
    for (const n of [...nodes].sort((a, b) => collator.compare(name(a), name(b)))) {
      const opened = view === 'list' || open(n.code, level, n.counts.all);
      if (view === 'tree') rows.push({ kind: 'area', code: n.code, level, open: opened, counts: n.counts });
      if (!opened) continue;
      for (const brief of n.own.sort((a, b) => collator.compare(a.name, b.name))) {
        rows.push({ kind: 'cluster', level: view === 'tree' ? level + 1 : 0, brief });
      }
      walk(n.below.values(), level + 1);
    }
  };
  walk(grown.tops, 0);
  return rows;
}

/** Few enough clusters are shown without asking for it. */
const few = 30;

/** opensByItself: provinces, and all areas while what was looked for is little. */
export function opensByItself(level: number, total: number, filtered: boolean): boolean {
  return level === 0 || total <= (filtered ? few * 2 : few);
}

/** Heights are where rows begin, and where the last one ends: areas are lower
 * than clusters. */
export function heightsOf(rows: Row[], area: number, cluster: number): Float64Array {
  const tops = new Float64Array(rows.length + 1);
  rows.forEach((row, i) => {
    tops[i + 1] = (tops[i] ?? 0) + (row.kind === 'area' ? area : cluster);
  });
  return tops;
}

/** inSight is which rows are between two heights, and some around them. */
export function inSight(tops: Float64Array, from: number, until: number, around = 8): { first: number; last: number } {
  const count = tops.length - 1;
  const first = Math.max(0, rowAt(tops, from) - around);
  return { first, last: Math.min(count, Math.max(first, rowAt(tops, until) + 1 + around)) };
}

/** rowAt is the row at a height: the last one that begins there or above it. */
function rowAt(tops: Float64Array, height: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((tops[middle] ?? 0) <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}

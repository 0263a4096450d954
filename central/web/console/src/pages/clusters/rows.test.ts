import { describe, expect, it } from 'vitest';
import { areasOf } from '@/api/areas';
import { cluster } from '@/test/fleet';
import { someAreas } from '@/test/page';
import { grow, heightsOf, inSight, opensByItself, rowsOf, type Row } from './rows';

const areas = areasOf([...someAreas, { code: '03424', kind: 'commune', nameVi: 'Bản Bo', parent: '12', from: '2025-07-01' }], false);
const all = [
  cluster({ id: 'k-10', name: 'Cụm 10', area: '03388' }),
  cluster({ id: 'k-2', name: 'Cụm 2', area: '03388' }),
  cluster({ id: 'p-1', name: 'Phai', area: '03388.01', online: false }),
  cluster({ id: 'b-1', name: 'Bo', area: '03424' }),
  cluster({ id: 'x-1', name: 'Lạ', area: '77777' }),
];
const said = (rows: Row[]) => rows.map((r) => `${'.'.repeat(r.level)}${r.kind === 'area' ? `${r.open ? '-' : '+'}${r.code} ${r.counts.all}/${r.counts.offline}` : r.brief.id}`);

describe('rowsOf', () => {
  it('shows what lies in what, by name', () => {
    expect(said(rowsOf(grow(all, areas), areas, 'tree', () => true))).toEqual([
      '-77777 1/0', '.x-1', '-12 4/1', '.-03424 1/0', '..b-1', '.-03388 3/1', '..k-2', '..k-10', '..-03388.01 1/1', '...p-1',
    ]);
  });

  it('hides what lies in an area that is closed, and counts it', () => {
    expect(said(rowsOf(grow(all, areas), areas, 'tree', (code) => code === '12'))).toEqual(['+77777 1/0', '-12 4/1', '.+03424 1/0', '.+03388 3/1']);
  });

  it('lists all clusters in the same order, whatever is open', () => {
    expect(said(rowsOf(grow(all, areas), areas, 'list', () => false))).toEqual(['x-1', 'b-1', 'k-2', 'k-10', 'p-1']);
  });

  it('has no rows for nothing', () => {
    expect(rowsOf(grow([], areas), areas, 'tree', () => true)).toEqual([]);
  });
});

it.each([
  [0, 10_000, false, true],
  [1, 190, false, false],
  [1, 30, false, true],
  [2, 30, false, true],
  [1, 60, true, true],
  [1, 61, true, false],
])('an area of level %d among %d clusters, filtered %s, opens by itself: %s', (level, total, filtered, want) => {
  expect(opensByItself(level, total, filtered)).toBe(want);
});

describe('inSight', () => {
  const area: Row = { kind: 'area', code: '12', level: 0, open: true, counts: grow([], areas).counts };
  const rows: Row[] = [area, ...Array.from({ length: 99 }, (): Row => ({ kind: 'cluster', level: 1, brief: cluster() }))];
  const tops = heightsOf(rows, 50, 70);

  it('knows where rows begin', () => {
    expect([...tops.slice(0, 4)]).toEqual([0, 50, 120, 190]);
    expect(tops.at(-1)).toBe(50 + 99 * 70);
  });

  it.each([
    [0, 700, 0, 11],
    [-300, 400, 0, 7],
    [50, 120, 1, 3],
    [49, 50, 0, 2],
    [6909, 7610, 98, 100],
    [100_000, 100_700, 99, 100],
    [-5000, -4300, 0, 1],
  ])('from %d to %d are the rows %d to %d', (from, until, first, last) => {
    expect(inSight(tops, from, until, 0)).toEqual({ first, last });
  });

  it('draws some around them', () => {
    expect(inSight(tops, 3550, 4000, 8)).toEqual({ first: 43, last: 66 });
  });

  it('has nothing to draw of nothing', () => {
    expect(inSight(heightsOf([], 50, 70), 0, 700)).toEqual({ first: 0, last: 0 });
  });
});

import { describe, expect, it } from 'vitest';
import { areasOf } from '@/api/areas';
import { cluster, sounding } from '@/test/fleet';
import { someAreas } from '@/test/page';
import { groupsOf, type Alarm } from './alarms';
import { communesOf } from './communes';

const areas = areasOf([...someAreas, { code: '03424', kind: 'commune', nameVi: 'Bản Bo', parent: '12', from: '2025-07-01' }], false);

describe('groupsOf', () => {
  const alarm = (id: string, at: string | undefined, code: Alarm['code'] = 'offline', area = '03388.01'): Alarm => ({
    cluster: id, name: id, area, code, params: {}, since: at && `2026-11-21T${at}:00Z`,
  });
  const said = (all: Alarm[]) => groupsOf(all, areas).map((g) => g.alarms.map((a) => a.cluster).join(' '));
  it('takes a power cut in a commune for one thing', () => {
    expect(said([alarm('a', '10:05'), alarm('b', '10:04'), alarm('c', '10:00')])).toEqual(['a b c']);
  });
  it('leaves two alone, other causes, other communes and other times', () => {
    expect(said([alarm('a', '10:05'), alarm('b', '10:04')])).toEqual(['a', 'b']);
    expect(said([alarm('a', '10:05'), alarm('b', '10:04', 'sound-fault'), alarm('c', '10:03', 'offline', '03424')])).toEqual(['a', 'b', 'c']);
    expect(said([alarm('a', '10:05'), alarm('b', '10:04'), alarm('c', '09:00')])).toEqual(['a', 'b', 'c']);
  });
  it('keeps the order of the newest of each', () => {
    const all = [alarm('a', '10:05'), alarm('x', '10:04', 'sound-fault'), alarm('b', '10:03'), alarm('c', '10:02')];
    expect(said(all)).toEqual(['a b c', 'x']);
  });
  it('puts those that never were there together', () => {
    expect(said([alarm('a', undefined, 'never-seen'), alarm('b', undefined, 'never-seen'), alarm('c', undefined, 'never-seen'), alarm('d', '10:00', 'never-seen')])).toEqual(['a b c', 'd']);
  });
});

describe('communesOf', () => {
  it('are counted, the most silent first, then by name', () => {
    const all = communesOf(
      [
        cluster({ id: 'a', area: '03388' }),
        cluster({ id: 'b', area: '03388.01', online: false }),
        cluster({ id: 'c', area: '03424', onAir: sounding() }),
        cluster({ id: 'd', area: '03388', faults: [{ part: 'audio', detail: '' }] }),
        cluster({ id: 'e', area: '55555' }),
      ],
      areas,
    );
    expect(all).toEqual([
      { code: '03388', count: 3, ok: 2, stands: ['offline', 'faulty', 'ready'] },
      { code: '55555', count: 1, ok: 1, stands: ['ready'] },
      { code: '03424', count: 1, ok: 1, stands: ['onAir'] },
    ]);
  });
});

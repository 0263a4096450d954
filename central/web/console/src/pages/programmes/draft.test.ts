import { describe, expect, it } from 'vitest';
import { areasOf } from '@/api/areas';
import { someAreas } from '@/test/page';
import { bodyOf, contentOf, contentOfDraft, doubtOf, draftOf, emptyDraft, faultsOf, merge, newID, slotOf, timeOf, type Bulletin, type Content, type Draft } from './draft';

const draft = (d: Partial<Draft> = {}): Draft => ({ ...emptyDraft('2026-11-21T05:30:00', '12'), title: 'Bản tin sáng', bulletins: ['b'], ...d });
const content: Content = contentOfDraft(draft());

describe('a programme and its draft', () => {
  it('come back as they were', () => {
    const p = { id: 'x', revision: 2, by: 'a', title: 'T', area: '12', class: 'priority' as const, order: 3, start: '2026-11-21T05:30:15', rule: 'FREQ=DAILY;COUNT=3', except: ['2026-11-22T05:30:15'], seconds: 90, late: 60, bulletins: ['b', 'b'], noChime: true, gain: -12.5 };
    const d = draftOf(contentOf(p));
    expect(d).toMatchObject({ day: '2026-11-21', time: '05:30:15', chime: false, auto: false });
    expect(contentOfDraft(d)).toEqual(contentOf(p));
    expect(bodyOf('x', contentOfDraft(d))).toEqual({ ...p, revision: undefined, by: undefined });
  });

  it('say nothing of what is empty', () => {
    expect(bodyOf('x', content)).not.toHaveProperty('rule');
    expect(bodyOf('x', content)).not.toHaveProperty('except');
    expect(bodyOf('x', content)).not.toHaveProperty('noChime');
    expect(bodyOf('x', content)).not.toHaveProperty('gain');
    expect(content.start).toBe('2026-11-21T05:30:00');
  });
});

describe('timeOf', () => {
  it.each([
    ['05:30', '05:30'],
    ['5:30', '05:30'],
    ['17h30', '17:30'],
    ['17h', '17:00'],
    ['17H5', '17:05'],
    ['1730', '17:30'],
    ['530', '05:30'],
    [' 05.30 ', '05:30'],
    ['05:30:15', '05:30:15'],
    ['05:30:00', '05:30'],
    ['24:00', undefined],
    ['05:60', undefined],
    ['5', undefined],
    ['', undefined],
    ['sáng', undefined],
  ])('%s', (text, want) => {
    expect(timeOf(text)).toBe(want);
  });
});

describe('faultsOf', () => {
  it.each<[Partial<Draft>, object]>([
    [{}, {}],
    [{ title: '  ' }, { title: 'empty' }],
    [{ title: 'á'.repeat(201) }, { title: 'long' }],
    [{ title: 'á'.repeat(200) }, {}],
    [{ title: 'a\u202eb' }, { title: 'marks' }],
    [{ area: '' }, { area: 'empty' }],
    [{ bulletins: [] }, { bulletins: 'none' }],
    [{ bulletins: Array<string>(51).fill('b') }, { bulletins: 'many' }],
    [{ day: '' }, { day: 'day' }],
    [{ time: '' }, { time: 'time' }],
    [{ repeat: { kind: 'days', days: [] } }, { days: 'days' }],
    [{ repeat: { kind: 'daily', until: '2026-11-20' } }, { until: 'until' }],
    [{ repeat: { kind: 'daily', until: '2026-11-21' } }, {}],
    [{ repeat: { kind: 'daily', until: '' } }, { until: 'until' }],
    [{ seconds: 0 }, { seconds: 'length' }],
    [{ seconds: 86_401 }, { seconds: 'length' }],
    [{ late: 21_601 }, { late: 'late' }],
  ])('%o', (d, want) => {
    expect(faultsOf(draft(d))).toEqual(want);
  });
});

describe('slotOf', () => {
  it.each([
    [[], false, 10],
    [[60], false, 70],
    [[58], false, 60],
    [[58], true, 70], // the chime
    [[35.2, 31.4, 31, 29], true, 140],
    [[90_000], false, 86_400],
  ])('%o %s', (lengths, chime, want) => {
    expect(slotOf(lengths, chime)).toBe(want);
  });
});

describe('doubtOf', () => {
  const areas = areasOf(someAreas, false);
  const bulletin = (b: Partial<Bulletin>): Bulletin => ({ id: 'b', revision: 1, title: 'B', class: 'routine', areas: ['12'], audio: { vi: 'aa' }, validFrom: '2026-11-20T00:00:00Z', validUntil: '2026-12-20T00:00:00Z', author: 'x', state: 'approved', order: 'hash', ...b });
  it.each<[Partial<Bulletin> | undefined, Partial<Draft>, string | undefined]>([
    [{}, {}, undefined],
    [undefined, {}, 'unknown'],
    [{ state: 'draft', order: undefined }, {}, 'draft'],
    [{ state: 'draft' }, {}, 'changed'],
    [{ state: 'withdrawn' }, {}, 'withdrawn'],
    [{ audio: {} }, {}, 'silent'],
    [{ class: 'priority' }, {}, 'class'],
    [{}, { area: '03388.01' }, undefined], // the province's reaches it
    [{ areas: ['03388'] }, {}, 'part'],
    [{ areas: ['03388.01'] }, { area: '03388' }, 'part'],
    [{ areas: ['03390'] }, { area: '03388' }, 'area'],
    [{}, { day: '2026-11-19' }, 'early'],
    [{}, { day: '2026-12-21' }, 'over'],
    [{}, { day: '2026-11-19', repeat: { kind: 'daily' } }, undefined],
  ])('%o in %o', (b, d, want) => {
    expect(doubtOf(b && bulletin(b), draft(d), areas)).toBe(want);
  });
});

describe('merge', () => {
  const mine = { ...content, title: 'Của tôi', seconds: 600 };
  it('takes what only one changed', () => {
    const { merged, clashes, theirs } = merge(content, mine, { ...content, late: 60, bulletins: ['c'] });
    expect(merged).toEqual({ ...mine, late: 60, bulletins: ['c'] });
    expect(clashes).toEqual([]);
    expect(theirs.sort()).toEqual(['bulletins', 'late']);
  });

  it('leaves to a person what both changed, and mine stands until then', () => {
    const { merged, clashes, theirs } = merge(content, mine, { ...content, title: 'Của họ', seconds: 600 });
    expect(merged).toEqual(mine);
    expect(clashes).toEqual(['title']); // both made it 600 seconds
    expect(theirs).toEqual([]);
  });
});

it('newID makes ids that the server takes', () => {
  for (const title of ['Bản tin sáng của xã Bình Lư', '', '???', 'á'.repeat(200)]) expect(newID(title)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$/);
  expect(newID('Tin')).not.toBe(newID('Tin'));
});

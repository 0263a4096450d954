import { describe, expect, it } from 'vitest';
import { dayOf } from '@/app/when';
import { bodyOf, contentOf, emptyContent, faultsOf, limits, merge, plain, plusDays, takeTheirs, type Bulletin, type Content } from './bulletin';

const base: Content = {
  title: 'Phòng cháy rừng',
  class: 'routine',
  areas: ['03388'],
  text: { vi: 'Bà con chú ý', hmn: 'Mloog' },
  audio: { vi: 'a'.repeat(64) },
  from: '2026-11-21',
  until: '2026-12-21',
};

describe('merge', () => {
  it('takes what only one person changed', () => {
    const mine = { ...base, title: 'Phòng cháy, chữa cháy rừng' };
    const theirs = { ...base, text: { ...base.text, vi: 'Bà con lưu ý' }, until: '2026-12-31' };
    const { merged, clashes } = merge(base, mine, theirs);
    expect(clashes).toEqual([]);
    expect(merged).toEqual({ ...base, title: mine.title, text: theirs.text, until: theirs.until });
  });
  it('asks where both changed one field, and keeps mine until then', () => {
    const mine = { ...base, text: { ...base.text, vi: 'của tôi' } };
    const theirs = { ...base, text: { ...base.text, vi: 'của chị ấy' } };
    const { merged, clashes } = merge(base, mine, theirs);
    expect(merged.text['vi']).toBe('của tôi');
    expect(clashes).toEqual([{ field: 'text', language: 'vi', mine: 'của tôi', theirs: 'của chị ấy' }]);
    const [clash] = clashes;
    expect(clash && takeTheirs(merged, clash, theirs).text).toEqual(theirs.text);
  });
  it('does not bring back a language that one person removed', () => {
    const theirs = { ...base, text: { vi: 'Bà con chú ý' } };
    expect(merge(base, base, theirs).merged.text).toEqual({ vi: 'Bà con chú ý' });
  });
  it('is quiet when both wrote the same', () => {
    const both = { ...base, title: 'Mới' };
    expect(merge(base, both, both)).toEqual({ merged: both, clashes: [] });
  });
});

describe('faultsOf', () => {
  it('finds nothing in a good one', () => expect(faultsOf(base)).toEqual([]));
  it('names everything at once', () => {
    const bad: Content = { ...emptyContent('2026-11-21', []), until: '2026-11-20', title: 'a\u202eb', text: { vi: 'x'.repeat(limits.text + 1) } };
    expect(faultsOf(bad).map((f) => `${f.field} ${f.word}`)).toEqual(['title marks', 'text long', 'areas empty', 'until order']);
  });
  it('wants text or sound', () => {
    expect(faultsOf({ ...base, text: { vi: ' ' }, audio: {} })).toEqual([{ field: 'text', language: 'vi', word: 'nothing' }]);
  });
  it('takes markup as text, and counts characters rather than code units', () => {
    expect(faultsOf({ ...base, title: '<b>&amp;</b>' })).toEqual([]);
    expect(faultsOf({ ...base, title: '𝕏'.repeat(limits.title) })).toEqual([]);
  });
});

it('plain leaves turning marks out and keeps line breaks', () => {
  expect(plain('a\u202eb\r\nc\u0007\u2066d\te')).toBe('ab\ncd\te');
});

it('days go to the server as moments of Vietnam, the last day whole, and come back', () => {
  const body = bodyOf(base);
  expect([body.validFrom, body.validUntil]).toEqual(['2026-11-20T17:00:00.000Z', '2026-12-21T17:00:00.000Z']);
  expect(contentOf({ ...body, author: 'a', revision: 1, state: 'draft' } as Bulletin, dayOf)).toEqual(base);
  expect(plusDays('2026-12-31', 1)).toBe('2027-01-01');
});

import { describe, expect, it } from 'vitest';
import type { Area } from '@/api/areas';
import { areasOf } from '@/api/areas';
import { reachable, startingArea } from './AreaChoice';
import { alone, bodyOf, called, clean, faults, lasts, moved, newWish, placeOf, recorded, renewalOf, textOf, wide, wishOf, withMessage, type Wish } from './wish';

const places: Area[] = [
  { code: '12', kind: 'province', nameVi: 'Lai Châu' },
  { code: '03388', kind: 'ward', nameVi: 'Đoàn Kết', parent: '12' },
  { code: '03388.01', kind: 'village', nameVi: 'Tổ dân phố số 1', parent: '03388' },
  { code: '03388.02', kind: 'village', nameVi: 'Bản Sùng Phài', parent: '03388' },
  { code: '03433', kind: 'commune', nameVi: 'Mường Tè', parent: '12' },
  { code: '03434', kind: 'commune', nameVi: 'Bum Tở', parent: '12' },
];
const areas = areasOf(places, false);
const flood = (): Wish => newWish('live', 'flood', ['03433'], 'xã Mường Tè');

describe('wide', () => {
  it.each([
    [['03433'], false],
    [['03388.01', '03388.02'], false],
    [['03388', '03388.01'], false],
    [['12'], true],
    [['03433', '03388'], true],
    [['03388.01', '03433'], true],
    [[], true],
  ])('%j: %s', (audience, want) => expect(wide(audience)).toBe(want));
});

describe('alone', () => {
  const officer = { roles: [{ name: 'officer' as const, area: '03433' }] };
  const broadcaster = { roles: [{ name: 'broadcaster' as const, area: '12' }] };
  it.each([
    ['an officer in the own commune', 'live', ['03433'], officer, true],
    ['an officer in a village of it', 'live', ['03433.01'], officer, true],
    ['an officer elsewhere', 'live', ['03388'], officer, false],
    ['an officer in two communes', 'live', ['03433', '03388'], officer, false],
    ['somebody of the province in one commune', 'live', ['03433'], broadcaster, false],
    ['somebody of the province everywhere', 'live', ['12'], broadcaster, false],
    ['anybody in a drill', 'drill', ['12'], broadcaster, true],
  ] as const)('%s: %s', (_, mode, audience, me, want) => {
    expect(alone(mode, [...audience], { roles: [...me.roles] })).toBe(want);
  });
});

describe('places', () => {
  it.each([
    ['12', 'tỉnh Lai Châu'],
    ['03433', 'xã Mường Tè'],
    ['03388', 'phường Đoàn Kết'],
    ['03388.01', 'tổ dân phố số 1'],
    ['03388.02', 'bản Sùng Phài'],
  ])('%s is called %s', (code, want) => {
    const area = areas.get(code);
    expect(area && called(area)).toBe(want);
  });

  it.each([
    [['03433'], 'xã Mường Tè'],
    [['03433', '03434'], 'xã Mường Tè và xã Bum Tở'],
    [['03388.01'], 'tổ dân phố số 1, phường Đoàn Kết'],
    [['03388.01', '03388.02'], 'tổ dân phố số 1 và bản Sùng Phài, phường Đoàn Kết'],
    [['03388.01', '03433'], 'tổ dân phố số 1 và xã Mường Tè'],
    [['03388', '03433', '03434', '12', '03388.01'], 'phường Đoàn Kết, xã Mường Tè, xã Bum Tở và 2 nơi khác'],
    [['99999'], '99999'],
  ])('%j is %s', (audience, want) => expect(placeOf(audience, areas)).toBe(want));

  it('offers only where the person may raise', () => {
    expect(reachable(['03433'], areas)).toEqual([{ code: '03433', whole: true }]);
    expect(reachable(['03388.01'], areas)).toEqual([{ code: '03388', whole: false }]);
    expect(reachable(['03388.01', '03388'], areas)).toEqual([{ code: '03388', whole: true }]);
    expect(reachable(['12'], areas).map((c) => c.code)).toEqual(['03434', '03388', '03433']);
  });

  it('begins with the one commune that there is, and never with a whole province', () => {
    expect(startingArea(['03433'])).toEqual(['03433']);
    expect(startingArea(['03388.01'])).toEqual(['03388.01']);
    expect(startingArea(['12'])).toEqual([]);
    expect(startingArea(['03433', '03388'])).toEqual([]);
  });
});

describe('text', () => {
  it('names the place, and a drill says that it is one, twice', () => {
    expect(textOf('flood', 'live', 'xã Mường Tè')).toContain('tại xã Mường Tè.');
    const drill = textOf('flood', 'drill', 'xã Mường Tè');
    expect(drill).toMatch(/^DIỄN TẬP\. /);
    expect(drill).toMatch(/không phải báo động thật\.$/);
    expect(textOf('flood', 'live', 'x')).not.toMatch(/diễn tập/i);
  });

  it('is written anew for another area, unless somebody wrote it', () => {
    const w = moved(flood(), ['03434'], 'xã Bum Tở');
    expect(w.messages[0]?.text).toContain('xã Bum Tở');
    const own = withMessage(flood(), { language: 'vi', text: 'Nước lên nhanh.', own: true });
    expect(moved(own, ['03434'], 'xã Bum Tở').messages[0]?.text).toBe('Nước lên nhanh.');
  });

  it.each([
    ['nothing', 'Lũ đang lên.\nChạy ngay!', 'Lũ đang lên.\nChạy ngay!', 0],
    ['marks that turn the direction', 'a\u202eb\u2066c', 'abc', 2],
    ['a soft hyphen and a zero-width space', 'x\u00ady\u200bz', 'xyz', 2],
    ['no joiner that a script needs', 'a\u200db\u200cc', 'a\u200db\u200cc', 0],
    ['line ends of other systems', 'a\r\nb\rc\u2028d', 'a\nb\nc\nd', 0],
    ['no marks of Vietnamese, put together', 'E\u0302\u0301', 'Ế', 0],
    ['no markup: it is text', '<b>lũ</b>', '<b>lũ</b>', 0],
  ])('drops %s', (_, text, want, dropped) => expect(clean(text)).toEqual({ text: want, dropped }));
});

describe('faults', () => {
  it.each([
    ['a new one has none', {}, []],
    ['nowhere', { audience: [] }, ['audience']],
    ['nothing said', { messages: [{ language: 'vi', text: '  ', own: true }] }, ['text']],
    ['only in another language', { messages: [{ language: 'vi', text: '', own: true }, { language: 'hmn', text: 'x', own: true }] }, []],
    ['4,001 characters', { messages: [{ language: 'vi', text: 'ữ'.repeat(4001), own: true }] }, ['long']],
    ['4,000 characters', { messages: [{ language: 'vi', text: 'ữ'.repeat(4000), own: true }] }, []],
    ['no end', { minutes: 24 * 60 + 1 }, ['minutes']],
    ['never', { repetitions: 0 }, ['repetitions']],
    ['not a number', { minutes: NaN }, ['minutes']],
  ] as [string, Partial<Wish>, string[]][])('%s', (_, change, want) => expect(faults({ ...flood(), ...change })).toEqual(want));
});

describe('what is asked for', () => {
  it('is the whole wish, and no level where none was announced', () => {
    expect(bodyOf(flood())).toEqual({
      mode: 'live', audience: ['03433'], hazard: 'flood', siren: { blasts: 2, seconds: 10, gap: 5 }, phrase: 'flood',
      messages: [{ language: 'vi', text: textOf('flood', 'live', 'xã Mường Tè') }], repetitions: 6, pause: 60, lifetimeSeconds: 21_600,
    });
    expect(bodyOf({ ...flood(), level: 3 })).toMatchObject({ level: 3 });
  });

  it('a drill is over soon, and heard once', () => {
    const w = newWish('drill', 'storm', ['03433'], 'x');
    expect([w.repetitions, w.minutes]).toEqual([1, 30]);
  });

  it('leaves empty languages out; what was only recorded says so', () => {
    let w = withMessage(flood(), { language: 'hmn', text: '  ', own: true });
    expect(w.messages.map((m) => m.language)).toEqual(['vi']);
    w = withMessage(w, { language: 'hmn', text: '', own: true, audio: { sha256: 'a'.repeat(64), seconds: 12, name: 'loi.m4a' } });
    expect(bodyOf(w).messages[1]).toEqual({ language: 'hmn', text: recorded('hmn'), audio: 'a'.repeat(64) });
    expect(recorded('hmn')).toMatch(/^Bản ghi âm .+\.$/);
  });

  it('keeps Vietnamese first', () => {
    const w = withMessage(withMessage(flood(), { language: 'hmn', text: 'a', own: true }), { language: 'vi', text: 'b', own: true });
    expect(w.messages.map((m) => m.language)).toEqual(['vi', 'hmn']);
  });

  it('an update says what the alert said, recordings too, and has no audience', () => {
    const w = wishOf({
      mode: 'live', id: 'x', hash: '', sequence: 1, hazard: 'flood', level: 2, audience: ['03433'], siren: { blasts: 1, seconds: 7, gap: 0 }, phrase: 'flood',
      messages: [{ language: 'vi', text: 'Nước lên.', audio: 'b'.repeat(64) }], repetitions: 4, pause: 9, by: 'a', persons: ['a'], names: [], state: 'active',
      counts: { targets: 0, sent: 0, accepted: 0, sounding: 0, heard: 0, silent: 0, unknown: 0, refused: 0, waiting: 0 },
    });
    expect(renewalOf(w)).toEqual({
      hazard: 'flood', level: 2, siren: { blasts: 1, seconds: 7, gap: 0 }, phrase: 'flood', messages: [{ language: 'vi', text: 'Nước lên.', audio: 'b'.repeat(64) }],
      repetitions: 4, pause: 9, lifetimeSeconds: 21_600,
    });
  });
});

describe('how long it lasts', () => {
  it('is siren, words and pauses', () => {
    const { round, all } = lasts(flood());
    expect(round).toBeCloseTo(2 * 10 + 5 + 0.5 + 15.6 + 0.5);
    expect(all).toBeCloseTo(6 * round + 5 * 60);
  });
  it('a drill has its voice before and after', () => {
    const w = newWish('drill', 'flood', ['03433'], 'x');
    expect(lasts(w).round - lasts({ ...w, mode: 'live' }).round).toBeCloseTo(2 * 3.3);
  });
  it('ends with its lifetime', () => {
    expect(lasts({ ...flood(), repetitions: 100, minutes: 15 }).all).toBe(900);
  });
});

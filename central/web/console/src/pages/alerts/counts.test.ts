import { describe, expect, it } from 'vitest';
import { reached, standings, sumOf, toneOf, toneOfStanding, worstFirst, type Counts } from './counts';
import { sorted, type Alert } from './useAlerts';
import { reachOf, spokenIn, type Brief } from './useReach';

const counts = (c: Partial<Counts>): Counts => {
  const all = { targets: 0, sent: 0, accepted: 0, sounding: 0, heard: 0, silent: 0, unknown: 0, refused: 0, waiting: 0, ...c };
  return { ...all, targets: standings.reduce((n, s) => n + all[s], 0) };
};

describe('tone', () => {
  it.each([
    [{}, 'none'],
    [{ heard: 5 }, 'good'],
    [{ heard: 4, silent: 1 }, 'bad'],
    [{ sounding: 4, refused: 1 }, 'bad'],
    [{ heard: 1, sounding: 1, waiting: 3 }, 'sounding'],
    [{ heard: 4, waiting: 1 }, 'pending'],
    [{ heard: 4, accepted: 1 }, 'pending'],
    [{ heard: 4, unknown: 1 }, 'unknown'],
    [{ unknown: 1, sent: 1 }, 'pending'],
  ] as const)('%j: %s', (c, want) => expect(toneOf(counts(c))).toBe(want));

  it('of one cluster never calls good what was not heard', () => {
    expect(standings.filter((s) => toneOfStanding(s) === 'good')).toEqual(['heard']);
    expect(toneOfStanding('of a newer server')).toBe('pending');
  });
});

describe('counts', () => {
  it('add up', () => {
    expect(sumOf([counts({ heard: 2, waiting: 1 }), counts({ heard: 1, silent: 1 })])).toEqual(counts({ heard: 3, waiting: 1, silent: 1 }));
    expect(sumOf([])).toEqual(counts({}));
  });
  it('reached are those that took it for certain', () => {
    expect(reached(counts({ heard: 1, sounding: 2, accepted: 4, silent: 8, sent: 16, waiting: 32, unknown: 64, refused: 128 }))).toBe(15);
  });
});

describe('clusters', () => {
  it('stand with the worst first, then by name as people count', () => {
    const all = [['a10', 'heard'], ['a2', 'heard'], ['b', 'waiting'], ['c', 'silent'], ['d', 'unknown'], ['e', 'refused']].map(([name = '', state = '']) => ({ name, state }));
    expect(worstFirst(all).map((c) => c.name)).toEqual(['c', 'e', 'd', 'b', 'a2', 'a10']);
  });
});

describe('alerts', () => {
  const alert = (id: string, state: Alert['state'], more: Partial<Alert> = {}): Alert => ({
    mode: 'live', id, hash: '', sequence: 1, hazard: 'flood', audience: ['03433'], siren: { blasts: 0, seconds: 0, gap: 0 }, phrase: 'flood', messages: [], repetitions: 1,
    pause: 0, by: 'a', persons: ['a'], names: [], state, counts: counts({}), ...more,
  });
  it('that nobody signed are left out, and live ones come before drills', () => {
    const found = sorted([
      alert('draft', 'gathering', { persons: [] }),
      alert('drill', 'active', { mode: 'drill', raised: 'x' }),
      alert('one', 'active', { raised: 'x' }),
      alert('half', 'gathering'),
      alert('over', 'ended', { raised: 'x' }),
      alert('dropped', 'ended', { persons: [] }),
      alert('never', 'ended'),
      alert('off', 'cancelled', { raised: 'x' }),
    ]);
    expect(found.active.map((a) => a.id)).toEqual(['one', 'drill']);
    expect(found.gathering.map((a) => a.id)).toEqual(['half']);
    expect(found.past.map((a) => a.id)).toEqual(['over', 'never', 'off']);
  });
});

describe('reach', () => {
  const brief = (id: string, area: string, languages: string[]): Brief => ({ id, name: id, area, languages, enrolled: true, online: true, onAir: [], faults: [] });
  const all = [brief('a', '03433.01', ['hmn', 'vi']), brief('b', '03433', ['vi']), brief('c', '03388', ['twh'])];
  const areas = { path: (code: string) => (code.includes('.') ? ['12', code.slice(0, 5), code] : ['12', code]) };
  it.each([
    [['03433'], ['a', 'b']],
    [['03433.01'], ['a']],
    [['12'], ['a', 'b', 'c']],
    [['03388', '03433.01'], ['a', 'c']],
    [[], []],
  ])('%j: %j', (audience, want) => expect(reachOf(all, audience, areas).map((b) => b.id)).toEqual(want));

  it('Vietnamese is asked for first, then what most speak', () => {
    expect(spokenIn(all)).toEqual(['vi', 'hmn', 'twh']);
    expect(spokenIn([])).toEqual(['vi']);
  });
});

import { describe, expect, it } from 'vitest';
import { inDay } from './day';
import { byDay, isChosen, joined, kinds, lines, localOfOccurrence, olderThan, toneOf, type Entry } from './record';

const entry = (given: Partial<Entry>): Entry => ({ at: '2026-11-21T22:30:00.000Z', kind: 'run', ...given });

describe('toneOf and isChosen', () => {
  it.each<[Partial<Entry>, string, string[]]>([
    [{ kind: 'run', fate: 'finished', verdict: 'heard' }, 'ok', ['all', 'sound']],
    [{ kind: 'run', fate: 'finished', verdict: 'unknown' }, 'unknown', ['all', 'sound']],
    [{ kind: 'run', fate: 'finished' }, 'unknown', ['all', 'sound']],
    [{ kind: 'run', fate: 'finished', verdict: 'silent' }, 'warn', ['all', 'sound', 'trouble']],
    [{ kind: 'run', fate: 'started' }, 'air', ['all', 'sound']],
    [{ kind: 'run', fate: 'cut', verdict: 'heard' }, 'ok', ['all', 'sound']],
    [{ kind: 'run', fate: 'stopped', verdict: 'unknown' }, 'unknown', ['all', 'sound']],
    [{ kind: 'run', fate: 'failed', verdict: 'heard' }, 'warn', ['all', 'sound', 'trouble']],
    [{ kind: 'run', fate: 'missed' }, 'warn', ['all', 'trouble']],
    [{ kind: 'run', fate: 'pressed' }, 'plain', ['all']],
    [{ kind: 'self-test', fate: 'finished', verdict: 'heard' }, 'ok', ['all']],
    [{ kind: 'self-test', fate: 'finished', verdict: 'silent' }, 'warn', ['all', 'trouble']],
    [{ kind: 'self-test', fate: 'finished', verdict: 'unknown' }, 'unknown', ['all']],
    [{ kind: 'self-test', fate: 'missed' }, 'unknown', ['all']],
    [{ kind: 'self-test', fate: 'failed' }, 'warn', ['all', 'trouble']],
    [{ kind: 'self-test', fate: 'started' }, 'plain', ['all']],
    [{ kind: 'order', fate: 'accepted' }, 'plain', ['all']],
    [{ kind: 'order', fate: 'waiting' }, 'unknown', ['all']],
    [{ kind: 'order', fate: 'refused', reason: 'expired' }, 'warn', ['all', 'trouble']],
    [{ kind: 'order', fate: 'lapsed' }, 'warn', ['all', 'trouble']],
    [{ kind: 'offline' }, 'warn', ['all', 'trouble']],
    [{ kind: 'online' }, 'ok', ['all']],
    [{ kind: 'fault', part: 'sound main' }, 'warn', ['all', 'trouble']],
    [{ kind: 'recovered', part: 'sound main' }, 'ok', ['all']],
    [{ kind: 'due', reason: 'offline' }, 'warn', ['all', 'trouble']],
    [{ kind: 'due', reason: 'unknown' }, 'unknown', ['all', 'trouble']],
  ])('%o', (given, tone, chosen) => {
    const e = entry(given);
    expect(toneOf(e)).toBe(tone);
    expect(kinds.filter((k) => isChosen(e, k))).toEqual(chosen);
  });
});

describe('pages', () => {
  const page = (...at: string[]) => ({ entries: at.map((a) => entry({ at: `2026-11-21T${a}Z`, occurrence: a })) });

  it('go on in the millisecond in which the last one ended', () => {
    expect(olderThan([page('10:00:00.000', '09:00:00.000')], 2)).toBe('2026-11-21T09:00:00.001Z');
  });

  it('end with one that is not full, or brings nothing new', () => {
    const full = page('10:00:00.000', '09:00:00.000');
    expect(olderThan([page('10:00:00.000')], 2)).toBeUndefined();
    expect(olderThan([page()], 2)).toBeUndefined();
    expect(olderThan([full, full], 2)).toBeUndefined();
  });

  it('are joined without what stands on both', () => {
    const all = joined([page('10:00:00.000', '09:00:00.000'), page('09:00:00.000', '08:00:00.000')]);
    expect(all.map((e) => e.occurrence)).toEqual(['10:00:00.000', '09:00:00.000', '08:00:00.000']);
  });
});

describe('lines', () => {
  const missed = (at: string, detail = 'did not begin: x') => entry({ fate: 'missed', at, detail });
  const counts = (all: Entry[]) => lines(all).map((l) => l.also.length + 1);
  it('are one for what was missed for one reason and told at one time', () => {
    expect(counts([missed('2026-11-21T10:00:00Z'), missed('2026-11-21T10:00:00Z'), missed('2026-11-21T09:59:30Z')])).toEqual([3]);
  });
  it('are two for two reasons, for two times, and around something else', () => {
    const at = '2026-11-21T10:00:00Z';
    expect(counts([missed(at), missed(at, 'other'), missed(at)])).toEqual([1, 1, 1]);
    expect(counts([missed(at), missed('2026-11-21T08:00:00Z')])).toEqual([1, 1]);
    expect(counts([missed(at), entry({ kind: 'online' }), missed(at)])).toEqual([1, 1, 1]);
    expect(counts([entry({ fate: 'finished' }), entry({ fate: 'finished' })])).toEqual([1, 1]);
  });
  it('gather orders of a kind that met with no trouble', () => {
    const order = (orderKind: string, fate = 'accepted') => entry({ kind: 'order', orderKind, fate });
    expect(counts([order('bulletin'), order('bulletin'), order('plan'), order('plan', 'superseded')])).toEqual([2, 1, 1]);
    expect(counts([order('bulletin', 'refused'), order('bulletin', 'refused')])).toEqual([1, 1]);
    expect(counts([order('alert'), order('alert')])).toEqual([1, 1]);
  });
  it('gather what was due while it was away', () => {
    const due = (reason: string) => entry({ kind: 'due', reason });
    expect(counts([due('offline'), due('offline'), due('unknown')])).toEqual([2, 1]);
  });
  it('stand under their days', () => {
    const days = byDay(lines([entry({ at: '2026-11-21T18:00:00Z' }), entry({ at: '2026-11-21T17:30:00Z' }), entry({ at: '2026-11-21T16:00:00Z' })]), (at) =>
      new Date(Date.parse(at) + 7 * 3600_000).toISOString().slice(0, 10),
    );
    expect(days.map((d) => [d.day, d.lines.length])).toEqual([
      ['2026-11-22', 2],
      ['2026-11-21', 1],
    ]);
  });
});

it.each([
  ['tin-sang@2026-11-21T05:30:00', '2026-11-21T05:30:00'],
  ['alert/live/x/1#2', undefined],
  [undefined, undefined],
])('%s was planned for %s', (occurrence, want) => expect(localOfOccurrence(occurrence)).toBe(want));

describe('inDay', () => {
  const slot = (from: string, until: string) => ({ item: from, occurrence: from, class: 'routine', from: `2026-11-22T${from}:00+07:00`, until: `2026-11-22T${until}:00+07:00` });
  const day = [slot('05:30', '05:32'), slot('05:32', '05:40'), slot('17:00', '17:02'), slot('17:02', '17:10')];
  it.each([
    ['05:00', ['next', 'later', 'later', 'later']],
    ['05:30', ['now', 'next', 'later', 'later']],
    ['05:32', ['over', 'now', 'next', 'later']],
    ['12:00', ['over', 'over', 'next', 'later']],
    ['18:00', ['over', 'over', 'over', 'over']],
  ])('at %s', (at, want) => {
    expect(inDay(day, Date.parse(`2026-11-22T${at}:00+07:00`)).map((s) => s.stands)).toEqual(want);
  });
});

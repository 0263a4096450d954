import { describe, expect, it } from 'vitest';
import { casesOf, outcomeOf, type Overlap } from './conflict';
import { skipOf } from './skipped';

const overlap = (o: Partial<Overlap>): Overlap => ({ first: 'a', second: 'b', at: '2026-11-21T05:33:00+07:00', times: 1, undecided: false, outcome: '', ...o });

describe('outcomeOf', () => {
  it.each([
    ['a plays, b is missed', { kind: 'missed' }],
    ['a cuts in, and b does not go on', { kind: 'lost' }],
    ['a plays, b waits until 2026-11-21 05:36', { kind: 'waits', at: '2026-11-20T22:36:00.000Z' }],
    ['a cuts in, b goes on at 2026-11-21 05:38', { kind: 'goesOn', at: '2026-11-20T22:38:00.000Z' }],
    ['', { kind: 'overlap' }],
    ['b plays, a is missed', { kind: 'overlap' }], // not what first and second say
    ['a plays, b waits until later', { kind: 'overlap' }],
    ['a plays, bb is missed', { kind: 'overlap' }],
  ])('%s', (outcome, want) => {
    expect(outcomeOf(overlap({ outcome }))).toEqual(want);
  });

  it('is not fooled by names like the words', () => {
    expect(outcomeOf({ first: 'plays', second: 'is', outcome: 'plays plays, is is missed' })).toEqual({ kind: 'missed' });
  });
});

describe('casesOf', () => {
  it('puts together what is alike', () => {
    const cases = casesOf('a', [
      overlap({ second: 'b', outcome: 'a plays, b is missed', times: 7 }),
      overlap({ second: 'c', outcome: 'a plays, c is missed', times: 14 }),
      overlap({ first: 'd', second: 'a', outcome: 'd plays, a waits until 2026-11-21 05:36' }),
    ]);
    expect(cases).toHaveLength(2);
    expect(cases[0]).toMatchObject({ first: true, others: ['b', 'c'], times: 14, outcome: { kind: 'missed' } });
    expect(cases[1]).toMatchObject({ first: false, others: ['d'], outcome: { kind: 'waits' } });
  });

  it('leaves apart what somebody must decide, and shows it first', () => {
    const cases = casesOf('a', [
      overlap({ second: 'c', outcome: 'a plays, c is missed', at: '2026-11-20T00:00:00Z' }),
      overlap({ second: 'b', outcome: 'a plays, b is missed', undecided: true }),
      overlap({ second: 'd', outcome: 'a plays, d is missed', undecided: true }),
    ]);
    expect(cases.map((c) => c.others)).toEqual([['b'], ['d'], ['c']]);
  });
});

describe('skipOf', () => {
  it.each([
    ['did not begin: output main was held by tinh-sang@2026-11-21T05:30:00', { why: { kind: 'held', by: 'tinh-sang' } }],
    ['was cut after 1m30s and did not go on: output main was held by b@2026-11-21T05:30:00', { heard: 90, why: { kind: 'held', by: 'b' } }],
    ['did not begin: the board was not running or did not know the time', { why: { kind: 'off' } }],
    ['did not begin: this board has no output east', { why: { kind: 'output' } }],
    ['did not begin: audio 3f2a is on its way', { why: { kind: 'waits' } }],
    ['something new', { why: { kind: 'other' } }],
  ])('%s', (reason, want) => {
    expect(skipOf(reason)).toEqual(want);
  });
});

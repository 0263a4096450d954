import { describe, expect, it } from 'vitest';
import { areasOf } from '@/api/areas';
import { someAreas } from '@/test/page';
import { cluster } from '@/test/fleet';
import { aroundOf } from './around';
import { bytesIn, lengthIn, secondsOf } from './length';
import { brokenOf, type Evidence, type Sensed } from './sensed';

describe('lengths', () => {
  it.each([
    ['2s', 2],
    ['1m3s', 63],
    ['1h2m3.5s', 3723.5],
    ['800ms', 0.8],
    ['2m', 120],
    ['', undefined],
    ['soon', undefined],
  ])('%s is read', (text, want) => expect(secondsOf(text)).toBe(want));

  it.each([
    ['vi', 0, '0 giây'],
    ['vi', 63, '1 phút 3 giây'],
    ['vi', 60, '1 phút'],
    ['vi', 3600 * 25, '1 ngày 1 giờ'],
    ['vi', 86_400 + 5, '1 ngày'],
    ['vi', 2.5, '2,5 giây'],
    ['en', 63, '1 minute 3 seconds'],
    ['en', 128.7, '2 minutes 9 seconds'],
  ])('in %s %d s are said', (language, seconds, want) => expect(lengthIn(language, seconds)).toBe(want));

  it.each([
    ['vi', 68_000_000_000, '68 GB'],
    ['en', 1_500_000, '1.5 MB'],
  ])('in %s %d bytes are said', (language, bytes, want) => expect(bytesIn(language, bytes)).toBe(want));
});

describe('brokenOf', () => {
  const sensor = (quantity: string, verdict: string, level = 0.12): Sensed => ({ name: quantity, quantity, verdict, level, rest: 0.12, correlation: 0 });
  const of = (...sensors: Sensed[]): Evidence => ({ output: 'main', samples: 1, rms: -20, peak: -2, position: 1, sources: [], verdict: 'silent', sensors });
  it.each<[string, Evidence | undefined, string | undefined]>([
    ['no current at all', of(sensor('current', 'silent', 0.001), sensor('sound', 'silent')), 'amplifier'],
    ['no current, and nobody listens', of(sensor('current', 'silent', 0)), 'amplifier'],
    ['a current that takes no notice of the sound', of(sensor('current', 'silent', 0.12), sensor('sound', 'silent')), 'horns'],
    ['a current that follows, and no sound', of(sensor('current', 'heard', 1.4), sensor('sound', 'silent')), 'horns'],
    ['a silence of which the current is not known', of(sensor('sound', 'silent')), undefined],
    ['a current sensor that is out of order', of(sensor('current', 'unknown', 0), sensor('sound', 'silent')), undefined],
    ['all is well', of(sensor('current', 'heard'), sensor('sound', 'heard')), undefined],
    ['no sensors', of(), undefined],
    ['no evidence', undefined, undefined],
  ])('%s', (_, evidence, want) => expect(brokenOf(evidence)).toBe(want));
});

describe('aroundOf', () => {
  const areas = areasOf(someAreas, false);
  const here = cluster({ id: 'a', online: false });
  const well = (id: string, area = '03388.01') => cluster({ id, area });
  const away = (id: string) => cluster({ id, online: false });
  it.each<[string, ReturnType<typeof cluster>[], string, number]>([
    ['the others are there', [here, well('b'), well('c', '03388')], 'alone', 2],
    ['some of the others are away', [here, well('b'), away('c')], 'some', 2],
    ['all of the others are away', [here, away('b'), away('c')], 'all', 2],
    ['there are no others', [here, well('b', '03424.01')], 'nothing', 0],
    ['one that was never there says nothing', [here, cluster({ id: 'b', online: false, seen: undefined })], 'nothing', 0],
  ])('%s', (_, all, says, others) => {
    expect(aroundOf(here, all, areas)).toMatchObject({ says, others, commune: '03388' });
  });
});

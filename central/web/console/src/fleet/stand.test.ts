import { describe, expect, it } from 'vitest';
import { cluster, sounding } from '@/test/fleet';
import { count, drilling, isIn, standOf, states, type Brief } from './stand';

const silence = (code: string) => ({ code: code as 'offline', params: {} });
const fault = [{ part: 'audio', detail: 'download 12: no' }];

describe('standOf', () => {
  it.each<[string, Partial<Brief>, string]>([
    ['is ready where nothing is wrong', {}, 'ready'],
    ['has no board', { enrolled: false, online: false, silence: silence('never-enrolled') }, 'absent'],
    ['is away', { online: false, silence: silence('offline') }, 'offline'],
    ['was never there', { online: false, seen: undefined, silence: silence('never-seen') }, 'offline'],
    ['is away, whatever it last played', { online: false, onAir: sounding(), silence: silence('offline') }, 'offline'],
    ['plays', { onAir: sounding() }, 'onAir'],
    ['plays, and was not heard the last time', { onAir: sounding(), silence: silence('last-silent') }, 'onAir'],
    ['plays by its own word with a dead relay', { onAir: sounding(), silence: silence('relay-fault') }, 'silent'],
    ['plays by its own word without a sound card', { onAir: sounding(), silence: silence('sound-fault') }, 'silent'],
    ['was not heard', { silence: silence('last-silent') }, 'silent'],
    ['failed its self-test', { silence: silence('test-silent') }, 'silent'],
    ['has no plan', { silence: silence('no-plan') }, 'silent'],
    ['does not know the time', { silence: silence('clock-untrusted') }, 'silent'],
    ['cannot write, and sounds all the same', { faults: fault, silence: silence('store-fault') }, 'faulty'],
    ['misses a file', { faults: fault, silence: silence('other-fault') }, 'faulty'],
    ['tells of a fault that nobody explains', { faults: fault }, 'faulty'],
    ['is silent for a reason of a newer server', { silence: silence('eaten-by-a-goat') }, 'silent'],
  ])('%s', (_, given, want) => {
    expect(standOf(cluster(given))).toBe(want);
  });
});

describe('isIn', () => {
  it.each<[string, Partial<Brief>, string[]]>([
    ['ready', {}, ['online']],
    ['on air', { onAir: sounding() }, ['online', 'onAir']],
    ['away while it was on air', { online: false, onAir: sounding(), silence: silence('offline') }, ['offline', 'silent']],
    ['away with an old fault', { online: false, faults: fault, silence: silence('offline') }, ['offline', 'silent']],
    ['without a board', { enrolled: false, online: false }, ['offline', 'silent']],
    ['not heard', { silence: silence('last-silent') }, ['online', 'faults', 'silent']],
    ['with a fault that leaves its sound', { faults: fault, silence: silence('other-fault') }, ['online', 'faults']],
    ['on air with a fault', { onAir: sounding(), faults: fault, silence: silence('other-fault') }, ['online', 'onAir', 'faults']],
  ])('%s', (_, given, want) => {
    const b = cluster(given);
    expect(states.filter((s) => isIn(b, s))).toEqual(want);
    expect(count([b, b])).toEqual({ all: 2, online: 0, offline: 0, onAir: 0, faults: 0, silent: 0, ...Object.fromEntries(want.map((s) => [s, 2])) });
  });
});

describe('drilling', () => {
  it.each<[string, Brief['onAir'], boolean]>([
    ['a drill', sounding({ mode: 'drill', class: 'emergency' }), true],
    ['the real thing', sounding({ class: 'emergency' }), false],
    ['both', [...sounding({ mode: 'drill' }), ...sounding()], false],
    ['nothing', [], false],
  ])('%s', (_, onAir, want) => expect(drilling({ onAir })).toBe(want));
});

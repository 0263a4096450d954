import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetServerTime, noteServerTime, serverNow } from './clock';
import { Live, lostAfter, staleAfter, type Stream } from './live';
import { follow } from './queries';
import type { Schema } from './client';

class Fake implements Stream {
  closed = false;
  private listeners = new Map<string, (e: { data?: unknown }) => void>();
  addEventListener(name: string, listener: (e: { data?: unknown }) => void) {
    this.listeners.set(name, listener);
  }
  close() {
    this.closed = true;
  }
  tell(name: string, data: unknown) {
    this.listeners.get(name)?.({ data: typeof data === 'string' ? data : JSON.stringify(data) });
  }
}

const at = '2026-11-21T10:00:00Z';
let streams: Fake[];
let live: Live;
let refused: ReturnType<typeof vi.fn<() => void>>;
const last = () => streams[streams.length - 1]!;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] });
  streams = [];
  refused = vi.fn<() => void>();
  forgetServerTime();
  live = new Live(
    () => {
      const s = new Fake();
      streams.push(s);
      return s;
    },
    refused,
    () => 1,
  );
});
afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

const beats = (seconds: number) => {
  for (let s = 0; s < seconds; s += 10) {
    vi.advanceTimersByTime(10_000);
    last().tell('beat', { at });
  }
};

describe('live', () => {
  it('is connecting, live, old, and says how old', () => {
    expect(live.connection()).toEqual({ state: 'off' });
    live.start();
    expect(live.connection()).toEqual({ state: 'connecting' });
    last().tell('hello', { at, boot: 'a' });
    expect(live.connection()).toEqual({ state: 'live' });
    beats(60);
    expect(live.connection()).toEqual({ state: 'live' });
    vi.advanceTimersByTime(staleAfter);
    expect(live.connection()).toEqual({ state: 'live' });
    vi.advanceTimersByTime(1000);
    expect(live.connection()).toEqual({ state: 'old', age: 16 });
    vi.advanceTimersByTime(9000);
    expect(live.connection()).toEqual({ state: 'old', age: 25 });
    last().tell('beat', { at });
    expect(live.connection()).toEqual({ state: 'live' });
  });

  it('draws nothing anew while all is well', () => {
    live.start();
    last().tell('hello', { at, boot: 'a' });
    const watcher = vi.fn();
    live.watch(watcher);
    beats(600);
    expect(watcher).not.toHaveBeenCalled();
  });

  it('measures by no clock that somebody can set', () => {
    live.start();
    last().tell('hello', { at, boot: 'a' });
    vi.setSystemTime(new Date('2031-01-01T00:00:00Z'));
    vi.advanceTimersByTime(1001);
    last().tell('hello', { at, boot: 'a' });
    expect(live.connection()).toEqual({ state: 'live' });
    vi.advanceTimersByTime(21_000);
    expect(live.connection()).toEqual({ state: 'old', age: 20 });
    last().tell('beat', { at });
    vi.setSystemTime(new Date('1970-01-01T00:00:00Z'));
    vi.advanceTimersByTime(1001);
    last().tell('hello', { at, boot: 'a' });
    vi.advanceTimersByTime(21_000);
    expect(live.connection()).toEqual({ state: 'old', age: 20 });
  });

  it('knows nothing after the desk slept, and connects at once', () => {
    live.start();
    last().tell('hello', { at, boot: 'a' });
    vi.setSystemTime(new Date(Date.now() + 3_600_000)); // while performance.now() stood still
    vi.advanceTimersByTime(1001);
    expect(live.connection()).toEqual({ state: 'old' });
    expect(streams).toHaveLength(2);
    expect(streams[0]?.closed).toBe(true);
    last().tell('hello', { at, boot: 'a' });
    expect(live.connection()).toEqual({ state: 'live' });
  });

  it('is made anew when nothing is heard any more, though nothing broke', () => {
    live.start();
    last().tell('hello', { at, boot: 'a' });
    vi.advanceTimersByTime(lostAfter);
    expect(streams).toHaveLength(1);
    vi.advanceTimersByTime(2000);
    expect(streams[0]?.closed).toBe(true);
    expect(streams).toHaveLength(2);
  });

  it('is made anew when it breaks, later each time, and soon again after a success', () => {
    live.start();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const n = streams.length;
      last().tell('error', '');
      let waited = 0;
      while (streams.length === n) {
        vi.advanceTimersByTime(100);
        waited += 100;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    last().tell('hello', { at, boot: 'a' });
    const n = streams.length;
    last().tell('error', '');
    vi.advanceTimersByTime(500);
    expect(streams).toHaveLength(n + 1);
  });

  it('waits differently from desk to desk', () => {
    const early = new Live(() => new Fake(), undefined, () => 0);
    const spy = vi.spyOn(globalThis, 'setTimeout');
    const s = new Fake();
    Object.assign(early, { open: () => s });
    early.start();
    s.tell('error', '');
    expect(spy.mock.calls.at(-1)?.[1]).toBe(250);
    early.stop();
  });

  it('asks whether the session has ended when it is refused', () => {
    live.start();
    last().tell('error', '');
    expect(refused).toHaveBeenCalledTimes(1);
  });

  it('tells what was missed from the second stream on', () => {
    const missed = vi.fn();
    live.missed(missed);
    live.start();
    last().tell('hello', { at, boot: 'a' });
    expect(missed).not.toHaveBeenCalled();
    last().tell('error', '');
    vi.advanceTimersByTime(1000);
    last().tell('hello', { at, boot: 'a' });
    expect(missed).toHaveBeenCalledTimes(1);
  });

  it('hears nothing more from a stream that was left', () => {
    live.start();
    const old = last();
    old.tell('error', '');
    vi.advanceTimersByTime(1000);
    old.tell('hello', { at, boot: 'a' });
    expect(live.connection().state).toBe('connecting');
  });

  it('passes over a line that cannot be read', () => {
    const got = vi.fn();
    live.on('order', got);
    live.start();
    last().tell('order', '{"hash":');
    last().tell('order', { hash: 'h' });
    expect(got).toHaveBeenCalledTimes(1);
  });

  it('hurries only when it is old', () => {
    live.start();
    last().tell('hello', { at, boot: 'a' });
    live.hurry();
    vi.advanceTimersByTime(0);
    expect(streams).toHaveLength(1);
    vi.advanceTimersByTime(20_000);
    live.hurry();
    vi.advanceTimersByTime(0);
    expect(streams).toHaveLength(2);
  });
});

describe('the server’s time', () => {
  it('is right on a desk whose clock is wrong by a day', () => {
    vi.setSystemTime(new Date('2026-11-22T10:00:00Z'));
    noteServerTime('Sat, 21 Nov 2026 09:59:59 GMT', 'header');
    expect(new Date(serverNow()).toISOString()).toBe('2026-11-21T09:59:59.000Z');
    live.start();
    last().tell('hello', { at: '2026-11-21T10:00:00.25Z', boot: 'a' });
    vi.advanceTimersByTime(1500);
    vi.setSystemTime(new Date('2020-01-01T00:00:00Z'));
    expect(new Date(serverNow()).toISOString()).toBe('2026-11-21T10:00:01.750Z');
    noteServerTime('Sat, 21 Nov 2026 11:00:00 GMT', 'header'); // coarser than a beat
    expect(new Date(serverNow()).toISOString()).toBe('2026-11-21T10:00:01.750Z');
  });
});

describe('what queries hold', () => {
  const brief = (id: string, online: boolean): Schema<'Brief'> => ({ id, name: id, area: '03388', languages: ['vi'], online, onAir: [], faults: [], enrolled: true });
  const client = new QueryClient();
  let invalidated: string[];
  let off: () => void;
  beforeEach(() => {
    client.clear();
    invalidated = [];
    vi.spyOn(client, 'invalidateQueries').mockImplementation((f) => {
      invalidated.push(JSON.stringify(f?.queryKey ?? 'all'));
      return Promise.resolve();
    });
    off = follow(client, live);
    live.start();
    last().tell('hello', { at, boot: 'a' });
  });
  afterEach(() => off());

  it('is patched where a cluster changes, and only there', () => {
    client.setQueryData(['clusters', 'brief'], { at, clusters: [brief('a', true), brief('b', true)] });
    const b = client.getQueryData<Schema<'Briefs'>>(['clusters', 'brief'])!.clusters[1];
    last().tell('clusters', [brief('a', false)]);
    const now = client.getQueryData<Schema<'Briefs'>>(['clusters', 'brief'])!;
    expect(now.clusters.map((c) => c.online)).toEqual([false, true]);
    expect(now.clusters[1]).toBe(b);
    vi.advanceTimersByTime(300);
    expect(invalidated.sort()).toEqual(['["alarms"]', '["clusters","a"]']);
  });

  it('is asked for anew where a cluster is not in the whole list, but not in an area’s', () => {
    client.setQueryData(['clusters', 'brief'], { at, clusters: [] });
    client.setQueryData(['clusters', 'brief', '03388'], { at, clusters: [] });
    last().tell('clusters', [brief('new', true)]);
    vi.advanceTimersByTime(300);
    expect(invalidated).toContain('["clusters","brief"]');
    expect(invalidated).not.toContain('["clusters","brief","03388"]');
  });

  it('is asked for once after many events', () => {
    for (let i = 0; i < 50; i++) last().tell('order', { hash: String(i), kind: 'alert', mode: 'live', subject: 'x', state: 'sealed' });
    vi.advanceTimersByTime(300);
    expect(invalidated.sort()).toEqual(['["alerts"]', '["orders"]']);
  });

  it.each([
    ['programmes', ['["programmes"]', '["schedule"]']],
    ['bulletins', ['["bulletins"]', '["schedule"]']],
    ['people', ['["me"]', '["persons"]']],
    ['alerts', ['["alerts"]']],
    ['areas', ['["areas"]', '["clusters"]', '["stations"]']],
  ])('follows %s', (what, keys) => {
    last().tell('content', { what, id: 'x' });
    vi.advanceTimersByTime(300);
    expect(invalidated.sort()).toEqual(keys);
  });

  it('is asked for whole when something was missed', () => {
    last().tell('error', '');
    vi.advanceTimersByTime(1000);
    last().tell('hello', { at, boot: 'b' });
    expect(invalidated).toEqual(['"all"']);
  });
});

import { noteServerTime } from './clock';
import type { Schema } from './client';

/** What the server tells by itself, by event. */
export interface LiveEvents {
  hello: { at: string; boot: string };
  beat: { at: string };
  clusters: Schema<'Brief'>[];
  order: { hash: string; kind: string; mode: 'live' | 'drill'; subject: string; state: string; counts: Schema<'OrderCounts'> };
  content: { what: 'bulletins' | 'programmes' | 'people' | 'alerts' | 'areas'; id: string };
}
type Name = keyof LiveEvents;
const names: Name[] = ['hello', 'beat', 'clusters', 'order', 'content'];

/** The server beats every 10 s. Silent for longer than staleAfter, what is shown
 * is called old; for longer than lostAfter, the connection is made anew. ms. */
export const staleAfter = 15_000;
export const lostAfter = 30_000;
const firstWait = 500;
const longestWait = 15_000;
/** A look at the connection, ms. */
const lookEvery = 1_000;
/** By so much the two clocks of a desk part when it slept, or when somebody set
 * one, ms. */
const jump = 5_000;

export interface Connection {
  /** connecting: never heard yet; live: heard lately; old: not heard lately. */
  state: 'off' | 'connecting' | 'live' | 'old';
  /** Seconds since the server was last heard, where it ever was and where that
   * can be told: a desk that slept does not know for how long. */
  age?: number;
}

/** What Live needs of EventSource. */
export interface Stream {
  addEventListener(name: string, listener: (e: { data?: unknown }) => void): void;
  close(): void;
}

/**
 * Live holds one stream of events, makes it anew when it breaks, and knows how
 * old what is shown is. Time is measured by performance.now(): a desk whose
 * clock is wrong, or is put right, changes nothing.
 */
export class Live {
  private stream?: Stream;
  private heard?: number; // performance.now() of the last event
  private opened = 0;
  private attempts = 0;
  private retry?: ReturnType<typeof setTimeout>;
  private looking?: ReturnType<typeof setInterval>;
  private boots = 0;
  private slept = false;
  private parted = parting();
  private shown: Connection = { state: 'off' };
  private readonly watchers = new Set<() => void>();
  private readonly handlers = new Map<Name, Set<(data: never) => void>>();

  constructor(
    private readonly open: () => Stream,
    /** refused is asked when a stream did not open: the session may have ended. */
    private readonly refused: () => void = () => undefined,
    private readonly random: () => number = Math.random,
  ) {}

  start() {
    if (this.looking) return;
    this.parted = parting();
    this.looking = setInterval(() => this.look(), lookEvery);
    this.connect();
  }

  stop() {
    clearInterval(this.looking);
    clearTimeout(this.retry);
    this.looking = undefined;
    this.stream?.close();
    this.stream = undefined;
    this.heard = undefined;
    this.slept = false;
    this.attempts = 0;
    this.boots = 0;
    this.look();
  }

  /** hurry tries at once, as when the desk wakes or its network is back. */
  hurry() {
    if (!this.looking) return;
    const age = this.heard === undefined ? Infinity : performance.now() - this.heard;
    if (age > staleAfter) this.reconnect(0);
  }

  on<N extends Name>(name: N, handler: (data: LiveEvents[N]) => void): () => void {
    const set = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, set);
    set.add(handler as (data: never) => void);
    return () => {
      set.delete(handler as (data: never) => void);
    };
  }

  /** missed tells of every stream but the first: something may have been missed,
   * and what is shown must be fetched afresh. */
  missed(handler: () => void): () => void {
    return this.on('hello', () => {
      if (this.boots > 1) handler();
    });
  }

  watch = (watcher: () => void) => {
    this.watchers.add(watcher);
    return () => {
      this.watchers.delete(watcher);
    };
  };

  connection = () => this.shown;

  private connect() {
    this.stream?.close();
    const stream = this.open();
    this.stream = stream;
    this.opened = performance.now();
    for (const name of names) {
      stream.addEventListener(name, (e) => {
        if (this.stream === stream) this.take(name, String(e.data));
      });
    }
    stream.addEventListener('error', () => {
      if (this.stream !== stream) return;
      this.refused();
      this.reconnect();
    });
    this.look();
  }

  private take<N extends Name>(name: N, text: string) {
    let data: LiveEvents[N];
    try {
      data = JSON.parse(text) as LiveEvents[N];
    } catch {
      return; // A line that was cut off is no news.
    }
    this.heard = performance.now();
    this.slept = false;
    this.attempts = 0;
    if (name === 'hello') this.boots++;
    if (name === 'hello' || name === 'beat') noteServerTime((data as LiveEvents['beat']).at, 'beat');
    this.handlers.get(name)?.forEach((h) => h(data as never));
    this.look();
  }

  private reconnect(wait = this.wait()) {
    this.stream?.close();
    this.stream = undefined;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), wait);
    this.look();
  }

  /** wait grows, and differs from desk to desk, so that a server that comes back
   * is not run over. */
  private wait() {
    const most = Math.min(longestWait, firstWait * 2 ** this.attempts++);
    return most / 2 + (this.random() * most) / 2;
  }

  private look() {
    const now = performance.now();
    if (this.looking && Math.abs(parting() - this.parted) > jump) {
      this.parted = parting();
      this.slept = true;
      this.reconnect(0);
      return;
    }
    if (this.looking && this.stream && now - Math.max(this.heard ?? 0, this.opened) > lostAfter) {
      this.reconnect();
      return;
    }
    const next = this.judge(now);
    if (next.state === this.shown.state && next.age === this.shown.age) return;
    this.shown = next;
    this.watchers.forEach((w) => w());
  }

  private judge(now: number): Connection {
    if (!this.looking) return { state: 'off' };
    if (this.heard === undefined) return { state: 'connecting' };
    if (this.slept) return { state: 'old' };
    const age = now - this.heard;
    // While all is well nobody counts seconds, and nothing is drawn anew.
    if (age <= staleAfter && this.stream) return { state: 'live' };
    return { state: age > staleAfter || !this.stream ? 'old' : 'live', age: Math.floor(age / 1000) };
  }
}

/** parting is how far the desk's clock is from performance.now(), ms. It tells
 * no time: while a desk sleeps the one goes on and the other may not, so that a
 * change says that something was missed. */
function parting(): number {
  return Date.now() - performance.now(); // eslint-disable-line no-restricted-properties
}

import type { Schema } from '@/api/client';

export type Brief = Schema<'Brief'>;

/**
 * Stand is how a cluster is, in the one word that matters most.
 * absent: no board; offline: nothing is heard of it; silent: it is there and
 * would not sound; faulty: something is wrong and it would sound all the same.
 */
export type Stand = 'absent' | 'offline' | 'silent' | 'onAir' | 'faulty' | 'ready';

/** Causes that leave a board's sound as it is. */
const harmless = ['other-fault', 'store-fault'];
/** Causes that make what the board takes for sounding silent all the same. */
const dead = ['relay-fault', 'sound-fault'];

export function standOf(b: Brief): Stand {
  if (!b.enrolled) return 'absent';
  if (!b.online) return 'offline';
  const cause = b.silence?.code;
  if (cause && dead.includes(cause)) return 'silent';
  if (b.onAir.length > 0) return 'onAir';
  if (cause && !harmless.includes(cause)) return 'silent';
  return cause || b.faults.length > 0 ? 'faulty' : 'ready';
}

/** States by which clusters are filtered. They overlap: what is on air is online. */
export const states = ['online', 'offline', 'onAir', 'faults', 'silent'] as const;
export type State = (typeof states)[number];

const stands: Record<State, Stand[]> = {
  online: ['silent', 'onAir', 'faulty', 'ready'],
  offline: ['absent', 'offline'],
  onAir: ['onAir'],
  faults: ['silent', 'faulty'],
  silent: ['absent', 'offline', 'silent'],
};

export function isIn(b: Brief, state: State): boolean {
  if (state === 'onAir') return b.online && b.onAir.length > 0;
  if (state === 'faults') return b.online && (b.silence !== undefined || b.faults.length > 0);
  return stands[state].includes(standOf(b));
}

export type Counts = Record<State | 'all', number>;

export const none = (): Counts => ({ all: 0, online: 0, offline: 0, onAir: 0, faults: 0, silent: 0 });

export function count(briefs: Iterable<Brief>): Counts {
  const counts = none();
  for (const b of briefs) add(counts, b);
  return counts;
}

export function add(counts: Counts, b: Brief) {
  counts.all++;
  for (const s of states) if (isIn(b, s)) counts[s]++;
}

/** drilling tells whether all that sounds is of a drill. */
export function drilling(b: Pick<Brief, 'onAir'>): boolean {
  return b.onAir.length > 0 && b.onAir.every((o) => o.mode === 'drill');
}

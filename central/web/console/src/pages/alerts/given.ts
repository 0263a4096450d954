import { useSyncExternalStore } from 'react';
import type { Order } from '@/sign';
import type { Mode } from './wish';

// What was given to be signed is remembered, by the order's hash, from before it
// is signed until the server has said how it stands. The network may break when
// a signature is on its way; then nobody knows whether it arrived, and what is
// asked for again is the same order: the same hash never sounds twice.

export interface Given {
  hash: string;
  kind: 'alert' | 'cancel' | 'stop';
  mode: Mode;
  /** Of an alert or its cancel. */
  alert?: string;
  hazard?: string;
  audience: string[];
  /** By the server's clock, ms. */
  at: number;
}

/** Nothing lives longer than an alert may, and a day for boards to remember. */
const forgetAfter = 48 * 3600_000;
const most = 20;

const listeners = new Set<() => void>();
const shown = new Map<string, Given[]>();
const none: Given[] = [];
/** In the dialog of this very page: not yet a question. */
const busy = new Set<string>();

const keyOf = (person: string) => `loa.given.${person}`;

function read(person: string): Given[] {
  const have = shown.get(person);
  if (have) return have;
  let list: Given[] = none;
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(person)) ?? '[]');
    if (Array.isArray(kept)) list = kept.filter(isGiven);
  } catch {
    // A browser that keeps nothing: it is remembered as long as the page is open.
  }
  shown.set(person, list);
  return list;
}

function isGiven(x: unknown): x is Given {
  const g = x as Partial<Given> | null;
  return typeof g === 'object' && g !== null && typeof g.hash === 'string' && typeof g.kind === 'string' && typeof g.at === 'number' && Array.isArray(g.audience);
}

function write(person: string, list: Given[]) {
  shown.set(person, list.slice(-most));
  try {
    if (list.length === 0) localStorage.removeItem(keyOf(person));
    else localStorage.setItem(keyOf(person), JSON.stringify(list.slice(-most)));
  } catch {
    // As above.
  }
  tell();
}

function tell() {
  open.clear();
  listeners.forEach((l) => l());
}

const open = new Map<string, Given[]>();

/** unresolved are those of which it is not known how they stand. */
export function unresolved(person: string): Given[] {
  const have = open.get(person);
  if (have) return have;
  const list = read(person).filter((g) => !busy.has(g.hash));
  open.set(person, list);
  return list;
}

export const given = {
  /** begins remembers an order that is about to be signed. */
  begins(person: string, g: Given) {
    busy.add(g.hash);
    const kept = read(person).filter((other) => other.hash !== g.hash && g.at - other.at < forgetAfter);
    write(person, [...kept, g]);
  },
  /** unknown: it is not known whether the signature arrived. */
  unknown(hash: string) {
    busy.delete(hash);
    tell();
  },
  /** settled forgets it: the server has said how it stands, or the person. */
  settled(person: string, hash: string) {
    busy.delete(hash);
    write(person, read(person).filter((g) => g.hash !== hash));
  },
};

export function useUnresolved(person: string): Given[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      const other = (e: StorageEvent) => {
        if (e.key !== keyOf(person)) return;
        shown.delete(person); // another page of the same browser settled it
        tell();
      };
      window.addEventListener('storage', other);
      return () => {
        listeners.delete(listener);
        window.removeEventListener('storage', other);
      };
    },
    () => unresolved(person),
  );
}

/** forgetGiven is for tests. */
export function forgetGiven() {
  shown.clear();
  busy.clear();
  tell();
}

/** Fate is what the server's answer says of an order that was given.
 *  arrived: sealed and on its way to the loudspeakers.
 *  gathering: this person's signature arrived, others are lacking.
 *  absent: the server has no signature of this person's: nothing sounds by it.
 *  over: it can be sealed no more. */
export type Fate = 'arrived' | 'gathering' | 'absent' | 'over';

const final = ['expired', 'stale', 'conflict', 'cancelled'];

export function fateOf(o: Pick<Order, 'state' | 'persons' | 'lacks'>, person: string): Fate {
  if (o.state === 'sealed') return 'arrived';
  if (o.lacks && final.includes(o.lacks.reason)) return 'over';
  return o.persons.includes(person) ? 'gathering' : 'absent';
}

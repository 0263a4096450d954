import type { Schema } from '@/api/client';
import { momentOf } from '@/app/when';

export type Overlap = Schema<'Overlap'>;

/**
 * What comes of an overlap: the second is missed, waits until a moment, is cut
 * and goes on at one, is cut and lost; or, where the server says it in a way
 * that is not known here, just that both want the air.
 */
export type Outcome = { kind: 'missed' | 'lost' | 'overlap' } | { kind: 'waits' | 'goesOn'; at: string };

/** outcomeOf reads what the server says of an overlap. It says so in English;
 * the words of this page are its own. */
export function outcomeOf(o: Pick<Overlap, 'first' | 'second' | 'outcome'>): Outcome {
  const says = (between: string) => {
    const head = o.first + between;
    return o.outcome.startsWith(head) ? o.outcome.slice(head.length) : undefined;
  };
  const at = (rest: string | undefined, words: string): string | undefined => {
    if (!rest?.startsWith(words)) return undefined;
    const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d)$/.exec(rest.slice(words.length));
    return found ? momentOf(`${found[1] ?? ''}T${found[2] ?? ''}:00`).toISOString() : undefined;
  };
  if (says(` plays, ${o.second} is missed`) === '') return { kind: 'missed' };
  if (says(` cuts in, and ${o.second} does not go on`) === '') return { kind: 'lost' };
  const waits = at(says(' plays, '), `${o.second} waits until `);
  if (waits) return { kind: 'waits', at: waits };
  const goesOn = at(says(' cuts in, '), `${o.second} goes on at `);
  if (goesOn) return { kind: 'goesOn', at: goesOn };
  return { kind: 'overlap' };
}

/** Case is an overlap of one programme with one or several others of which the
 * same comes at the same time, as with all communes' morning programmes. */
export interface Case {
  /** The programme that is looked at plays first. */
  first: boolean;
  others: string[];
  at: string;
  times: number;
  undecided: boolean;
  outcome: Outcome;
}

/** casesOf puts overlaps of a programme together: first what somebody must
 * decide, then what is lost. */
export function casesOf(id: string, overlaps: Overlap[]): Case[] {
  const found = new Map<string, Case>();
  for (const o of overlaps) {
    const outcome = outcomeOf(o);
    const first = o.first === id;
    const other = first ? o.second : o.first;
    const key = JSON.stringify([first, o.at, o.undecided, outcome]);
    const known = found.get(key);
    if (known && !o.undecided) {
      known.others.push(other);
      known.times = Math.max(known.times, o.times);
    } else found.set(known ? `${key} ${other}` : key, { first, others: [other], at: o.at, times: o.times, undecided: o.undecided, outcome });
  }
  const weight = (c: Case) => (c.undecided ? 0 : c.outcome.kind === 'missed' || c.outcome.kind === 'lost' ? 1 : 2);
  return [...found.values()].sort((a, b) => weight(a) - weight(b) || Date.parse(a.at) - Date.parse(b.at));
}

import type { Schema } from '@/api/client';
import { localOf } from '@/app/when';

export type Occurrence = Schema<'Occurrence'>;

/** Entry is what the calendar draws at one place: one occurrence, or many alike
 * of different areas, as all communes' morning programmes. Local times. */
export interface Entry {
  id: string;
  occurrences: [Occurrence, ...Occurrence[]];
  start: string;
  /** Where it ends for the eye: what is short is drawn long enough to be read. */
  end: string;
}

const alike = 3; // so many are put together

/** entriesOf puts occurrences on a calendar on which nothing is drawn shorter
 * than least minutes. */
export function entriesOf(occurrences: Occurrence[], least: number): Entry[] {
  const groups = new Map<string, Occurrence[]>();
  for (const o of occurrences) {
    const key = `${o.start} ${o.end} ${o.class}`;
    groups.set(key, [...(groups.get(key) ?? []), o]);
  }
  return [...groups.values()].flatMap((group) => (group.length >= alike ? [entry(group as Entry['occurrences'], least)] : group.map((o) => entry([o], least))));
}

function entry(occurrences: Entry['occurrences'], least: number): Entry {
  const [o] = occurrences;
  const start = localOf(o.start);
  let end = localOf(Math.max(Date.parse(o.end), Date.parse(o.start) + least * 60_000));
  // What is drawn longer than it is must not reach into the next day for that.
  if (end.slice(0, 10) !== start.slice(0, 10) && localOf(o.end).slice(0, 10) === start.slice(0, 10)) end = `${start.slice(0, 10)}T23:59:59`;
  return { id: occurrences.length === 1 ? o.occurrence : `${o.occurrence}+${occurrences.length}`, occurrences, start, end };
}

/** hoursOf are the hours to be seen: those of a usual day, and all in which
 * anything plays. */
export function hoursOf(entries: Pick<Entry, 'start' | 'end'>[], whole: boolean): { startTime: string; endTime: string } {
  let [first, last] = whole ? [0, 24] : [5, 20];
  for (const e of entries) {
    first = Math.min(first, Number(e.start.slice(11, 13)));
    last = Math.max(last, e.start.slice(0, 10) === e.end.slice(0, 10) ? Number(e.end.slice(11, 13)) + (e.end.slice(14) > '00:00' ? 1 : 0) : 24);
    if (e.start.slice(0, 10) !== e.end.slice(0, 10)) first = 0;
  }
  const two = (n: number) => String(n).padStart(2, '0');
  return { startTime: `${two(first)}:00:00`, endTime: last >= 24 ? '23:59:59' : `${two(last)}:00:00` };
}

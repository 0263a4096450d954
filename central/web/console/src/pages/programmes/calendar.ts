import type { Schema } from '@/api/client';
import { localOf } from '@/app/when';

export type Occurrence = Schema<'Occurrence'>;

/** Entry is what the calendar draws at one place: one occurrence, or many alike
 * of different areas, as all communes' morning programmes. */
export interface Entry {
  id: string;
  occurrences: [Occurrence, ...Occurrence[]];
  /** Where it is drawn, local times: what is short is drawn long enough to be
   * read, and what follows it a little lower. What it says are its own times. */
  start: string;
  end: string;
}

const alike = 3; // so many are put together
const minute = 60_000;

/** entriesOf puts occurrences on a calendar on which nothing is drawn shorter
 * than least minutes, nor more than twice that below its time. What overlaps in
 * truth is drawn side by side. */
export function entriesOf(occurrences: Occurrence[], least: number): Entry[] {
  const groups = new Map<string, Occurrence[]>();
  for (const o of occurrences) {
    const key = `${o.start} ${o.end} ${o.class}`;
    groups.set(key, [...(groups.get(key) ?? []), o]);
  }
  const single = [...groups.values()].flatMap((group) => (group.length >= alike ? [group as Entry['occurrences']] : group.map((o): Entry['occurrences'] => [o])));
  single.sort(([a], [b]) => Date.parse(a.start) - Date.parse(b.start) || Date.parse(a.end) - Date.parse(b.end));
  let heard = 0; // until when anything before sounds
  let drawn = 0; // until where it is drawn
  return single.map((all) => {
    const [o] = all;
    const [from, to] = [Date.parse(o.start), Date.parse(o.end)];
    const lower = from >= heard && drawn > from && drawn - from <= 2 * least * minute;
    const top = lower ? drawn : from;
    const bottom = Math.max(to, top + least * minute);
    heard = Math.max(heard, to);
    drawn = Math.max(drawn, bottom);
    const start = localOf(top);
    let end = localOf(bottom);
    // What is drawn longer than it is must not reach into the next day for that.
    if (end.slice(0, 10) !== start.slice(0, 10) && localOf(to).slice(0, 10) === start.slice(0, 10)) end = `${start.slice(0, 10)}T23:59:59`;
    return { id: all.length === 1 ? o.occurrence : `${o.occurrence}+${all.length}`, occurrences: all, start, end };
  });
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

import type { Schema } from '@/api/client';

export type Entry = Schema<'Entry'>;

/** How an entry looks. air: it sounds now; ok: it was heard; warn: somebody who
 * ought to have heard did not, or will not; unknown: nobody can tell. */
export type Tone = 'air' | 'ok' | 'warn' | 'unknown' | 'plain';

const troubled = ['missed', 'failed', 'expired', 'refused', 'not-durable'];

export function toneOf(e: Entry): Tone {
  switch (e.kind) {
    case 'offline':
    case 'fault':
      return 'warn';
    case 'online':
    case 'recovered':
      return 'ok';
    case 'due':
      return e.reason === 'offline' ? 'warn' : 'unknown';
    case 'order':
      if (e.fate === 'refused' || e.fate === 'lapsed' || e.fate === 'not-durable') return 'warn';
      return e.fate === 'waiting' ? 'unknown' : 'plain';
    case 'self-test':
      if (e.verdict === 'silent' || e.fate === 'failed') return 'warn';
      if (e.verdict === 'heard') return 'ok';
      return e.fate === 'started' ? 'plain' : 'unknown';
    case 'run':
      if (e.verdict === 'silent' || troubled.includes(e.fate ?? '')) return 'warn';
      if (e.fate === 'started') return 'air';
      if (e.verdict === 'heard') return 'ok';
      return e.fate === 'finished' || e.fate === 'cut' || e.fate === 'stopped' ? 'unknown' : 'plain';
  }
}

export const kinds = ['all', 'sound', 'trouble'] as const;
export type Chosen = (typeof kinds)[number];

export function isChosen(e: Entry, chosen: Chosen): boolean {
  if (chosen === 'sound') return e.kind === 'run' && e.fate !== 'missed' && e.fate !== 'pressed';
  if (chosen === 'trouble') return toneOf(e) === 'warn' || e.kind === 'due';
  return true;
}

/** keyOf is the same for an entry that is fetched again. */
export function keyOf(e: Entry): string {
  return [e.kind, e.at, e.order, e.occurrence, e.output, e.part].join('|');
}

/** joined are the pages of a record without what stands on two of them: a page
 * begins in the millisecond in which the last one ended. */
export function joined(pages: { entries: Entry[] }[]): Entry[] {
  const seen = new Set<string>();
  return pages.flatMap((p) =>
    p.entries.filter((e) => {
      const key = keyOf(e);
      return !seen.has(key) && seen.add(key);
    }),
  );
}

/** olderThan is where the next page begins, or undefined where there is none:
 * the last one was not full, or brought nothing that was not there. */
export function olderThan(pages: { entries: Entry[] }[], limit: number): string | undefined {
  const last = pages.at(-1);
  const oldest = last?.entries.at(-1);
  if (!last || !oldest || last.entries.length < limit) return undefined;
  if (joined(pages).length === joined(pages.slice(0, -1)).length) return undefined;
  return new Date(Date.parse(oldest.at) + 1).toISOString();
}

/** Several that were missed for one reason and told at one time are one line, and
 * so are orders of a kind that met with no trouble. */
export interface Line {
  entry: Entry;
  also: Entry[];
}

export function lines(entries: Entry[]): Line[] {
  const all: Line[] = [];
  for (const entry of entries) {
    const last = all.at(-1);
    if (last && isAlike(last.entry, entry)) last.also.push(entry);
    else all.push({ entry, also: [] });
  }
  return all;
}

function isAlike(a: Entry, b: Entry): boolean {
  if (a.kind === 'due' && b.kind === 'due') return a.reason === b.reason;
  if (a.kind === 'order' && b.kind === 'order') return a.orderKind === b.orderKind && a.mode === b.mode && a.fate === b.fate && toneOf(a) === 'plain' && a.orderKind !== 'alert';
  const missed = (e: Entry) => e.kind === 'run' && e.fate === 'missed';
  return missed(a) && missed(b) && a.detail === b.detail && Math.abs(Date.parse(a.at) - Date.parse(b.at)) < 60_000;
}

/** localOfOccurrence is when an occurrence was planned, by the wall clock of the
 * province: news-am@2026-11-21T05:30:00. */
export function localOfOccurrence(occurrence: string | undefined): string | undefined {
  return /@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)/.exec(occurrence ?? '')?.[1];
}

/** byDay are lines under the day in which they happened. */
export function byDay(all: Line[], dayOf: (at: string) => string): { day: string; lines: Line[] }[] {
  const days: { day: string; lines: Line[] }[] = [];
  for (const line of all) {
    const day = dayOf(line.entry.at);
    const last = days.at(-1);
    if (last?.day === day) last.lines.push(line);
    else days.push({ day, lines: [line] });
  }
  return days;
}

import type { Schema } from '@/api/client';
import { localOf } from '@/app/when';

export type Programme = Schema<'Programme'>;

/** weekdays as RFC 5545 writes them, in the order of a Vietnamese week. */
export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export type Weekday = (typeof weekdays)[number];
const working: Weekday[] = ['MO', 'TU', 'WE', 'TH', 'FR'];

/**
 * Repeat is how often a programme plays, as a person says it. until is the last
 * day of it, 2026-12-31. What there are no words for is kept as it was written.
 */
export type Repeat =
  | { kind: 'once' }
  | { kind: 'daily'; until?: string }
  | { kind: 'weekdays'; until?: string }
  | { kind: 'days'; days: Weekday[]; until?: string }
  | { kind: 'other'; rule: string };

export type RepeatKind = Repeat['kind'];

/** plusDays goes n days on from 2026-11-21. */
export function plusDays(day: string, n: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + n);
  return at.toISOString().slice(0, 10);
}

/** daysBetween is how many days later the second day is. */
export const daysBetween = (from: string, to: string) => Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);

/** weekdayOf is the day of the week of 2026-11-21. */
export function weekdayOf(day: string): Weekday {
  return weekdays[(new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7] ?? 'MO';
}

/** mondayOf is the first day of a day's week. */
export const mondayOf = (day: string) => plusDays(day, -weekdays.indexOf(weekdayOf(day)));

const inOrder = (days: Iterable<Weekday>): Weekday[] => {
  const has = new Set(days);
  return weekdays.filter((d) => has.has(d));
};
const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((x, i) => x === b[i]);

/** ruleOf writes a repeat as a rule of RFC 5545; '' is once. */
export function ruleOf(r: Repeat): string {
  switch (r.kind) {
    case 'once':
      return '';
    case 'daily':
      return 'FREQ=DAILY' + untilPart(r.until);
    case 'weekdays':
      return `FREQ=WEEKLY;BYDAY=${working.join(',')}` + untilPart(r.until);
    case 'days':
      return `FREQ=WEEKLY;BYDAY=${inOrder(r.days).join(',')}` + untilPart(r.until);
    case 'other':
      return r.rule;
  }
}

/** The whole last day belongs to it, by the clock in Vietnam. */
const untilPart = (day?: string) => (day ? `;UNTIL=${day.replaceAll('-', '')}T235959` : '');

/** repeatOf reads a rule. start is the programme's, in local time: a rule may
 * leave to it what it does not say. */
export function repeatOf(rule: string | undefined, start: string): Repeat {
  if (!rule) return { kind: 'once' };
  const other: Repeat = { kind: 'other', rule };
  const has = new Map<string, string>();
  for (const property of rule.split(';')) {
    const at = property.indexOf('=');
    const name = property.slice(0, at);
    if (at < 1 || has.has(name)) return other;
    has.set(name, property.slice(at + 1));
  }
  if (![...has.keys()].every((k) => ['FREQ', 'INTERVAL', 'BYDAY', 'UNTIL', 'WKST'].includes(k))) return other;
  const freq = has.get('FREQ');
  if ((freq !== 'DAILY' && freq !== 'WEEKLY') || (has.get('INTERVAL') ?? '1') !== '1') return other;
  const until = has.has('UNTIL') ? lastDay(has.get('UNTIL') ?? '', start) : undefined;
  if (until === null) return other;
  const end = until === undefined ? {} : { until };
  const byDay = has.get('BYDAY');
  if (byDay === undefined && freq === 'DAILY') return { kind: 'daily', ...end };
  const days = byDay === undefined ? [weekdayOf(start.slice(0, 10))] : byDay.split(',');
  if (!days.every((d): d is Weekday => (weekdays as readonly string[]).includes(d))) return other;
  const ordered = inOrder(days);
  if (ordered.length === 7) return { kind: 'daily', ...end };
  if (same(ordered, working)) return { kind: 'weekdays', ...end };
  return { kind: 'days', days: ordered, ...end };
}

/** lastDay is the last day on which a start is not behind UNTIL, null where it
 * is not understood. */
function lastDay(until: string, start: string): string | null {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)$/.exec(until);
  if (!found) return null;
  const [, y = '', mo = '', d = '', h = '', mi = '', s = '', utc] = found;
  let wall = `${y}-${mo}-${d}T${h}:${mi}:${s}`;
  if (Number.isNaN(Date.parse(wall + 'Z'))) return null;
  if (utc) wall = localOf(wall + 'Z');
  const day = wall.slice(0, 10);
  return wall.slice(11) < start.slice(11) ? plusDays(day, -1) : day;
}

/** endBefore is the rule, ended before the start of 2026-11-21T05:30:00. */
export function endBefore(p: Pick<Programme, 'rule' | 'start'>, start: string): string {
  const until = plusDays(start.slice(0, 10), -1);
  const r = repeatOf(p.rule, p.start);
  if (r.kind === 'once') return '';
  if (r.kind !== 'other') return ruleOf({ ...r, until });
  const rest = r.rule.split(';').filter((x) => !/^(UNTIL|COUNT)=/.test(x));
  return rest.join(';') + untilPart(until);
}

/** repeats tells whether the repeat can ever play more than once. */
export const repeats = (p: Pick<Programme, 'rule'>) => !!p.rule;

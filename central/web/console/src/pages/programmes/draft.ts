import { slug } from '@/app/slug';
import type { Areas } from '@/api/areas';
import type { Schema } from '@/api/client';
import { momentOf } from '@/app/when';
import { repeatOf, ruleOf, weekdayOf, type Programme, type Repeat } from './recurrence';

export type Bulletin = Schema<'Bulletin'>;

/** Content is what persons write of a programme, with nothing left out. */
export interface Content {
  title: string;
  area: string;
  class: Programme['class'];
  order: number;
  start: string;
  rule: string;
  except: string[];
  seconds: number;
  late: number;
  bulletins: string[];
  noChime: boolean;
  /** How much softer it sounds than it was made, dB: -40 to 0. */
  gain: number;
}

/** Draft is a content as the form shows it. */
export interface Draft extends Omit<Content, 'start' | 'rule' | 'noChime'> {
  /** 2026-11-21, or '' */
  day: string;
  /** 05:30, or 05:30:15, or '' */
  time: string;
  repeat: Repeat;
  /** The slot follows the bulletins' length. */
  auto: boolean;
  chime: boolean;
}

/** Limits of central/planner, told before anything is sent. */
export const limits = { title: 200, bulletins: 50, except: 400, seconds: 24 * 3600, late: 6 * 3600 };

export const contentOf = (p: Programme): Content => ({
  title: p.title,
  area: p.area,
  class: p.class,
  order: p.order ?? 0,
  start: p.start,
  rule: p.rule ?? '',
  except: p.except ?? [],
  seconds: p.seconds,
  late: p.late ?? 0,
  bulletins: p.bulletins,
  noChime: p.noChime ?? false,
  gain: p.gain ?? 0,
});

export function draftOf({ start, rule, noChime, ...rest }: Content, auto = false): Draft {
  const time = start.slice(11);
  return { ...rest, day: start.slice(0, 10), time: time.endsWith(':00') ? time.slice(0, 5) : time, repeat: repeatOf(rule, start), auto, chime: !noChime };
}

export const contentOfDraft = (d: Draft): Content => ({
  title: d.title.trim(),
  area: d.area,
  class: d.class,
  order: d.order,
  start: startOf(d),
  rule: ruleOf(d.repeat),
  except: d.except,
  seconds: d.seconds,
  late: d.late,
  bulletins: d.bulletins,
  noChime: !d.chime,
  gain: d.gain,
});

const startOf = (d: Pick<Draft, 'day' | 'time'>) => `${d.day}T${d.time.length === 5 ? d.time + ':00' : d.time}`;

/** emptyDraft plays once, at the start of 2026-11-21T05:30:00. */
export const emptyDraft = (start: string, area: string): Draft => ({
  title: '',
  area,
  class: 'routine',
  order: 0,
  day: start.slice(0, 10),
  time: start.slice(11, 16),
  repeat: { kind: 'once' },
  except: [],
  seconds: 300,
  auto: true,
  late: 300,
  bulletins: [],
  chime: true,
  gain: 0,
});

/** bodyOf is what is sent: what is empty is left out. The rest is the server's. */
export function bodyOf(id: string, c: Content): Programme {
  const { rule, except, noChime, gain, ...rest } = c;
  return { id, ...rest, ...(rule && { rule }), ...(except.length > 0 && { except }), ...(noChime && { noChime }), ...(gain !== 0 && { gain }) } as Programme;
}

/** newID makes an id of a title, that nobody else makes. */
export function newID(title: string): string {
  const some = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return `${slug(title).slice(0, 38).replace(/-+$/, '') || 'programme'}-${some.toString(36).slice(0, 6)}`;
}

export type FaultWord = 'empty' | 'long' | 'marks' | 'none' | 'many' | 'day' | 'time' | 'days' | 'until' | 'length' | 'late';
export type FaultField = 'title' | 'area' | 'bulletins' | 'day' | 'time' | 'days' | 'until' | 'seconds' | 'late';

// What turns the direction of writing could show one title for another.
// eslint-disable-next-line no-control-regex
const marks = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** plain leaves the marks out that the server refuses. */
export const plain = (text: string) => text.replace(new RegExp(marks, 'gu'), '');

/** faultsOf says what the server would refuse, all of it at once. */
export function faultsOf(d: Draft): Partial<Record<FaultField, FaultWord>> {
  const faults: Partial<Record<FaultField, FaultWord>> = {};
  const length = [...d.title.trim()].length;
  if (length === 0) faults.title = 'empty';
  else if (length > limits.title) faults.title = 'long';
  else if (marks.test(d.title)) faults.title = 'marks';
  if (d.area === '') faults.area = 'empty';
  if (d.bulletins.length === 0) faults.bulletins = 'none';
  else if (d.bulletins.length > limits.bulletins) faults.bulletins = 'many';
  if (!/^(19[7-9]\d|2\d{3})-\d\d-\d\d$/.test(d.day)) faults.day = 'day';
  if (!/^\d\d:\d\d(:\d\d)?$/.test(d.time)) faults.time = 'time';
  if (d.repeat.kind === 'days' && d.repeat.days.length === 0) faults.days = 'days';
  if ('until' in d.repeat && d.repeat.until !== undefined && d.repeat.until < d.day) faults.until = 'until';
  if (!Number.isInteger(d.seconds) || d.seconds < 1 || d.seconds > limits.seconds) faults.seconds = 'length';
  if (!Number.isInteger(d.late) || d.late < 0 || d.late > limits.late) faults.late = 'late';
  return faults;
}

/** Clash is a field that two people changed, each to something else. */
export type Clash = keyof Content;

/**
 * merge puts together what two people made of one version. What only one of
 * them changed is taken; where both did, mine stands until a person decides.
 * theirs names what only the other changed.
 */
export function merge(base: Content, mine: Content, other: Content): { merged: Content; clashes: Clash[]; theirs: Clash[] } {
  const merged = { ...mine };
  const clashes: Clash[] = [];
  const theirs: Clash[] = [];
  for (const field of Object.keys(base) as Clash[]) {
    const [b, m, o] = [base, mine, other].map((c) => JSON.stringify(c[field]));
    if (m === o || o === b) continue;
    if (m === b) {
      Object.assign(merged, { [field]: other[field] });
      theirs.push(field);
    } else clashes.push(field);
  }
  return { merged, clashes, theirs };
}

/** chimeSeconds is how long the chime before a programme sounds. */
const chimeSeconds = 3;

/** slotOf is how much time bulletins of these lengths need: with the chime, a
 * little room, and in whole tens of seconds. */
export function slotOf(lengths: number[], chime: boolean): number {
  const all = lengths.reduce((sum, s) => sum + s, 0) + (chime ? chimeSeconds : 0);
  return Math.min(limits.seconds, Math.max(10, Math.ceil((all + 2) / 10) * 10));
}

/** Doubt is why a bulletin will not sound in a programme, or not everywhere. */
export type Doubt = 'unknown' | 'draft' | 'changed' | 'withdrawn' | 'class' | 'area' | 'part' | 'silent' | 'early' | 'over';

/** doubtOf judges as the plans of the clusters do. */
export function doubtOf(b: Bulletin | undefined, d: Pick<Draft, 'area' | 'class' | 'day' | 'time' | 'repeat'>, areas: Pick<Areas, 'path'>): Doubt | undefined {
  if (!b) return 'unknown';
  if (b.state === 'withdrawn') return 'withdrawn';
  if (Object.keys(b.audio ?? {}).length === 0) return 'silent';
  if (b.state === 'draft') return b.order === undefined ? 'draft' : 'changed'; // what was approved before still plays
  if (b.class !== d.class) return 'class';
  if (d.area !== '' && !b.areas.some((a) => areas.path(d.area).includes(a))) {
    return b.areas.some((a) => areas.path(a).includes(d.area)) ? 'part' : 'area';
  }
  if (d.day === '' || d.time === '') return undefined;
  const start = momentOf(startOf(d)).getTime();
  if (d.repeat.kind === 'once') {
    if (start < Date.parse(b.validFrom)) return 'early';
    if (start >= Date.parse(b.validUntil)) return 'over';
  }
  return undefined;
}

/** startingDays are the days that are chosen first: the start's. */
export const startingDays = (day: string) => (day ? [weekdayOf(day)] : []);

/** timeOf reads a time of 24 hours as people write one: 5:30, 05:30, 17h30, 17h,
 * 1730, 05:30:15. */
export function timeOf(text: string): string | undefined {
  const found = /^(\d{1,2})(?:[:hH.]\s*(?:(\d{1,2})(?:[:.](\d{1,2}))?)?|(\d{2}))$/.exec(text.trim());
  if (!found) return undefined;
  const [h, m, s] = [found[1], found[2] ?? found[4] ?? '0', found[3] ?? '0'].map(Number);
  if (h === undefined || m === undefined || s === undefined || h > 23 || m > 59 || s > 59) return undefined;
  return [h, m, ...(s > 0 ? [s] : [])].map((n) => String(n).padStart(2, '0')).join(':');
}

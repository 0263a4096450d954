import type { Schema } from '@/api/client';
import { momentOf } from '@/app/when';

export type Bulletin = Schema<'Bulletin'>;

/** Content is what a person writes of a bulletin; the rest is the server's. */
export interface Content {
  title: string;
  class: Bulletin['class'];
  areas: string[];
  /** By language. */
  text: Record<string, string>;
  /** By language: the SHA-256 of station audio. */
  audio: Record<string, string>;
  /** The first and the last day on which it may be broadcast, in Vietnam. */
  from: string;
  until: string;
}

/** Limits of central/library, told before anything is sent. */
export const limits = { title: 200, text: 20_000, file: 512 << 20 };

export const emptyContent = (today: string, areas: string[], language = 'vi'): Content => ({
  title: '',
  class: 'routine',
  areas,
  text: { [language]: '' },
  audio: {},
  from: today,
  until: plusDays(today, 30),
});

export function plusDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}

export function contentOf(b: Bulletin, dayOf: (at: string) => string): Content {
  return {
    title: b.title,
    class: b.class,
    areas: b.areas,
    text: b.text ?? {},
    audio: b.audio ?? {},
    from: dayOf(b.validFrom),
    // The server keeps the first moment that is over.
    until: dayOf(new Date(Date.parse(b.validUntil) - 1).toISOString()),
  };
}

/** languagesOf are all that there is text or audio in, Vietnamese first. */
export function languagesOf(c: Pick<Content, 'text' | 'audio'>): string[] {
  const all = [...new Set([...Object.keys(c.text), ...Object.keys(c.audio)])].sort();
  return all.includes('vi') ? ['vi', ...all.filter((l) => l !== 'vi')] : all;
}

/** bodyOf is what is sent: languages with nothing in them are left out. */
export function bodyOf(c: Content): Schema<'Bulletin'> {
  const text = Object.fromEntries(Object.entries(c.text).filter(([, said]) => said.trim() !== ''));
  return {
    title: c.title.trim(),
    class: c.class,
    areas: c.areas,
    text,
    audio: c.audio,
    validFrom: momentOf(c.from).toISOString(),
    validUntil: momentOf(plusDays(c.until, 1)).toISOString(),
  } as Schema<'Bulletin'>;
}

export type FaultWord = 'empty' | 'long' | 'marks' | 'nothing' | 'order';
export interface Fault {
  field: 'title' | 'text' | 'areas' | 'until' | 'audio';
  language?: string;
  word: FaultWord;
  count?: number;
}

// What turns the direction of writing could show one text for another.
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u;

/** plain leaves the marks out that the server refuses. */
export const plain = (text: string): string => text.replace(/\r\n?/g, '\n').replace(new RegExp(turning, 'gu'), '').replace(new RegExp(control, 'gu'), '');

/** faultsOf says what the server would refuse, all of it at once. */
export function faultsOf(c: Content): Fault[] {
  const faults: Fault[] = [];
  const length = (text: string) => [...text].length;
  if (c.title.trim() === '') faults.push({ field: 'title', word: 'empty' });
  if (length(c.title) > limits.title) faults.push({ field: 'title', word: 'long', count: length(c.title) });
  if (turning.test(c.title) || control.test(c.title)) faults.push({ field: 'title', word: 'marks' });
  for (const [language, said] of Object.entries(c.text)) {
    if (length(said) > limits.text) faults.push({ field: 'text', language, word: 'long', count: length(said) });
    if (turning.test(said) || control.test(said)) faults.push({ field: 'text', language, word: 'marks' });
  }
  if (Object.values(c.text).every((said) => said.trim() === '') && Object.keys(c.audio).length === 0) {
    faults.push({ field: 'text', language: languagesOf(c)[0], word: 'nothing' });
  }
  if (c.areas.length === 0) faults.push({ field: 'areas', word: 'empty' });
  if (!c.from || !c.until || c.until < c.from) faults.push({ field: 'until', word: 'order' });
  return faults;
}

/** Clash is a field that two people changed, each to something else. */
export interface Clash {
  field: keyof Content;
  language?: string;
  mine: string;
  theirs: string;
}

/**
 * merge puts together what two people made of one version. What only one of
 * them changed is taken; where both did, mine stands until a person decides.
 */
export function merge(base: Content, mine: Content, theirs: Content): { merged: Content; clashes: Clash[] } {
  const clashes: Clash[] = [];
  const pick = <T>(field: keyof Content, b: T, m: T, t: T, language?: string): T => {
    const [bs, ms, ts] = [b, m, t].map((v) => JSON.stringify(v));
    if (ms === ts || ts === bs) return m;
    if (ms === bs) return t;
    clashes.push({ field, language, mine: shown(m), theirs: shown(t) });
    return m;
  };
  const byLanguage = (field: 'text' | 'audio') => {
    const all = [...new Set([base, mine, theirs].flatMap((c) => Object.keys(c[field])))];
    const picked = all.map((l) => [l, pick<string | undefined>(field, base[field][l], mine[field][l], theirs[field][l], l)] as const);
    return Object.fromEntries(picked.filter((p): p is readonly [string, string] => p[1] !== undefined));
  };
  const merged: Content = {
    title: pick('title', base.title, mine.title, theirs.title),
    class: pick('class', base.class, mine.class, theirs.class),
    areas: pick('areas', base.areas, mine.areas, theirs.areas),
    text: byLanguage('text'),
    audio: byLanguage('audio'),
    from: pick('from', base.from, mine.from, theirs.from),
    until: pick('until', base.until, mine.until, theirs.until),
  };
  return { merged, clashes };
}

const shown = (v: unknown): string => (v === undefined ? '' : Array.isArray(v) ? v.join(' ') : String(v));

/** taking theirs in a field where two people clashed. */
export function takeTheirs(c: Content, clash: Clash, theirs: Content): Content {
  if (clash.language === undefined) return { ...c, [clash.field]: theirs[clash.field] };
  const field = clash.field as 'text' | 'audio';
  const said = theirs[field][clash.language];
  const rest = Object.fromEntries(Object.entries(c[field]).filter(([l]) => l !== clash.language));
  return { ...c, [field]: said === undefined ? rest : { ...rest, [clash.language]: said } };
}

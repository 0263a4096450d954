import type { Content, Draft } from './draft';

// What a person has written and not saved yet: it outlives a closed browser, a
// session that ended, and a network that is away.
const key = (person: string, id: string) => `loa.programme.${person}.${id}`;

export interface Kept {
  draft: Draft;
  /** What it was written upon, with its ETag; nothing for a new programme. */
  base?: { content: Content; etag: string };
}

export function kept(person: string, id: string): Kept | undefined {
  try {
    const text = localStorage.getItem(key(person, id));
    if (text === null) return undefined;
    const { draft, base } = JSON.parse(text) as Kept & { draft: Omit<Draft, 'gain'> & { gain?: number } };
    return { draft: { ...draft, gain: draft.gain ?? 0 }, base }; // it may be of a day when programmes had no volume
  } catch {
    return undefined; // nothing that can be read is nothing
  }
}

export function keep(person: string, id: string, what: Kept): void {
  try {
    localStorage.setItem(key(person, id), JSON.stringify(what));
  } catch {
    // Full, or not allowed: what is on the page stays there.
  }
}

export function forget(person: string, id: string): void {
  try {
    localStorage.removeItem(key(person, id));
  } catch {
    // It was never kept.
  }
}

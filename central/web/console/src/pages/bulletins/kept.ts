import type { Content } from './bulletin';

// What a person has written and not saved yet: it outlives a closed browser, a
// session that ended, and a network that is away.
const key = (person: string, id: string) => `loa.bulletin.${person}.${id}`;

export interface Kept {
  /** The revision that it was written upon; 0 for a new bulletin. */
  revision: number;
  /** What that revision says, to tell what was changed. */
  base: Content;
  content: Content;
}

export function kept(person: string, id: string): Kept | undefined {
  try {
    const text = localStorage.getItem(key(person, id));
    return text === null ? undefined : (JSON.parse(text) as Kept);
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
  localStorage.removeItem(key(person, id));
}

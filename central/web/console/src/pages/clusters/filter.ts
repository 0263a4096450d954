import type { Areas } from '@/api/areas';
import { isIn, states, type Brief, type State } from '@/fleet/stand';

/** Filter chooses clusters; what is empty chooses all. The address holds it. */
export interface Filter {
  text: string;
  area: string;
  language: string;
  state?: State;
}

export type View = 'tree' | 'list';

export function filterOf(q: URLSearchParams): Filter {
  return {
    text: (q.get('q') ?? '').slice(0, 100),
    area: q.get('area') ?? '',
    language: q.get('language') ?? '',
    state: states.find((s) => s === q.get('state')),
  };
}

export function viewOf(q: URLSearchParams): View {
  return q.get('view') === 'list' ? 'list' : 'tree';
}

/** withFilter is an address's query with another filter; the rest of it stays. */
export function withFilter(q: URLSearchParams, f: Partial<Filter>): URLSearchParams {
  const next = new URLSearchParams(q);
  const put = (name: string, value: string | undefined) => (value ? next.set(name, value) : next.delete(name));
  if ('text' in f) put('q', f.text?.trim());
  if ('area' in f) put('area', f.area);
  if ('language' in f) put('language', f.language);
  if ('state' in f) put('state', f.state);
  return next;
}

export function isFiltered(f: Filter): boolean {
  return f.text.trim() !== '' || f.area !== '' || f.language !== '' || f.state !== undefined;
}

/** fold is text as a hurried thumb types it: no marks, no capitals. */
export function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase();
}

/** Finder answers whether a filter takes a cluster, and remembers what is dear
 * to work out: ten thousand clusters are asked for with every key. */
export class Finder {
  private readonly places = new Map<string, { path: Set<string>; text: string }>();
  private readonly texts = new WeakMap<Brief, string>();

  constructor(private readonly areas: Areas) {}

  /** any chooses by all but the state: what counts are made of. */
  any(f: Filter): (b: Brief) => boolean {
    const words = fold(f.text).split(/\s+/).filter(Boolean);
    return (b) => {
      if (f.area && !this.place(b.area).path.has(f.area)) return false;
      if (f.language && !b.languages.includes(f.language)) return false;
      return words.length === 0 || words.every((w) => this.text(b).includes(w));
    };
  }

  state(f: Filter): (b: Brief) => boolean {
    const { state } = f;
    return state ? (b) => isIn(b, state) : () => true;
  }

  private place(code: string) {
    let place = this.places.get(code);
    if (!place) {
      const path = this.areas.path(code);
      const names = path.flatMap((c) => [this.areas.get(c)?.nameVi ?? '', this.areas.get(c)?.nameEn ?? '', c]);
      place = { path: new Set(path), text: fold(names.join(' ')) };
      this.places.set(code, place);
    }
    return place;
  }

  private text(b: Brief): string {
    let text = this.texts.get(b);
    if (text === undefined) {
      text = `${fold(b.name)} ${fold(b.id)} ${this.place(b.area).text}`;
      this.texts.set(b, text);
    }
    return text;
  }
}

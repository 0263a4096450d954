import type { Schema } from '@/api/client';

export type Occurrence = Schema<'Occurrence'>;
type Brief = Schema<'Brief'>;

/** Day is the programmes of a day, apart by what is over, on, and to come. */
export interface Day {
  over: Occurrence[];
  now: Occurrence[];
  next: Occurrence[];
}

/** dayAt sorts occurrences by the server's time, in ms. */
export function dayAt(occurrences: Occurrence[], at: number): Day {
  const sorted = [...occurrences].sort((a, b) => Date.parse(a.start) - Date.parse(b.start) || a.title.localeCompare(b.title, 'vi'));
  return {
    over: sorted.filter((o) => Date.parse(o.end) <= at),
    now: sorted.filter((o) => Date.parse(o.start) <= at && at < Date.parse(o.end)),
    next: sorted.filter((o) => Date.parse(o.start) > at),
  };
}

/** Sounding is one thing that is on air, and on how many clusters. */
export interface Sounding {
  subject: string;
  class: string;
  mode: string;
  clusters: number;
}

/** soundingIn puts together what clusters have on air: what was last told of a
 * cluster that is away is not known to be on air now. */
export function soundingIn(briefs: Brief[]): Sounding[] {
  const found = new Map<string, Sounding>();
  for (const b of briefs.filter((b) => b.online)) {
    // A cluster's outputs count once.
    for (const on of new Map(b.onAir.map((o) => [name(o.subject), o])).values()) {
      const subject = name(on.subject);
      const have = found.get(subject);
      if (have) have.clusters++;
      else found.set(subject, { subject, class: on.class, mode: on.mode, clusters: 1 });
    }
  }
  const rank = (s: Sounding) => (s.class === 'emergency' ? (s.mode === 'live' ? 0 : 1) : 2);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || b.clusters - a.clusters);
}

/** name is an alert's subject without its sequence and repetition. */
function name(subject: string): string {
  return subject.replace(/^(alert\/(?:live|drill)\/[^/#]+).*$/, '$1');
}

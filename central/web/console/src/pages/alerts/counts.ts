import type { Schema } from '@/api/client';

export type Counts = Schema<'Tally'>;

/** Standings are where a cluster stands with an alert, in the order in which
 * people ask for them: what was heard, what is on its way, what went wrong. */
export const standings = ['heard', 'sounding', 'accepted', 'sent', 'waiting', 'unknown', 'silent', 'refused'] as const;
export type Standing = (typeof standings)[number];

/** Tone is how a number of clusters fares as a whole: the worst that somebody
 * has to look after comes first. */
export type Tone = 'bad' | 'sounding' | 'pending' | 'unknown' | 'good' | 'none';

export function toneOf(c: Counts): Tone {
  if (c.targets === 0) return 'none';
  if (c.silent + c.refused > 0) return 'bad';
  if (c.sounding > 0) return 'sounding';
  if (c.waiting + c.sent + c.accepted > 0) return 'pending';
  if (c.unknown > 0) return 'unknown';
  return 'good';
}

export function toneOfStanding(s: string): Tone {
  switch (s) {
    case 'heard':
      return 'good';
    case 'sounding':
      return 'sounding';
    case 'silent':
    case 'refused':
      return 'bad';
    case 'unknown':
      return 'unknown';
    default:
      return 'pending';
  }
}

export function sumOf(all: Counts[]): Counts {
  const sum: Counts = { targets: 0, sent: 0, accepted: 0, sounding: 0, heard: 0, silent: 0, unknown: 0, refused: 0, waiting: 0 };
  for (const c of all) for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += c[key];
  return sum;
}

/** reached are the clusters whose board has the alert, for certain. */
export function reached(c: Counts): number {
  return c.accepted + c.sounding + c.heard + c.silent;
}

/** worstFirst sorts clusters for somebody who looks for what to do. */
export function worstFirst<T extends { state: string; name: string }>(clusters: T[]): T[] {
  const rank: Record<Tone, number> = { bad: 0, unknown: 1, pending: 2, sounding: 3, good: 4, none: 5 };
  return [...clusters].sort((a, b) => rank[toneOfStanding(a.state)] - rank[toneOfStanding(b.state)] || a.name.localeCompare(b.name, 'vi', { numeric: true }));
}

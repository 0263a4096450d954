import { secondsOf } from '@/fleet/length';

/** Skip is why an occurrence does not sound, as the board's code says it. */
export interface Skip {
  /** Seconds of it that were heard before it was cut. */
  heard?: number;
  why: { kind: 'held'; by: string } | { kind: 'waits' | 'off' | 'output' | 'other' };
}

/** skipOf reads a reason, as in "did not begin: output main was held by
 * news@2026-11-21T05:30:00". */
export function skipOf(reason: string): Skip {
  const cut = /^was cut after (\S+) and did not go on: /.exec(reason);
  const skip: Skip = { why: { kind: 'other' } };
  if (cut) skip.heard = secondsOf(cut[1] ?? '');
  const rest = reason.replace(/^(was cut after \S+ and did not go on|did not begin): /, '');
  if (rest === reason) return skip;
  const held = /^output \S+ was held by ([^@\s]+)(@\S+)?$/.exec(rest);
  if (held) skip.why = { kind: 'held', by: held[1] ?? '' };
  else if (rest.startsWith('the board was not running')) skip.why = { kind: 'off' };
  else if (rest.startsWith('this board has no output')) skip.why = { kind: 'output' };
  else skip.why = { kind: 'waits' };
  return skip;
}

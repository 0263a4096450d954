import type { Schema } from '@/api/client';

export type Evidence = Schema<'WireEvidence'>;
export type Sensed = Schema<'WireSensed'>;

/**
 * brokenOf is what the sensors of a silent playback say is broken: no current,
 * the amplifier or its supply; current and no sound, the way to the horns.
 * Undefined where they do not tell.
 */
export function brokenOf(evidence: Evidence | undefined): 'amplifier' | 'horns' | undefined {
  const of = (quantity: string) => evidence?.sensors?.filter((s) => s.quantity === quantity).map((s) => s.verdict) ?? [];
  const current = of('current');
  if (current.length > 0 && current.every((v) => v === 'silent')) return 'amplifier';
  const sound = of('sound');
  if (current.includes('heard') && sound.length > 0 && sound.every((v) => v === 'silent')) return 'horns';
  return undefined;
}

/** soundedFor is how long samples went to the sound device, seconds. */
export function soundedFor(evidence: Evidence): number {
  return evidence.samples / 48_000;
}

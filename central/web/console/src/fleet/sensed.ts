import type { Schema } from '@/api/client';

export type Evidence = Schema<'WireEvidence'>;
export type Sensed = Schema<'WireSensed'>;

/** A current that is less is none: what a sensor shows of an amplifier that is
 * dead. Amperes. */
const noCurrent = 0.05;

/**
 * brokenOf is what the sensors of a silent playback say is broken: no current,
 * the amplifier or its supply; a current that takes no notice of the sound, or
 * a sound that never came, the way to the horns. Undefined where they do not
 * tell.
 */
export function brokenOf(evidence: Evidence | undefined): 'amplifier' | 'horns' | undefined {
  const of = (quantity: string) => evidence?.sensors?.filter((s) => s.quantity === quantity && s.verdict !== 'unknown') ?? [];
  const current = of('current');
  const silent = current.length > 0 && current.every((s) => s.verdict === 'silent');
  if (silent) return current.every((s) => s.level < noCurrent) ? 'amplifier' : 'horns';
  const sound = of('sound');
  const unheard = sound.length > 0 && sound.every((s) => s.verdict === 'silent');
  return unheard && current.length > 0 ? 'horns' : undefined;
}

/** soundedFor is how long samples went to the sound device, seconds. */
export function soundedFor(evidence: Evidence): number {
  return evidence.samples / 48_000;
}

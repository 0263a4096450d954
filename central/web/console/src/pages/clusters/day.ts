import type { Schema } from '@/api/client';

export type Slot = Schema<'Slot'>;

/** inDay is a day's slots with where they stand now: what is due now, and the
 * one that comes next. */
export function inDay(slots: Slot[], now: number): { slot: Slot; stands: 'over' | 'now' | 'next' | 'later' }[] {
  let next = false;
  return slots.map((slot) => {
    if (Date.parse(slot.until) <= now) return { slot, stands: 'over' };
    if (Date.parse(slot.from) <= now) return { slot, stands: 'now' };
    if (next) return { slot, stands: 'later' };
    next = true;
    return { slot, stands: 'next' };
  });
}

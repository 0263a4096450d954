import type { Schema } from '@/api/client';
import type { Occurrence } from './calendar';
import type { Programme } from './recurrence';

/** absent are the times that programmes of a cluster's area have on a day, and
 * that its plan does not know of. area is what the schedule was asked for: of
 * what lies below it, a cluster plays only its own village's. */
export function absent(meant: Occurrence[], day: Schema<'Day'>, programme: (id: string) => Programme | undefined): Occurrence[] {
  const known = new Set([...day.slots, ...day.skipped].map((s) => s.occurrence));
  return meant.filter((o) => !known.has(o.occurrence) && programme(o.programme) !== undefined);
}

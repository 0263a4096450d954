import { limits, newID } from './draft';
import { daysBetween, endBefore, plusDays, repeatOf, ruleOf, weekdayOf, type Programme } from './recurrence';

/** Shift moves one time of a programme to another, or makes it longer. Local
 * times. */
export interface Shift {
  from: string;
  to: string;
  seconds: number;
}

/** Scope is which times of a programme a shift is meant for. */
export type Scope = 'only' | 'following' | 'all';

/** Change is what has to be sent: a programme that is made, and one that is
 * changed. */
export interface Change {
  create?: Programme;
  change?: Programme;
}

/** scopesOf are the scopes that a shift can have. */
export function scopesOf(p: Programme, s: Shift): Scope[] {
  if (!p.rule) return ['all'];
  const scopes: Scope[] = [];
  if ((p.except?.length ?? 0) < limits.except) scopes.push('only');
  if (shiftAll(p, s)) {
    if (s.from > p.start) scopes.push('following');
    scopes.push('all');
  }
  return scopes;
}

/** changeOf is what a shift comes to; undefined where it cannot be said by the
 * programme's rule. */
export function changeOf(p: Programme, s: Shift, scope: Scope): Change | undefined {
  if (scope === 'all' || !p.rule) {
    const change = shiftAll(p, s);
    return change && { change };
  }
  const id = newID(p.title);
  if (scope === 'only') {
    return { create: { ...p, id, start: s.to, rule: '', except: [], seconds: s.seconds }, change: leftOut(p, s.from) };
  }
  const create = shiftAll({ ...p, id, start: s.from, except: (p.except ?? []).filter((e) => e >= s.from) }, s);
  return create && { create, change: { ...p, rule: endBefore(p, s.from), except: (p.except ?? []).filter((e) => e < s.from) } };
}

/** leftOut is the programme without one of its times. */
export const leftOut = (p: Programme, start: string): Programme => ({ ...p, except: [...new Set([...(p.except ?? []), start])].sort() });

const byTheDay = /(^|;)(FREQ=HOURLY|BYHOUR=|BYMINUTE=|BYSECOND=)/;

/** shiftAll shifts every time of a programme. */
function shiftAll(p: Programme, s: Shift): Programme | undefined {
  if (!p.rule) return { ...p, start: s.to, seconds: s.seconds };
  const days = daysBetween(s.from.slice(0, 10), s.to.slice(0, 10));
  const time = s.to.slice(11);
  const [wasDay, wasTime] = [weekdayOf(s.from.slice(0, 10)), s.from.slice(11)];
  const becomes = weekdayOf(s.to.slice(0, 10));
  const r = repeatOf(p.rule, p.start);
  let { rule } = p;
  let moves = false; // to another day of the week
  if (r.kind === 'other') {
    if (days !== 0 || (byTheDay.test(rule) && time !== wasTime)) return undefined;
  } else if (days !== 0 && r.kind === 'days' && !r.days.includes(becomes)) {
    moves = true;
    rule = ruleOf({ ...r, days: r.days.map((d) => (d === wasDay ? becomes : d)) });
  } else if (days !== 0 && time === wasTime && s.seconds === p.seconds) {
    return undefined; // it plays on both days already
  }
  const shifted = (at: string) => {
    if (at.slice(11) !== wasTime) return at;
    const day = at.slice(0, 10);
    return `${moves && weekdayOf(day) === wasDay ? plusDays(day, days) : day}T${time}`;
  };
  return { ...p, rule, start: shifted(p.start), except: (p.except ?? []).map(shifted), seconds: s.seconds };
}

import { useTranslation } from 'react-i18next';

// Times are shown as they are in Vietnam, whatever zone the desk believes in.
export const zone = 'Asia/Ho_Chi_Minh';
export const zoneOffset = '+07:00'; // all year

type When = string | number | Date;

function format(language: string, options: Intl.DateTimeFormatOptions) {
  const f = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'vi-VN', { timeZone: zone, ...options });
  return (at: When) => f.format(new Date(at));
}

/** useWhen shows times in the language that is shown. */
export function useWhen() {
  const { i18n } = useTranslation();
  return whenIn(i18n.language);
}

const made = new Map<string, ReturnType<typeof make>>();

export function whenIn(language: string) {
  const have = made.get(language) ?? make(language);
  made.set(language, have);
  return have;
}

function make(language: string) {
  const clock = format(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const weekday = format(language, { weekday: 'long' });
  // Browsers differ in how they write a day in Vietnamese; day, month and year
  // stand in this order in both languages.
  const parts = (at: When) => dayOf(at).split('-').reverse();
  const day = (at: When) => parts(at).join('/');
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  return {
    /** 05:30 */
    clock,
    /** 05:30:07 */
    second: format(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
    /** 21/11/2026 */
    day,
    /** Thứ Bảy, 21/11 */
    weekday: (at: When) => `${weekday(at)}, ${parts(at).slice(0, 2).join('/')}`,
    /** 05:30 21/11/2026 */
    moment: (at: When) => `${clock(at)} ${day(at)}`,
    /** "3 phút trước"; now is serverNow() or useServerNow(). */
    ago(at: When, now: number) {
      const seconds = (new Date(at).getTime() - now) / 1000;
      const [unit, per] = ([['day', 86_400], ['hour', 3600], ['minute', 60]] as const).find(([, n]) => Math.abs(seconds) >= n) ?? ['second', 1];
      return relative.format(Math.trunc(seconds / per), unit);
    },
  };
}

/** dayOf is the day in Vietnam of a moment, as in 2026-11-21. */
export function dayOf(at: When): string {
  return new Date(new Date(at).getTime() + 7 * 3600_000).toISOString().slice(0, 10);
}

/** localOf is the wall clock in Vietnam, as in 2026-11-21T05:30:00: what
 * programmes are written in. */
export function localOf(at: When): string {
  return new Date(new Date(at).getTime() + 7 * 3600_000).toISOString().slice(0, 19);
}

/** momentOf is the moment of a wall clock in Vietnam. */
export function momentOf(local: string): Date {
  return new Date((local.length === 10 ? local + 'T00:00:00' : local) + zoneOffset);
}

/** secondsOf reads a duration as boards write it, as in 1h2m3.5s or 800ms. */
export function secondsOf(duration: string): number | undefined {
  const found = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s|([\d.]+)ms)?$/.exec(duration);
  if (!found || duration === '') return undefined;
  const [, h = 0, m = 0, s = 0, ms = 0] = found;
  return Number(h) * 3600 + Number(m) * 60 + Number(s) + Number(ms) / 1000;
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** lengthIn says how long something is, in the two largest units that count. */
export function lengthIn(language: string, seconds: number): string {
  const say = (n: number, unit: string) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }).format(n);
  if (seconds < 10 && seconds > 0 && !Number.isInteger(seconds)) {
    return new Intl.NumberFormat(language, { style: 'unit', unit: 'second', unitDisplay: 'long', maximumFractionDigits: 1 }).format(seconds);
  }
  let rest = Math.round(seconds);
  const said: string[] = [];
  for (const [unit, per] of units) {
    const n = Math.floor(rest / per);
    rest -= n * per;
    if (n > 0) said.push(say(n, unit));
    if (said.length === 2 || (said.length === 1 && n === 0)) break;
  }
  return said.join(' ') || say(0, 'second');
}

/** bytesIn says how much room there is. */
export function bytesIn(language: string, bytes: number): string {
  const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let n = bytes;
  let at = 0;
  while (n >= 1000 && at < steps.length - 1) {
    n /= 1000;
    at++;
  }
  return new Intl.NumberFormat(language, { style: 'unit', unit: steps[at], unitDisplay: 'short', maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
}

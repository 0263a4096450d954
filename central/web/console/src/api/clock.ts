// The server's time, told by the server. The desk's own clock may be wrong by a
// day, so nothing in the console reads it: what passes is measured by
// performance.now(), and what time it is comes from the server's beats.

let offset: number | undefined; // server's time minus performance.now(), ms
let exact = false;

/** noteServerTime takes a time that the server has just told. A Date header has
 * whole seconds and counts only until a beat came. */
export function noteServerTime(at: string | null, by: 'beat' | 'header') {
  const told = at ? Date.parse(at) : NaN;
  if (Number.isNaN(told) || (exact && by === 'header')) return;
  offset = told - performance.now();
  exact = by === 'beat';
}

/** serverNow is the time in ms since 1970, by the server. */
export function serverNow(): number {
  return (offset ?? performance.timeOrigin) + performance.now();
}

/** forgetServerTime is for tests. */
export function forgetServerTime() {
  offset = undefined;
  exact = false;
}

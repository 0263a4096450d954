// Whether the person is still signed in. A request that is answered 401 in the
// middle of work waits here until the person has signed in again, in a dialog
// over the page; then it is sent once more, so that nothing typed is lost.

type Listener = () => void;

let ended = false;
let waiting: { resolve: () => void; reject: (e: unknown) => void }[] = [];
const listeners = new Set<Listener>();

export const session = {
  /** again settles when the person has signed in again, or gave it up. */
  again(): Promise<void> {
    ended = true;
    tell();
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  },
  resumed() {
    settle((w) => w.resolve());
  },
  abandoned(why: unknown) {
    settle((w) => w.reject(why));
  },
  hasEnded: () => ended,
  subscribe(listener: Listener) {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  },
};

function settle(how: (w: (typeof waiting)[number]) => void) {
  const all = waiting;
  waiting = [];
  ended = false;
  all.forEach(how);
  tell();
}

function tell() {
  listeners.forEach((l) => l());
}

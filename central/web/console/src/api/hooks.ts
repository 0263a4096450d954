import { useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react';
import { serverNow } from './clock';
import { Live, type Connection, type LiveEvents } from './live';
import { queryClient } from './cache';
import { meQuery } from './me';
import { isProblem } from './problem';
import { session } from './session';

/** live is the one stream of this page. */
export const live = new Live(
  () => new EventSource('/api/v1/events') as unknown as ReturnType<ConstructorParameters<typeof Live>[0]>,
  () => {
    // A stream does not tell why it was refused; asking who we are does.
    queryClient.fetchQuery({ ...meQuery, staleTime: 0, retry: false }).catch((e: unknown) => {
      if (isProblem(e) && e.status === 401 && !session.hasEnded()) void session.again().then(() => live.hurry(), () => undefined);
    });
  },
);

/** useConnection tells whether what is shown is new, and else how old it is. */
export function useConnection(): Connection {
  return useSyncExternalStore(live.watch, live.connection);
}

/** useLive calls handler for every event of that name. */
export function useLive<N extends keyof LiveEvents>(name: N, handler: (data: LiveEvents[N]) => void) {
  const latest = useEffectEvent(handler);
  useEffect(() => live.on(name, (data) => latest(data)), [name]);
}

/** useServerNow is the server's time in ms, told anew every `every` ms. */
export function useServerNow(every = 1000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function useSessionEnded(): boolean {
  return useSyncExternalStore(session.subscribe, session.hasEnded);
}

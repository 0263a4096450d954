import { QueryClient, type QueryKey } from '@tanstack/react-query';
import type { Schema } from './client';
import type { Live } from './live';
import { Problem } from './problem';

/** newQueryClient: the server's word is asked for again where the network failed,
 * never where it refused. Live events say when something is old. */
export function newQueryClient() {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        networkMode: 'always', // a server on this machine needs no network
        retry: (count, e) => count < 3 && e instanceof Problem && (e.status === 0 || e.status === 503),
        retryDelay: (n) => Math.min(1000 * 2 ** n, 10_000),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

type Briefs = Schema<'Briefs'>;

/** patch puts changed pictures into a list; a cluster that is not in it leaves it
 * as it is, and the list is asked for anew by the caller. */
export function patch(have: Briefs, changed: Schema<'Brief'>[]): { next: Briefs; unknown: boolean } {
  const news = new Map(changed.map((c) => [c.id, c]));
  const clusters = have.clusters.map((c) => {
    const n = news.get(c.id);
    if (n) news.delete(c.id);
    return n ?? c;
  });
  return { next: { ...have, clusters }, unknown: news.size > 0 };
}

/**
 * follow keeps what queries hold as new as the events say. Keys begin with what
 * they hold: ['clusters', 'brief', area?], ['clusters', id, ...], ['alarms'],
 * ['orders', ...], ['alerts', ...], ['bulletins', ...], ['programmes', ...],
 * ['schedule', ...], ['persons', ...], ['areas'], ['me'].
 */
export function follow(client: QueryClient, live: Live): () => void {
  // Many events in a row ask once.
  const due = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const refresh = (...keys: QueryKey[]) => {
    for (const k of keys) due.set(JSON.stringify(k), k);
    timer ??= setTimeout(() => {
      timer = undefined;
      const now = [...due.values()];
      due.clear();
      for (const queryKey of now) void client.invalidateQueries({ queryKey });
    }, 300);
  };
  const offs = [
    live.on('clusters', (changed) => {
      for (const [key, have] of client.getQueriesData<Briefs>({ queryKey: ['clusters', 'brief'] })) {
        if (!have) continue;
        const { next, unknown } = patch(have, changed);
        client.setQueryData(key, next);
        // A list of one area knows not whose the others are.
        if (unknown && key.length === 2) refresh(key);
      }
      refresh(['alarms'], ...changed.map((c) => ['clusters', c.id]));
    }),
    live.on('order', (o) => {
      refresh(['orders']);
      if (['alert', 'cancel', 'stop'].includes(o.kind)) refresh(['alerts']);
      if (o.kind === 'bulletin') refresh(['bulletins']);
      if (o.kind === 'plan') refresh(['schedule']);
      if (o.kind === 'keyset') refresh(['me'], ['persons']);
    }),
    live.on('content', ({ what }) => {
      if (what === 'people') refresh(['persons'], ['me']);
      else refresh([what]);
      if (what === 'programmes' || what === 'bulletins') refresh(['schedule']);
      if (what === 'areas') refresh(['clusters'], ['stations']);
    }),
    live.missed(() => void client.invalidateQueries()),
  ];
  return () => {
    clearTimeout(timer);
    offs.forEach((off) => off());
  };
}

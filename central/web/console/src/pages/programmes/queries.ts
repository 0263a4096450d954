import { queryOptions, useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '@/api/client';
import type { Bulletin } from './draft';
import type { Change } from './move';
import type { Programme } from './recurrence';

export const programmesQuery = queryOptions({ queryKey: ['programmes'], queryFn: ({ signal }) => api.get('/programmes', { signal }) });

export const programmeQuery = (id: string) => queryOptions({ queryKey: ['programmes', id], queryFn: ({ signal }) => api.tagged('/programmes/{id}', { path: { id }, signal }) });

export const scheduleQuery = (area: string, from: string, days: number) =>
  queryOptions({
    queryKey: ['schedule', area, from, days],
    queryFn: ({ signal }) => api.get('/schedule', { query: { area, from, days }, signal }),
    placeholderData: (was) => was,
  });

/** Bulletins answers what a programme asks of bulletins. */
export interface Bulletins {
  ready: boolean;
  error: unknown;
  all: Bulletin[];
  get(id: string): Bulletin | undefined;
}

export function useBulletins(): Bulletins {
  const { data, error } = useQuery({ queryKey: ['bulletins', 'all'], queryFn: ({ signal }) => api.get('/bulletins', { query: { limit: 1000 }, signal }) });
  return useMemo(() => {
    const byID = new Map((data ?? []).map((b) => [b.id ?? '', b]));
    return { ready: data !== undefined, error, all: data ?? [], get: (id) => byID.get(id) };
  }, [data, error]);
}

/** useLengths is how long bulletins sound, in seconds, by id: in the language in
 * which they are longest, since every cluster plays its own. What is not known
 * yet is missing. */
export function useLengths(bulletins: Bulletin[]): Map<string, number> {
  const hashes = [...new Set(bulletins.flatMap((b) => Object.values(b.audio ?? {})))];
  const lengths = useQueries({
    queries: hashes.map((sha256) => ({
      queryKey: ['audio', sha256],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.get('/audio/{sha256}', { path: { sha256 }, signal }),
      staleTime: Infinity, // an audio's name is its hash
    })),
    combine: (all) => new Map(all.flatMap(({ data }) => (data ? [[data.sha256, data.seconds] as const] : []))),
  });
  return new Map(
    bulletins.flatMap((b) => {
      const known = Object.values(b.audio ?? {}).map((h) => lengths.get(h));
      return known.length > 0 && known.every((s) => s !== undefined) ? [[b.id ?? '', Math.max(...known)] as const] : [];
    }),
  );
}

/** useApply sends a change. What was made is taken back when the rest is
 * refused: nothing plays twice. */
export function useApply() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ what, etag }: { what: Change; etag: string }) => {
      const made = what.create && (await api.post('/programmes', { body: what.create }));
      if (!what.change) return;
      const { change: body } = what;
      try {
        await api.put('/programmes/{id}', { path: { id: body.id }, body, ifMatch: etag });
      } catch (e) {
        if (made) await api.delete('/programmes/{id}', { path: { id: made.id }, ifMatch: etagOf(made) });
        throw e;
      }
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['programmes'] }), client.invalidateQueries({ queryKey: ['schedule'] })]),
  });
}

/** etagOf is the ETag of a programme as it was listed. */
export const etagOf = (p: Programme) => `"${p.revision}"`;

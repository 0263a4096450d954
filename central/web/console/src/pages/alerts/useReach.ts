import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useAreas, type Areas } from '@/api/areas';
import { api, type Schema } from '@/api/client';

export type Brief = Schema<'Brief'>;

/** reachOf are the clusters that stand in an audience, as the registry knows
 * them. Which boards answer to it is said by the draft. */
export function reachOf(briefs: Brief[], audience: string[], areas: Pick<Areas, 'path'>): Brief[] {
  return briefs.filter((b) => areas.path(b.area).some((code) => audience.includes(code)));
}

/** spokenIn are the languages of clusters, Vietnamese first, then what most
 * clusters speak. */
export function spokenIn(clusters: Pick<Brief, 'languages'>[]): string[] {
  const count = new Map<string, number>([['vi', Infinity]]);
  for (const c of clusters) for (const l of c.languages) count.set(l, (count.get(l) ?? 0) + 1);
  return [...count].sort(([a, n], [b, m]) => m - n || a.localeCompare(b)).map(([l]) => l);
}

/** useReach are the clusters that an audience is likely to reach; undefined
 * while they are not known: nothing waits for them. */
export function useReach(audience: string[]): Brief[] | undefined {
  const areas = useAreas();
  const communes = [...new Set(audience.map((c) => (c.length >= 5 ? c.slice(0, 5) : c)))];
  const only = communes.length === 1 ? communes[0] : undefined;
  const { data } = useQuery({
    queryKey: only ? ['clusters', 'brief', only] : ['clusters', 'brief'],
    queryFn: ({ signal }) => api.get('/clusters/brief', { query: only ? { area: only } : {}, signal }),
    enabled: audience.length > 0,
  });
  return useMemo(() => (data ? reachOf(data.clusters, audience, areas) : undefined), [data, audience, areas]);
}

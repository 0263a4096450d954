import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '@/api/client';
import { joined, olderThan } from './record';

const page = 100;

/** useRecord is what happened to a cluster, the newest first. */
export function useRecord(cluster: string) {
  const query = useInfiniteQuery({
    queryKey: ['clusters', cluster, 'timeline'],
    queryFn: ({ pageParam, signal }) => api.get('/clusters/{id}/timeline', { path: { id: cluster }, query: { until: pageParam, limit: page }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (_, pages) => olderThan(pages, page),
  });
  const entries = useMemo(() => joined(query.data?.pages ?? []), [query.data]);
  return { ...query, entries };
}

import { queryOptions } from '@tanstack/react-query';
import { api } from '@/api/client';

/** briefsQuery is every cluster in few words, or those of an area; live events
 * keep it new. */
export function briefsQuery(area?: string) {
  return queryOptions({
    queryKey: area ? ['clusters', 'brief', area] : ['clusters', 'brief'],
    queryFn: ({ signal }) => api.get('/clusters/brief', { query: { area }, signal }),
  });
}

/** alarmsQuery is everything because of which clusters are silent, the newest
 * first. */
export function alarmsQuery(area?: string) {
  return queryOptions({
    queryKey: area ? ['alarms', area] : ['alarms'],
    queryFn: ({ signal }) => api.get('/alarms', { query: { area }, signal }),
  });
}

import { useQuery } from '@tanstack/react-query';
import { api, type Schema } from '@/api/client';

export type Alert = Schema<'Alert'>;

/** sorted puts what is running first, then what waits for another person, and
 * leaves out drafts that nobody signed: they sound nowhere. */
export function sorted(alerts: Alert[]): { active: Alert[]; gathering: Alert[]; past: Alert[] } {
  const live = (a: Alert) => (a.mode === 'live' ? 0 : 1);
  const begun = alerts.filter((a) => a.raised !== undefined || a.persons.length > 0);
  const by = (state: Alert['state']) => begun.filter((a) => a.state === state).sort((a, b) => live(a) - live(b));
  return { active: by('active'), gathering: by('gathering'), past: begun.filter((a) => a.state === 'cancelled' || a.state === 'ended') };
}

/** useRunning are the alerts that sound or wait for another person. */
export function useRunning() {
  return useQuery({
    queryKey: ['alerts', 'active'],
    queryFn: ({ signal }) => api.get('/alerts', { query: { state: 'active' }, signal }),
    refetchInterval: 15_000, // events tell sooner; on a bad network they may not come
  });
}

export function usePast() {
  return useQuery({ queryKey: ['alerts', 'ended'], queryFn: ({ signal }) => api.get('/alerts', { query: { state: 'ended', limit: 50 }, signal }) });
}

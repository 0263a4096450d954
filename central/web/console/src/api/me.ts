import { useQuery, useSuspenseQuery, queryOptions } from '@tanstack/react-query';
import { api, type Schema } from './client';

/** Action is what a person may or may not do in an area: central/registry. */
export type Action =
  | 'read-content'
  | 'edit-bulletins'
  | 'approve-bulletins'
  | 'edit-programmes'
  | 'raise-alerts'
  | 'cancel-alerts'
  | 'stop-sound'
  | 'read-fleet'
  | 'enrol-devices'
  | 'manage-placements'
  | 'manage-people'
  | 'manage-keys'
  | 'read-audit';

export type RoleName = 'administrator' | 'broadcaster' | 'officer' | 'technician';
export type Me = Schema<'Myself'>;

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }): Promise<Me> => api.get('/me', { signal, signingIn: true }),
  staleTime: 60_000,
});

/** useMe is who works here. Below the shell there always is somebody. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

/** useMaybeMe is for where nobody may be signed in. */
export function useMaybeMe(): Me | undefined {
  return useQuery({ ...meQuery, enabled: false }).data;
}

/** areasFor are the codes of the person's areas in which the action is allowed:
 * everything in them is too. */
export function areasFor(me: Me, action: Action): string[] {
  return me.actions[action] ?? [];
}

/** may tells whether the action is allowed in an area, or anywhere. path is the
 * area's codes from the province down, as pathOf of @/api/areas gives it. What is
 * allowed is judged by the server; this only hides what would be refused. */
export function may(me: Me, action: Action, path?: string[]): boolean {
  const areas = areasFor(me, action);
  return path ? path.some((code) => areas.includes(code)) : areas.length > 0;
}

export function hasRole(me: Me, name: RoleName): boolean {
  return me.roles.some((r) => r.name === name);
}

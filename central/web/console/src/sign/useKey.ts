import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '@/api/client';
import { meQuery, useMe, type Me } from '@/api/me';
import { toBase64 } from './envelope';
import { ability, heldKey, makeKey, type Ability, type BrowserKey } from './key';

/**
 * How the key of this person in this browser stands.
 * none: it is not made yet, or what there is no longer counts; unproposed: the
 * server does not know it; proposed: an administrator must confirm it; confirmed:
 * the administrators must sign the key set that lists it; ready: it signs.
 */
export type Standing = 'none' | 'unproposed' | 'proposed' | 'confirmed' | 'ready';

export interface KeyState {
  ability?: Ability;
  key?: BrowserKey;
  /** undefined while it is looked for. */
  standing?: Standing;
  /** make makes a key where there is none, and proposes it. */
  make: () => void;
  making: boolean;
  problem: unknown;
}

export function standingOf(key: BrowserKey | undefined, me: Me): Standing {
  if (!key) return 'none';
  const known = me.keys.find((k) => k.id === key.id);
  switch (known?.state) {
    case undefined:
      return 'unproposed';
    case 'proposed':
      return 'proposed';
    case 'in-use':
      return known?.confirmed ? 'ready' : 'confirmed';
    case 'retired':
    case 'revoked':
      return 'none';
  }
}

const query = (person: string) => ({
  queryKey: ['key', person],
  queryFn: async () => ({ ability: await ability(), key: (await heldKey(person).catch(() => undefined)) ?? null }),
  staleTime: Infinity,
  retry: false,
});

export function useKey(): KeyState {
  const me = useMe();
  const client = useQueryClient();
  const held = useQuery(query(me.id));
  const key = held.data?.key ?? undefined;
  const standing = held.data ? standingOf(key, me) : undefined;
  const make = useMutation({
    mutationFn: async () => {
      const mine = standing === 'none' || !key ? await makeKey(me.id) : key;
      client.setQueryData(query(me.id).queryKey, { ability: 'able', key: mine });
      await api.post('/me/keys', { body: { id: mine.id, scheme: 'ed25519', public: toBase64(mine.public) } });
      await client.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  return { ability: held.data?.ability, key, standing, make: () => make.mutate(), making: make.isPending, problem: make.error };
}

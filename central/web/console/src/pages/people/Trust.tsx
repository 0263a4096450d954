import { Button, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { fingerprint, useSign } from '@/sign';
import type { Person } from '.';
import classes from './people.module.css';

/** Proposals are keys that people made in their browsers and nobody confirmed:
 * whoever confirms compares the fingerprint with the person, by voice. */
export function Proposals({ persons }: { persons: Person[] }) {
  const { t } = useTranslation('people');
  const when = useWhen();
  const client = useQueryClient();
  const done = () => client.invalidateQueries({ queryKey: ['persons'] });
  const confirm = useMutation({
    mutationFn: ({ id, key }: { id: string; key: string }) => api.post('/persons/{id}/keys/{key}/confirm', { path: { id, key } }),
    onSuccess: done,
  });
  const refuse = useMutation({
    mutationFn: ({ id, key }: { id: string; key: string }) => api.post('/persons/{id}/keys/{key}/retire', { path: { id, key } }),
    onSuccess: done,
  });
  const waiting = persons.flatMap((p) => p.keys.filter((k) => k.state === 'proposed').map((k) => ({ p, k })));
  if (waiting.length === 0) return null;
  return (
    <Paper component="section" aria-labelledby="proposals">
      <Title order={2} id="proposals">
        {t('proposals.title', { count: waiting.length })}
      </Title>
      <Text>{t('proposals.text')}</Text>
      <ProblemNote error={confirm.error ?? refuse.error} />
      <ul className={classes.keys}>
        {waiting.map(({ p, k }) => (
          <li key={k.id} className={classes.key}>
            <span>
              <strong>{p.name}</strong> <small>{when.moment(k.added)}</small>
              <br />
              <code className={classes.code}>{fingerprint(k.id)}</code>
            </span>
            <span>
              <Button mr="xs" loading={confirm.isPending && confirm.variables.key === k.id} onClick={() => confirm.mutate({ id: p.id, key: k.id })} aria-label={`${t('proposals.confirm')}: ${p.name}`}>
                {t('proposals.confirm')}
              </Button>
              <Button variant="default" loading={refuse.isPending && refuse.variables.key === k.id} onClick={() => refuse.mutate({ id: p.id, key: k.id })} aria-label={`${t('proposals.refuse')}: ${p.name}`}>
                {t('proposals.refuse')}
              </Button>
            </span>
          </li>
        ))}
      </ul>
    </Paper>
  );
}

/** KeySets: what the registry says of keys counts for boards only once two
 * administrators have signed it. */
export function KeySets({ persons }: { persons: Person[] }) {
  const { t } = useTranslation('people');
  const when = useWhen();
  const client = useQueryClient();
  const sign = useSign();
  const gathering = useQuery({ queryKey: ['orders', 'keyset', 'gathering'], queryFn: ({ signal }) => api.get('/orders', { query: { kind: 'keyset', state: 'gathering', limit: 20 }, signal }) });
  const unlisted = persons.flatMap((p) => p.keys).filter((k) => k.state === 'in-use' && !k.confirmed).length;
  const over = () => Promise.all([client.invalidateQueries({ queryKey: ['orders'] }), client.invalidateQueries({ queryKey: ['persons'] })]);
  const draft = useMutation({ mutationFn: async () => sign(await api.post('/keyset')), onSettled: over });
  const add = useMutation({
    mutationFn: async (hash: string) => sign((await api.get('/orders/{hash}', { path: { hash } })).draft),
    onSettled: over,
  });
  const open = gathering.data ?? [];
  return (
    <Paper component="section" aria-labelledby="keysets">
      <Title order={2} id="keysets">
        {t('keysets.title')}
      </Title>
      <Stack gap="xs">
        <Text>{unlisted > 0 ? t('keysets.unlisted', { count: unlisted }) : t('keysets.text')}</Text>
        <ProblemNote error={gathering.error ?? draft.error ?? add.error} />
        <ul className={classes.keys}>
          {open.map((o) => (
            <li key={o.hash} className={classes.key}>
              <span>
                {t('keysets.revision', { n: o.revision })}, {when.moment(o.drafted)}
                <br />
                <small>{o.persons.length > 0 ? t('keysets.signed', { who: o.persons.map((id) => persons.find((p) => p.id === id)?.name ?? id).join(', ') }) : t('keysets.unsigned')}</small>
              </span>
              <Button loading={add.isPending && add.variables === o.hash} onClick={() => add.mutate(o.hash)}>
                {t('keysets.sign')}
              </Button>
            </li>
          ))}
        </ul>
        <div>
          <Button variant={unlisted > 0 && open.length === 0 ? 'filled' : 'default'} loading={draft.isPending} onClick={() => draft.mutate()}>
            {t('keysets.draft')}
          </Button>
        </div>
      </Stack>
    </Paper>
  );
}

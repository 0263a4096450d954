import { Alert, Button, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type Schema } from '@/api/client';
import { useAreas } from '@/api/areas';
import { may, useMe } from '@/api/me';
import { Icon } from '@/app/icons';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { NewPerson } from './NewPerson';
import { OnePerson } from './OnePerson';
import { KeySets, Proposals } from './Trust';
import classes from './people.module.css';

export type Person = Schema<'Person'>;

/** People is for administrators: who there is, whose keys wait, whom to invite. */
export default function People() {
  const { t } = useTranslation('people');
  const me = useMe();
  if (!may(me, 'manage-people') && !may(me, 'manage-keys')) {
    return (
      <Alert color="grain" role="alert">
        {t('forbidden')}
      </Alert>
    );
  }
  return <Inside />;
}

function Inside() {
  const { t } = useTranslation('people');
  const me = useMe();
  const persons = useQuery({ queryKey: ['persons'], queryFn: ({ signal }) => api.get('/persons', { signal }) });
  const [search, setSearch] = useState('');
  const [open, setOpen] = useState<string>();
  const [adding, setAdding] = useState(false);
  const found = useFound(persons.data, search);
  return (
    <Stack>
      <div className={classes.head}>
        <Title order={1}>{t('title')}</Title>
        {may(me, 'manage-people') && (
          <Button leftSection={<Icon name="plus" />} onClick={() => setAdding(!adding)} aria-expanded={adding}>
            {t('add')}
          </Button>
        )}
      </div>
      <ProblemNote error={persons.error} onRetry={() => void persons.refetch()} />
      {adding && <NewPerson onDone={(id) => (setAdding(false), setOpen(id))} />}
      {may(me, 'manage-keys') && (
        <>
          <Proposals persons={persons.data ?? []} />
          <KeySets persons={persons.data ?? []} />
        </>
      )}
      <TextInput type="search" label={t('search')} value={search} onChange={(e) => setSearch(e.currentTarget.value)} />
      {persons.isPending && <Loading />}
      <ul className={classes.list}>
        {found.map((p) => (
          <li key={p.id}>
            <Paper p={0}>
              <Row person={p} open={open === p.id} onToggle={() => setOpen(open === p.id ? undefined : p.id)} />
              {open === p.id && <OnePerson person={p} />}
            </Paper>
          </li>
        ))}
      </ul>
      {persons.data && found.length === 0 && <Text>{t('nobody')}</Text>}
    </Stack>
  );
}

function Row({ person, open, onToggle }: { person: Person; open: boolean; onToggle: () => void }) {
  const { t } = useTranslation(['people', 'words']);
  const areas = useAreas();
  return (
    <button type="button" className={classes.row} aria-expanded={open} onClick={onToggle}>
      <span>
        <strong>{person.name}</strong> <small>{person.id}</small>
        <br />
        <small>{person.roles.map((r) => `${t(`words:role.${r.name}`)}, ${areas.name(r.area)}`).join(' · ') || t('noRole')}</small>
      </span>
      <small>{person.signsIn ? t('signsIn') : t('noPassword')}</small>
    </button>
  );
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase();

function useFound(all: Person[] | undefined, search: string): Person[] {
  const areas = useAreas();
  const wanted = plain(search.trim());
  return (all ?? [])
    .filter((p) => plain([p.name, p.id, ...p.roles.flatMap((r) => [r.area, areas.name(r.area)])].join(' ')).includes(wanted))
    .sort((a, b) => a.name.localeCompare(b.name, 'vi'));
}

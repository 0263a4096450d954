import { Alert, Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import { api, type Schema } from '@/api/client';
import { meQuery } from '@/api/me';
import { isProblem } from '@/api/problem';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import classes from './signIn.module.css';
import { nextOf, peopleByRole } from './people';

type Greeting = Schema<'Greeting'>;
type Place = Schema<'Place'>;
const remembered = 'loa.person';

export default function SignIn() {
  const { t } = useTranslation('signIn');
  const [params] = useSearchParams();
  const about = useQuery({ queryKey: ['welcome'], queryFn: ({ signal }) => api.get('/welcome', { signal, signingIn: true }) });
  if (about.isPending) return <Loading />;
  return (
    <Stack>
      <Title order={1}>{t('title')}</Title>
      <ProblemNote error={about.error} onRetry={() => void about.refetch()} />
      {params.has('welcome') && (
        <Alert color="ridge" role="status">
          {t('chosen')}
        </Alert>
      )}
      {about.data?.first && (
        <Alert color="grain" role="status">
          {t('first')}
        </Alert>
      )}
      {about.data && <Form people={about.data.demo ? about.data.people : []} areas={about.data.areas} demo={about.data.demo && about.data.people.length > 0} next={nextOf(params.get('next'))} />}
    </Stack>
  );
}

function Form({ people, areas, demo, next }: { people: Greeting[]; areas: Place[]; demo: boolean; next: string }) {
  const { t } = useTranslation('signIn');
  const navigate = useNavigate();
  const client = useQueryClient();
  const [person, setPerson] = useState(() => lastPerson(people, demo));
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => api.post('/session', { body: { person: person.trim(), password }, signingIn: true }),
    onSuccess: async (me) => {
      client.clear();
      client.setQueryData(meQuery.queryKey, me);
      rememberPerson(me.id);
      await navigate(next, { replace: true });
    },
  });
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        signIn.mutate();
      }}
    >
      <Paper>
        <Stack>
          {demo ? (
            <Choose people={people} areas={areas} chosen={person} onChoose={setPerson} />
          ) : (
            <TextInput label={t('person')} description={t('personHint')} value={person} onChange={(e) => setPerson(e.currentTarget.value)} autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={64} />
          )}
          {demo && <input type="text" hidden name="username" autoComplete="username" value={person} readOnly />}
          <PasswordInput label={t('password')} description={demo ? t('demoPassword') : undefined} value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="current-password" required maxLength={512} />
          <ProblemNote error={signIn.error} />
          {isProblem(signIn.error, 'too-many') && signIn.error.retryAfter !== undefined && <Text>{t('wait', { count: signIn.error.retryAfter })}</Text>}
          <Button type="submit" size="lg" loading={signIn.isPending} disabled={person === ''}>
            {t('submit')}
          </Button>
        </Stack>
      </Paper>
    </form>
  );
}

/** Choose is for the demo, whose people are invented: a list by role. */
function Choose({ people, areas, chosen, onChoose }: { people: Greeting[]; areas: Place[]; chosen: string; onChoose: (id: string) => void }) {
  const { t, i18n } = useTranslation(['signIn', 'words']);
  const [search, setSearch] = useState('');
  const name = useId();
  const area = (code: string) => {
    const found = areas.find((a) => a.code === code);
    return (i18n.language === 'en' && found?.nameEn) || found?.nameVi || code;
  };
  const groups = peopleByRole(people, search, area);
  return (
    <fieldset className={classes.choose}>
      <legend>{t('choose.title')}</legend>
      <TextInput type="search" label={t('choose.search')} value={search} onChange={(e) => setSearch(e.currentTarget.value)} />
      <div className={classes.list}>
        {groups.length === 0 && <Text>{t('choose.nobody')}</Text>}
        {groups.map(({ role, people: some }) => (
          <div key={role}>
            <Text size="sm" c="dimmed" fw={600} mt="xs">
              {t(`words:role.${role}`)}
            </Text>
            {some.map((p) => (
              <label key={p.id} className={classes.person}>
                <input type="radio" name={name} value={p.id} checked={p.id === chosen} onChange={() => onChoose(p.id)} />
                <span>
                  {p.name} <small>{[...new Set(p.roles.map((r) => area(r.area)))].join(', ')}</small>
                </span>
              </label>
            ))}
          </div>
        ))}
      </div>
    </fieldset>
  );
}

function lastPerson(people: Greeting[], demo: boolean): string {
  let last = '';
  try {
    last = localStorage.getItem(remembered) ?? '';
  } catch {
    // Nothing is kept here.
  }
  return demo && !people.some((p) => p.id === last) ? '' : last;
}

function rememberPerson(id: string) {
  try {
    localStorage.setItem(remembered, id);
  } catch {
    // It is typed again next time.
  }
}

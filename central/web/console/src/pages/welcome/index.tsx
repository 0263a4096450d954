import { Alert, Button, Paper, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useNavigate } from 'react-router';
import { api, type Schema } from '@/api/client';
import { isProblem } from '@/api/problem';
import { Loading } from '@/app/Loading';
import { NewPassword, passwordFault } from '@/app/NewPassword';
import { ProblemNote } from '@/app/ProblemNote';
import { isSlug, slug } from '@/app/slug';
import { useWhen } from '@/app/when';

type Invitation = Schema<'Invitation'>;

/** Welcome is where a link with an invitation leads: /welcome#TOKEN. The token is
 * behind #, so that no server's log has it; looking at it uses nothing up. */
export default function Welcome() {
  const { t } = useTranslation('welcome');
  const { hash } = useLocation();
  const token = decodeURIComponent(hash.slice(1));
  const about = useQuery({ queryKey: ['welcome'], queryFn: ({ signal }) => api.get('/welcome', { signal, signingIn: true }) });
  const look = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => api.post('/invitations/look', { body: { token }, signal, signingIn: true }),
    enabled: token !== '',
    refetchOnWindowFocus: false,
  });
  if (about.isPending || (token !== '' && look.isPending)) return <Loading />;
  return (
    <Stack>
      <Title order={1}>{t('title')}</Title>
      {token === '' && <NoToken first={about.data?.first ?? false} />}
      {look.error && <Refused error={look.error} onRetry={() => void look.refetch()} />}
      {look.data && <Accept token={token} invitation={look.data} demo={about.data?.demo ?? false} />}
    </Stack>
  );
}

function NoToken({ first }: { first: boolean }) {
  const { t } = useTranslation('welcome');
  return (
    <>
      <Text>{first ? t('noToken.first') : t('noToken.text')}</Text>
      <Button component={Link} to="/sign-in" variant={first ? 'default' : 'filled'}>
        {t('signIn')}
      </Button>
    </>
  );
}

function Refused({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation('welcome');
  const gone = isProblem(error) && [404, 410, 422].includes(error.status);
  if (!gone) return <ProblemNote error={error} onRetry={onRetry} />;
  return (
    <>
      <Alert color="grain" role="alert">
        {error.code === 'used' ? t('refused.used') : error.code === 'expired' ? t('refused.expired') : t('refused.unknown')}
      </Alert>
      <Button component={Link} to="/sign-in">
        {t('signIn')}
      </Button>
    </>
  );
}

function Accept({ token, invitation, demo }: { token: string; invitation: Invitation; demo: boolean }) {
  const { t, i18n } = useTranslation('welcome');
  const when = useWhen();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { first, persons, provinces } = invitation;
  const [name, setName] = useState('');
  const [id, setId] = useState<string>();
  const [province, setProvince] = useState<string | null>(provinces.length === 1 ? (provinces[0]?.code ?? null) : null);
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [judged, setJudged] = useState(false);
  const person = { id: id ?? slug(name), name: name.trim() };
  const fault = {
    name: first && person.name === '' ? t('first.noName') : undefined,
    id: first && !isSlug(person.id) ? t('first.noId') : undefined,
    province: first && !province ? t('first.noProvince') : undefined,
  };
  const accept = useMutation({
    mutationFn: () =>
      api.post('/invitations/accept', {
        body: first ? { token, password, person, province: province ?? '' } : { token, password },
        signingIn: true,
      }),
    onSuccess: async (done) => {
      client.clear();
      // The token is spent; it need not stay in the address.
      if (done.persons.length === 1) await navigate('/', { replace: true });
      else await navigate('/sign-in?welcome=1', { replace: true });
    },
  });
  const one = persons.length === 1 ? persons[0] : undefined;
  const submit = () => {
    setJudged(true);
    if (passwordFault(password, again) || fault.name || fault.id || fault.province) return;
    accept.mutate();
  };
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <Paper>
        <Stack>
          {first && <Text>{t('first.text')}</Text>}
          {one && <Text>{t('one', { name: one.name })}</Text>}
          {persons.length > 1 && (
            <>
              <Text fw={600}>{demo ? t('demo.title') : t('several.title')}</Text>
              <Text>{t('several.text', { count: persons.length })}</Text>
              <details>
                <summary>{t('several.who')}</summary>
                <ul>
                  {persons.map((p) => (
                    <li key={p.id}>{p.name}</li>
                  ))}
                </ul>
              </details>
            </>
          )}
          {first && (
            <>
              <TextInput label={t('first.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} autoComplete="name" error={judged && fault.name} required maxLength={200} />
              <TextInput label={t('first.id')} description={t('first.idHint')} value={person.id} onChange={(e) => setId(e.currentTarget.value)} autoComplete="username" error={judged && fault.id} required maxLength={40} />
              <Select
                label={t('first.province')}
                data={provinces.map((p) => ({ value: p.code, label: i18n.language === 'en' ? p.nameEn : p.nameVi }))}
                value={province}
                onChange={setProvince}
                searchable
                error={judged && fault.province}
                required
              />
            </>
          )}
          <NewPassword
            value={password}
            again={again}
            onChange={(v, a) => {
              setPassword(v);
              setAgain(a);
            }}
            person={one?.id}
            judged={judged}
          />
          <ProblemNote error={accept.error} />
          <Button type="submit" size="lg" loading={accept.isPending}>
            {t('submit')}
          </Button>
          <Text size="sm" c="dimmed">
            {t('once', { until: when.moment(invitation.until) })}
          </Text>
        </Stack>
      </Paper>
    </form>
  );
}

import { Button, Paper, PasswordInput, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { useAreas } from '@/api/areas';
import { meQuery, useMe } from '@/api/me';
import { isProblem } from '@/api/problem';
import { NewPassword, passwordFault } from '@/app/NewPassword';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { setLanguage, type Language } from '@/i18n';
import { fingerprint, KeyNote, useKey } from '@/sign';

export default function Account() {
  const { t, i18n } = useTranslation(['me', 'words']);
  const me = useMe();
  const areas = useAreas();
  return (
    <Stack maw={720}>
      <Title order={1}>{t('title')}</Title>
      <Paper>
        <Text fw={650}>{me.name}</Text>
        <Text c="dimmed">{me.id}</Text>
        <ul>
          {me.roles.map((r) => (
            <li key={r.name + r.area}>
              {t(`words:role.${r.name}`)}, {areas.name(r.area)}
            </li>
          ))}
        </ul>
        {me.roles.length === 0 && <Text>{t('noRoles')}</Text>}
      </Paper>
      <Keys />
      <Paper>
        <Title order={2} mb="sm" id="language">
          {t('language')}
        </Title>
        <SegmentedControl
          aria-labelledby="language"
          value={i18n.language}
          onChange={(l) => void setLanguage(l as Language)}
          data={[
            { value: 'vi', label: t('words:language.vi') },
            { value: 'en', label: t('words:language.en') },
          ]}
        />
      </Paper>
      <Password />
    </Stack>
  );
}

function Keys() {
  const { t } = useTranslation('me');
  const me = useMe();
  const when = useWhen();
  const state = useKey();
  const client = useQueryClient();
  const takeBack = useMutation({
    mutationFn: (key: string) => api.delete('/me/keys/{key}', { path: { key } }),
    onSuccess: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  });
  return (
    <Paper>
      <Title order={2} mb="sm">
        {t('keys.title')}
      </Title>
      <Stack>
        <Text>{t('keys.text')}</Text>
        <KeyNote state={state} />
        <ProblemNote error={takeBack.error} />
        {me.keys.length > 0 && (
          <ul>
            {me.keys.map((k) => (
              <li key={k.id}>
                <code>{fingerprint(k.id)}</code>
                {k.id === state.key?.id ? ` (${t('keys.here')})` : ''}
                <br />
                {k.state === 'in-use' && !k.confirmed ? t('keys.state.waiting') : t(`keys.state.${k.state}`)}, {when.moment(k.added)}{' '}
                {k.state === 'proposed' && (
                  <Button variant="default" size="compact-md" mih={44} loading={takeBack.isPending && takeBack.variables === k.id} onClick={() => takeBack.mutate(k.id)}>
                    {t('keys.takeBack')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
        <Text size="sm" c="dimmed">
          {t('keys.lost')}
        </Text>
      </Stack>
    </Paper>
  );
}

function Password() {
  const { t } = useTranslation('me');
  const me = useMe();
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [judged, setJudged] = useState(false);
  const change = useMutation({
    mutationFn: () => api.put('/me/password', { body: { old, new: password } }),
    onSuccess: () => {
      setOld('');
      setPassword('');
      setAgain('');
      setJudged(false);
      notifications.show({ message: t('password.done') });
    },
  });
  return (
    <Paper>
      <Title order={2} mb="sm">
        {t('password.title')}
      </Title>
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          setJudged(true);
          if (old !== '' && !passwordFault(password, again)) change.mutate();
        }}
      >
        <Stack>
          <PasswordInput
            label={t('password.old')}
            autoComplete="current-password"
            value={old}
            onChange={(e) => setOld(e.currentTarget.value)}
            error={judged && old === '' ? t('password.noOld') : isProblem(change.error) && change.error.at('old') ? t('password.wrong') : undefined}
            required
            maxLength={512}
          />
          <NewPassword
            value={password}
            again={again}
            onChange={(v, a) => {
              setPassword(v);
              setAgain(a);
            }}
            person={me.id}
            judged={judged}
          />
          <ProblemNote error={change.error} />
          <Text size="sm" c="dimmed">
            {t('password.ends')}
          </Text>
          <Button type="submit" loading={change.isPending}>
            {t('password.submit')}
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}

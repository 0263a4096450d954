import { Button, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { live } from '@/api/hooks';
import { meQuery, type Me } from '@/api/me';
import { session } from '@/api/session';
import { ProblemNote } from './ProblemNote';

/** SignInAgain asks for the password over the page when the session has ended:
 * what was typed stays, and what was asked for goes on. */
export default function SignInAgain({ me }: { me: Me }) {
  const { t } = useTranslation('shell');
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => api.post('/session', { body: { person: me.id, password }, signingIn: true }),
    onSuccess: (again) => {
      client.setQueryData(meQuery.queryKey, again);
      setPassword('');
      session.resumed();
      live.hurry();
    },
  });
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={t('again.title')}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          signIn.mutate();
        }}
      >
        <Stack>
          <Text>{t('again.text', { name: me.name })}</Text>
          <input type="text" hidden name="username" autoComplete="username" value={me.id} readOnly />
          <PasswordInput label={t('again.password')} autoComplete="current-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} data-autofocus required />
          <ProblemNote error={signIn.error} />
          <Button type="submit" loading={signIn.isPending}>
            {t('again.submit')}
          </Button>
          <Button variant="subtle" onClick={() => window.location.assign('/sign-in')}>
            {t('again.other')}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

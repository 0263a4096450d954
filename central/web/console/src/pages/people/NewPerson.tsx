import { Button, Paper, Stack, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import type { RoleName } from '@/api/me';
import { isProblem } from '@/api/problem';
import { ProblemNote } from '@/app/ProblemNote';
import { isSlug, slug } from '@/app/slug';
import { RoleFields } from './RoleFields';

/** NewPerson adds somebody with a role. Where the role cannot be given any more
 * the person is there all the same, and a second try goes on from there. */
export function NewPerson({ onDone }: { onDone: (id: string) => void }) {
  const { t } = useTranslation('people');
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [typed, setTyped] = useState<string>();
  const [role, setRole] = useState<RoleName | null>(null);
  const [area, setArea] = useState<string | null>(null);
  const [judged, setJudged] = useState(false);
  const [added, setAdded] = useState<string>();
  const id = typed ?? slug(name);
  const add = useMutation({
    mutationFn: async () => {
      if (added !== id) {
        await api.post('/persons', { body: { id, name: name.trim() } });
        setAdded(id);
      }
      if (role && area) await api.put('/persons/{id}/roles', { path: { id }, body: { name: role, area } });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['persons'] }),
    onSuccess: () => onDone(id),
  });
  const halfRole = (role === null) !== (area === null);
  return (
    <Paper component="section" aria-label={t('add')}>
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          setJudged(true);
          if (name.trim() !== '' && isSlug(id) && !halfRole) add.mutate();
        }}
      >
        <Stack>
          <Title order={2}>{t('add')}</Title>
          <TextInput label={t('name')} value={name} onChange={(e) => setName(e.currentTarget.value)} error={judged && name.trim() === '' && t('noName')} required maxLength={200} />
          <TextInput label={t('id')} description={t('idHint')} value={id} onChange={(e) => setTyped(e.currentTarget.value)} error={(judged && !isSlug(id) && t('noId')) || (isProblem(add.error, 'exists') && t('idTaken'))} required maxLength={40} />
          <RoleFields
            role={role}
            area={area}
            onChange={(r, a) => {
              setRole(r);
              setArea(a);
            }}
          />
          {judged && halfRole && <p role="alert">{t('halfRole')}</p>}
          <ProblemNote error={add.error} />
          <Button type="submit" loading={add.isPending}>
            {t('addNow')}
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}

import { Alert, Button, CopyButton, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { useAreas } from '@/api/areas';
import { may, useMe, type RoleName } from '@/api/me';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { fingerprint } from '@/sign';
import { RoleFields } from './RoleFields';
import type { Person } from '.';
import classes from './people.module.css';

export function OnePerson({ person }: { person: Person }) {
  const me = useMe();
  return (
    <Stack className={classes.inside} pt="md">
      {may(me, 'manage-people') && <Invitation person={person} />}
      <Roles person={person} />
      <Keys person={person} />
    </Stack>
  );
}

/** Invitation makes a link by which the person chooses a password; it is shown
 * once, here, and nowhere else. */
function Invitation({ person }: { person: Person }) {
  const { t } = useTranslation('people');
  const when = useWhen();
  const invite = useMutation({ mutationFn: () => api.post('/persons/{id}/invitations', { path: { id: person.id } }) });
  const link = invite.data && `${window.location.origin}/welcome#${invite.data.token}`;
  return (
    <section>
      <Title order={3}>{t('invite.title')}</Title>
      <Text size="sm" c="dimmed">
        {person.signsIn ? t('invite.again') : t('invite.text')}
      </Text>
      <ProblemNote error={invite.error} />
      {link ? (
        <Alert color="ridge" role="status" mt="xs" title={t('invite.once', { until: when.moment(invite.data.until) })}>
          <code className={classes.code}>{link}</code>
          <CopyButton value={link}>
            {({ copied, copy }) => (
              <Button mt="xs" variant="default" onClick={copy}>
                {copied ? t('invite.copied') : t('invite.copy')}
              </Button>
            )}
          </CopyButton>
        </Alert>
      ) : (
        <Button mt="xs" variant="default" loading={invite.isPending} onClick={() => invite.mutate()}>
          {t('invite.make')}
        </Button>
      )}
    </section>
  );
}

function Roles({ person }: { person: Person }) {
  const { t } = useTranslation(['people', 'words']);
  const me = useMe();
  const areas = useAreas();
  const client = useQueryClient();
  const [role, setRole] = useState<RoleName | null>(null);
  const [area, setArea] = useState<string | null>(null);
  const done = () => Promise.all([client.invalidateQueries({ queryKey: ['persons'] }), client.invalidateQueries({ queryKey: ['me'] })]);
  const give = useMutation({
    mutationFn: ({ name, code }: { name: RoleName; code: string }) => api.put('/persons/{id}/roles', { path: { id: person.id }, body: { name, area: code } }),
    onSuccess: async () => {
      setRole(null);
      setArea(null);
      await done();
    },
  });
  const take = useMutation({
    mutationFn: ({ name, code }: { name: RoleName; code: string }) => api.delete('/persons/{id}/roles/{name}/{area}', { path: { id: person.id, name, area: code } }),
    onSuccess: done,
  });
  return (
    <section>
      <Title order={3}>{t('roles')}</Title>
      <ul className={classes.keys}>
        {person.roles.map((r) => {
          const words = `${t(`words:role.${r.name}`)}, ${areas.name(r.area)}`;
          return (
            <li key={r.name + r.area} className={classes.key}>
              <span>{words}</span>
              {may(me, 'manage-people', areas.path(r.area)) && (
                <Button variant="default" onClick={() => take.mutate({ name: r.name, code: r.area })} loading={take.isPending} aria-label={`${t('takeRole')}: ${words}`}>
                  {t('takeRole')}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      <ProblemNote error={give.error ?? take.error} />
      {may(me, 'manage-people') && (
        <div className={classes.fields}>
          <RoleFields
            role={role}
            area={area}
            onChange={(r, a) => {
              setRole(r);
              setArea(a);
            }}
          />
          <Button variant="default" disabled={!role || !area} loading={give.isPending} onClick={() => role && area && give.mutate({ name: role, code: area })}>
            {t('giveRole')}
          </Button>
        </div>
      )}
    </section>
  );
}

function Keys({ person }: { person: Person }) {
  const { t } = useTranslation(['people', 'me', 'common']);
  const me = useMe();
  const when = useWhen();
  const client = useQueryClient();
  const [ending, setEnding] = useState<{ key: string; how: 'retire' | 'revoke' }>();
  const end = useMutation({
    mutationFn: ({ key, how }: { key: string; how: 'retire' | 'revoke' }) => api.post(how === 'retire' ? '/persons/{id}/keys/{key}/retire' : '/persons/{id}/keys/{key}/revoke', { path: { id: person.id, key } }),
    onSuccess: async () => {
      setEnding(undefined);
      await client.invalidateQueries({ queryKey: ['persons'] });
    },
  });
  return (
    <section>
      <Title order={3}>{t('keys.title')}</Title>
      {person.keys.length === 0 && <Text>{t('keys.none')}</Text>}
      <ul className={classes.keys}>
        {person.keys.map((k) => (
          <li key={k.id} className={classes.key}>
            <span>
              <code className={classes.code}>{fingerprint(k.id)}</code>
              <br />
              <small>
                {k.state === 'in-use' && !k.confirmed ? t('me:keys.state.waiting') : t(`me:keys.state.${k.state}`)}, {when.moment(k.added)}
              </small>
            </span>
            {k.state === 'in-use' && may(me, 'manage-keys') && (
              <Group gap="xs">
                <Button variant="default" onClick={() => setEnding({ key: k.id, how: 'retire' })}>
                  {t('keys.retire')}
                </Button>
                <Button variant="default" onClick={() => setEnding({ key: k.id, how: 'revoke' })}>
                  {t('keys.revoke')}
                </Button>
              </Group>
            )}
          </li>
        ))}
      </ul>
      <Modal opened={ending !== undefined} onClose={() => setEnding(undefined)} title={ending && t(`keys.${ending.how}`)} closeButtonProps={{ 'aria-label': t('common:cancel') }}>
        {ending && (
          <Stack>
            <Text>{t(`keys.${ending.how}Text`, { name: person.name })}</Text>
            <code className={classes.code}>{fingerprint(ending.key)}</code>
            <ProblemNote error={end.error} />
            <Button loading={end.isPending} onClick={() => end.mutate(ending)}>
              {t(`keys.${ending.how}`)}
            </Button>
            <Button variant="default" onClick={() => setEnding(undefined)}>
              {t('common:cancel')}
            </Button>
          </Stack>
        )}
      </Modal>
    </section>
  );
}

import { Alert, Anchor, Button, Group, Loader, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useAreas } from '@/api/areas';
import { api } from '@/api/client';
import { may, useMe } from '@/api/me';
import { isProblem } from '@/api/problem';
import { ProblemNote } from '@/app/ProblemNote';
import { usePlaces } from '@/fleet/places';
import { useProgrammes } from './Conflicts';
import { contentOf, doubtOf, draftOf } from './draft';
import { leftOut } from './move';
import classes from './programmes.module.css';
import { etagOf, useApply, useBulletins, useLengths } from './queries';
import { repeats, type Programme } from './recurrence';
import { useWords } from './words';

interface Props {
  /** As boards name it: ID@2026-11-21T05:30:00. */
  occurrence: string;
  onClose: () => void;
  onEdit: (id: string) => void;
}

/** Details is one time of a programme, and what can be done with it. */
export default function Details({ occurrence, onClose, onEdit }: Props) {
  const { t } = useTranslation(['programmes', 'common']);
  const programmes = useProgrammes();
  const [id = '', start = ''] = occurrence.split('@');
  const p = programmes.get(id);
  return (
    <Modal opened onClose={onClose} size="lg" title={p?.title ?? t('title')} closeButtonProps={{ 'aria-label': t('common:close') }} classNames={{ title: classes.drawerTitle, content: classes.sheet, header: classes.sheetHead }}>
      {!programmes.ready && <Loader role="status" aria-label={t('common:loading')} />}
      {programmes.ready && !p && <Text>{t('gone')}</Text>}
      {p && <Inside programme={p} start={start || p.start} onClose={onClose} onEdit={() => onEdit(p.id)} />}
    </Modal>
  );
}

function Inside({ programme: p, start, onClose, onEdit }: { programme: Programme; start: string; onClose: () => void; onEdit: () => void }) {
  const { t } = useTranslation(['programmes', 'words', 'common']);
  const me = useMe();
  const areas = useAreas();
  const { where } = usePlaces();
  const words = useWords();
  const client = useQueryClient();
  const bulletins = useBulletins();
  const lengths = useLengths(p.bulletins.map((b) => bulletins.get(b)).filter((b) => b !== undefined));
  const [asking, setAsking] = useState<'remove' | 'leave'>();
  const apply = useApply();
  const remove = useMutation({
    mutationFn: () => api.delete('/programmes/{id}', { path: { id: p.id }, ifMatch: etagOf(p) }),
    onSuccess: onClose,
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['programmes'] }), client.invalidateQueries({ queryKey: ['schedule'] })]),
  });
  const edits = may(me, 'edit-programmes', areas.path(p.area));
  const draft = draftOf(contentOf(p));
  const leave = () => apply.mutate({ what: { change: leftOut(p, start) }, etag: etagOf(p) }, { onSuccess: onClose });
  return (
    <Stack>
      <dl className={classes.facts}>
        <dt>{t('fact.this')}</dt>
        <dd>{`${words.clock(start)} ${words.day(start)}`}</dd>
        {repeats(p) && (
          <>
            <dt>{t('fact.plays')}</dt>
            <dd>{words.plays(p)}</dd>
          </>
        )}
        <dt>{t('field.area')}</dt>
        <dd>{where(p.area)}</dd>
        <dt>{t('field.class')}</dt>
        <dd>{t(`words:class.${p.class}`)}</dd>
        <dt>{t('field.slot')}</dt>
        <dd>{words.length(p.seconds)}</dd>
        <dt>{t('field.late')}</dt>
        <dd>{p.late ? t('late.some', { length: words.length(p.late) }) : t('late.none')}</dd>
        {p.gain !== undefined && p.gain < 0 && (
          <>
            <dt>{t('field.gain')}</dt>
            <dd>{words.volume(p.gain)}</dd>
          </>
        )}
        <dt>{t('field.bulletins')}</dt>
        <dd>
          <ol className={classes.titles}>
            {p.bulletins.map((id, i) => {
              const b = bulletins.get(id);
              const why = bulletins.ready ? doubtOf(b, draft, areas) : undefined;
              const seconds = lengths.get(id);
              return (
                <li key={i}>
                  <Anchor component={Link} to={`/bulletins/${encodeURIComponent(id)}`} className="loa-written">
                    {b?.title ?? id}
                  </Anchor>
                  {seconds !== undefined && (
                    <Text size="sm" c="dimmed" component="span">
                      {` · ${words.length(Math.round(seconds))}`}
                    </Text>
                  )}
                  {why && (
                    <Text size="sm" c="var(--loa-warn-on-soft)">
                      {t(`doubt.${why}`)}
                    </Text>
                  )}
                </li>
              );
            })}
          </ol>
        </dd>
        {(p.except?.length ?? 0) > 0 && (
          <>
            <dt>{t('field.except')}</dt>
            <dd>{p.except?.map((e) => words.day(e)).join('; ')}</dd>
          </>
        )}
        <dt>{t('fact.by')}</dt>
        <dd className="loa-written">{p.byName ?? (p.by === me.id ? me.name : p.by)}</dd>
      </dl>
      {edits && asking === undefined && (
        <Group>
          <Button onClick={onEdit}>{t('edit')}</Button>
          {repeats(p) && (
            <Button variant="default" onClick={() => setAsking('leave')}>
              {t('leave.label')}
            </Button>
          )}
          <Button variant="subtle" color="gray" onClick={() => setAsking('remove')}>
            {t('remove.label')}
          </Button>
        </Group>
      )}
      {asking && (
        <Alert color="grain" role="alert" title={asking === 'remove' ? t('remove.title', { title: p.title }) : t('leave.title', { at: words.clock(start), day: words.day(start) })}>
          <Text mb="sm">{asking === 'remove' ? t(repeats(p) ? 'remove.all' : 'remove.once') : t('leave.text')}</Text>
          <Group>
            <Button color="grain" loading={remove.isPending || apply.isPending} onClick={() => (asking === 'remove' ? remove.mutate() : leave())}>
              {t(asking === 'remove' ? 'remove.go' : 'leave.go')}
            </Button>
            <Button variant="default" onClick={() => setAsking(undefined)}>
              {t('common:cancel')}
            </Button>
          </Group>
        </Alert>
      )}
      <ProblemNote error={remove.error} />
      {isProblem(apply.error, 'changed') ? (
        <Alert color="grain" role="alert">
          {t('leave.changed')}
        </Alert>
      ) : (
        <ProblemNote error={apply.error} />
      )}
    </Stack>
  );
}

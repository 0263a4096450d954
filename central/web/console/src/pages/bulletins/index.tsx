import { Badge, Button, Group, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useAreas } from '@/api/areas';
import { api } from '@/api/client';
import { may, useMe, type Me } from '@/api/me';
import { Icon } from '@/app/icons';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { languagesOf, type Bulletin } from './bulletin';
import classes from './bulletins.module.css';
import { StateBadge } from './StateBadge';

const states = ['all', 'draft', 'approved', 'withdrawn'] as const;

/** Bulletins: what waits for a word first, then the newest. */
export default function Bulletins() {
  const { t } = useTranslation(['bulletins', 'common']);
  const me = useMe();
  const [params, setParams] = useSearchParams();
  const [text, setText] = useState('');
  const state = states.find((s) => s === params.get('state')) ?? 'all';
  const { data, error, refetch } = useQuery({
    queryKey: ['bulletins', 'all'],
    queryFn: ({ signal }) => api.get('/bulletins', { query: { limit: 1000 }, signal }),
  });
  const wanted = fold(text);
  const found = data?.filter((b) => (state === 'all' || b.state === state) && fold(b.title).includes(wanted));
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t('title')}</Title>
        {may(me, 'edit-bulletins') && (
          <Button component={Link} to="/bulletins/new" leftSection={<Icon name="plus" />}>
            {t('new')}
          </Button>
        )}
      </Group>
      <Group align="flex-end">
        <TextInput className={classes.search} label={t('search')} leftSection={<Icon name="search" size={18} />} value={text} onChange={(e) => setText(e.currentTarget.value)} />
        <SegmentedControl
          className={classes.states}
          aria-label={t('filter')}
          value={state}
          onChange={(s) => setParams(s === 'all' ? {} : { state: s }, { replace: true })}
          data={states.map((s) => ({ value: s, label: t(`states.${s}`) }))}
        />
      </Group>
      <ProblemNote error={error} onRetry={() => void refetch()} />
      {!data && !error && <Loading />}
      {found?.length === 0 && <Text c="dimmed">{t(data?.length === 0 ? 'none' : 'noneFound')}</Text>}
      <ul className={classes.list}>
        {found && sorted(found, me).map((b) => <Row key={b.id} bulletin={b} />)}
      </ul>
    </Stack>
  );
}

/** fold takes the marks off, so that "phong chay" finds "phòng cháy". */
export const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase().trim();

function sorted(all: Bulletin[], me: Me): Bulletin[] {
  const waits = (b: Bulletin) => Number(b.state === 'draft' && Object.keys(b.audio ?? {}).length > 0 && may(me, 'approve-bulletins'));
  return [...all].sort((a, b) => waits(b) - waits(a));
}

function Row({ bulletin: b }: { bulletin: Bulletin }) {
  const { t } = useTranslation(['bulletins', 'words']);
  const areas = useAreas();
  const when = useWhen();
  return (
    <li>
      <Link to={`/bulletins/${b.id ?? ''}`} className={classes.row}>
        <span className={`${classes.name} loa-written`}>{b.title}</span>
        <span className={classes.marks}>
          <StateBadge state={b.state} />
          {b.class === 'priority' && (
            <Badge variant="outline" color="grain">
              {t('words:class.priority')}
            </Badge>
          )}
        </span>
        <span className={classes.quiet}>
          {b.areas.slice(0, 3).map((c) => areas.name(c)).join(', ')}
          {b.areas.length > 3 && ` ${t('more', { count: b.areas.length - 3 })}`}
          {' · '}
          {languagesOf({ text: b.text ?? {}, audio: b.audio ?? {} })
            .map((l) => t(`words:language.${l as 'vi'}`, { defaultValue: l }))
            .join(', ')}
          {Object.keys(b.audio ?? {}).length === 0 && ` · ${t('noSound')}`}
        </span>
        <span className={classes.quiet}>{t('until', { day: when.day(Date.parse(b.validUntil) - 1) })}</span>
      </Link>
    </li>
  );
}

import { ActionIcon, Button, Group, Loader, Modal, Select, Stack, Switch, Text, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { serverNow } from '@/api/clock';
import { areasFor, may, useMe } from '@/api/me';
import { Icon } from '@/app/icons';
import { ProblemNote } from '@/app/ProblemNote';
import { localOf, momentOf, useWhen } from '@/app/when';
import { usePlaces } from '@/fleet/places';
import { entriesOf, hoursOf, type Entry, type Occurrence } from './calendar';
import type { Shift } from './move';
import classes from './programmes.module.css';
import { mondayOf, plusDays } from './recurrence';
import { scheduleQuery } from './queries';
import { useWords } from './words';

const Calendar = lazy(() => import('./Calendar'));
const Move = lazy(() => import('./Move'));

/** Nothing is drawn shorter than this, minutes. */
const least = 7;

interface Props {
  day: string;
  area: string;
  onDay: (day: string | undefined) => void;
  onArea: (area: string) => void;
  onNew: (at: string, seconds?: number) => void;
  onOpen: (occurrence: string) => void;
}

/** Week is a week of programmes; where there is little room, one day of it. */
export function Week({ day, area, onDay, onArea, onNew, onOpen }: Props) {
  const { t } = useTranslation(['programmes', 'common']);
  const when = useWhen();
  const me = useMe();
  const { areas, place } = usePlaces();
  const narrow = useMediaQuery('(max-width: 61.99em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const [whole, setWhole] = useState(false);
  const [group, setGroup] = useState<Entry>();
  const [moving, setMoving] = useState<{ occurrence: Occurrence; shift: Shift }>();
  const from = narrow ? day : mondayOf(day);
  const days = narrow ? 1 : 7;
  const { data, error, isPending, refetch } = useQuery(scheduleQuery(area.replace('own:', ''), from, days));
  const shown = (data?.occurrences ?? []).filter((o) => !area.startsWith('own:') || o.area === area.slice(4));
  const entries = entriesOf(shown, least);
  const today = localOf(serverNow()).slice(0, 10);
  const reads = areasFor(me, 'read-content');
  const choice = [
    { value: '', label: t('filter.all') },
    ...reads.filter((c) => c.length < 5).map((c) => ({ value: `own:${c}`, label: t('filter.own', { area: place(c) }) })),
    ...[...new Set(reads.flatMap((c) => (c.length < 5 ? areas.children(c).map((a) => a.code) : [c])))].map((c) => ({ value: c, label: place(c) })),
  ];
  return (
    <Stack gap="sm">
      <div className={classes.bar}>
        <Group gap={4} wrap="nowrap">
          <ActionIcon variant="default" aria-label={t(narrow ? 'nav.dayBefore' : 'nav.weekBefore')} onClick={() => onDay(plusDays(day, -days))}>
            <Icon name="left" />
          </ActionIcon>
          <ActionIcon variant="default" aria-label={t(narrow ? 'nav.dayAfter' : 'nav.weekAfter')} onClick={() => onDay(plusDays(day, days))}>
            <Icon name="right" />
          </ActionIcon>
          <Button variant="default" px="sm" onClick={() => onDay(undefined)} disabled={narrow ? day === today : mondayOf(day) === mondayOf(today)}>
            {t(narrow ? 'nav.today' : 'nav.thisWeek')}
          </Button>
        </Group>
        <Text component="h2" fw={650} className={classes.span} aria-live="polite">
          {narrow ? `${when.weekday(momentOf(day))}/${day.slice(0, 4)}` : t('nav.span', { from: when.day(momentOf(from)), until: when.day(momentOf(plusDays(from, 6))) })}
        </Text>
        {choice.length > 2 && (
          <Select
            className={classes.area}
            aria-label={t('filter.label')}
            data={choice}
            value={area}
            onChange={(a) => onArea(a ?? '')}
            searchable
            allowDeselect={false}
            nothingFoundMessage={t('filter.none')}
          />
        )}
        <Switch label={t('whole')} checked={whole} onChange={(e) => setWhole(e.currentTarget.checked)} />
      </div>
      <ProblemNote error={error} onRetry={() => void refetch()} />
      {isPending && !error && <Loader role="status" aria-label={t('common:loading')} />}
      {data && shown.length === 0 && <Text c="dimmed">{t(narrow ? 'emptyDay' : 'emptyWeek')}</Text>}
      {data && (
        <Suspense fallback={<Loader role="status" aria-label={t('common:loading')} />}>
          <Calendar
            narrow={narrow}
            day={from}
            entries={entries}
            hours={hoursOf(entries, whole)}
            may={(o) => may(me, 'edit-programmes', areas.path(o.area))}
            mayAdd={may(me, 'edit-programmes')}
            onAdd={onNew}
            onOpen={(e) => (e.occurrences.length > 1 ? setGroup(e) : onOpen(e.occurrences[0].occurrence))}
            onShift={(occurrence, shift) => setMoving({ occurrence, shift })}
          />
        </Suspense>
      )}
      <Group gap="lg">
        <Legend name="routine" />
        <Legend name="priority" />
      </Group>
      {group && <Alike entry={group} onClose={() => setGroup(undefined)} onOpen={onOpen} />}
      {moving && (
        <Suspense>
          <Move occurrence={moving.occurrence} shift={moving.shift} onClose={() => setMoving(undefined)} />
        </Suspense>
      )}
    </Stack>
  );
}

function Legend({ name }: { name: 'routine' | 'priority' }) {
  const { t } = useTranslation('words');
  return (
    <Text size="sm" c="dimmed" component="span" className={classes.legend}>
      <span className={classes.swatch} data-class={name} aria-hidden="true" />
      {t(`class.${name}`)}
    </Text>
  );
}

/** Alike lists programmes that are drawn as one. */
function Alike({ entry, onClose, onOpen }: { entry: Entry; onClose: () => void; onOpen: (occurrence: string) => void }) {
  const { t } = useTranslation(['programmes', 'common']);
  const { place } = usePlaces();
  const words = useWords();
  const [text, setText] = useState('');
  const wanted = fold(text);
  const found = entry.occurrences.filter((o) => fold(`${o.title} ${place(o.area)}`).includes(wanted));
  return (
    <Modal opened onClose={onClose} title={t('group.title', { at: words.clock(localOf(entry.occurrences[0].start)), count: entry.occurrences.length })} closeButtonProps={{ 'aria-label': t('common:close') }} classNames={{ title: classes.drawerTitle, content: classes.sheet, header: classes.sheetHead }}>
      <Stack>
        <input className={classes.find} type="search" aria-label={t('group.search')} placeholder={t('group.search')} value={text} onChange={(e) => setText(e.currentTarget.value)} />
        <ul className={classes.plain}>
          {found.map((o) => (
            <li key={o.occurrence}>
              <UnstyledButton className={classes.row} onClick={() => (onClose(), onOpen(o.occurrence))}>
                <span className="loa-written">{o.title}</span>
                <Text size="sm" c="dimmed" component="span">
                  {place(o.area)}
                </Text>
              </UnstyledButton>
            </li>
          ))}
        </ul>
      </Stack>
    </Modal>
  );
}

/** fold takes the marks off, so that "binh lu" finds "Bình Lư". */
const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().trim();

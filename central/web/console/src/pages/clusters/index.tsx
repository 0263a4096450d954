import { Button, Group, SegmentedControl, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigationType, useSearchParams } from 'react-router';
import { Icon } from '@/app/icons';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { usePlaces } from '@/fleet/places';
import { briefsQuery } from '@/fleet/queries';
import { count, type Brief } from '@/fleet/stand';
import { useFates } from '@/fleet/words';
import { filterOf, Finder, fold, isFiltered, viewOf, withFilter, type Filter } from './filter';
import { Rows } from './Rows';
import { grow, opensByItself, rowsOf } from './rows';
import { StateChips } from './StateChips';
import { useLater } from './useInSight';
import classes from './clusters.module.css';

const nobody: Brief[] = [];

/** Which areas a person opened or closed is kept while the console is open: one
 * comes back from a cluster to where one was. */
let kept: ReadonlyMap<string, boolean> = new Map();

export default function Clusters() {
  const { t } = useTranslation(['clusters', 'common']);
  const [query, setQuery] = useSearchParams();
  const { data, error, refetch } = useQuery(briefsQuery());
  const { areas } = usePlaces();
  const [chosen, choose] = useState(kept);

  const asked = query.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(asked)), [asked]);
  const view = viewOf(query);
  const set = (f: Partial<Filter>, state: Own | null = { own: true }) => setQuery((q) => withFilter(q, f), { replace: true, preventScrollReset: true, state });
  const outside = useOutside();

  // News of many clusters must not hold up who types; the first answer is not news.
  const before = useDeferredValue(data);
  const briefs = (before ?? data)?.clusters ?? nobody;
  const finder = useMemo(() => new Finder(areas), [areas]);
  const found = useMemo(() => {
    const any = briefs.filter(finder.any(filter));
    return { counts: count(any), grown: grow(any.filter(finder.state(filter)), areas) };
  }, [briefs, finder, areas, filter]);
  const filtered = isFiltered(filter);
  const total = found.grown.counts.all;
  const rows = useMemo(
    () => rowsOf(found.grown, areas, view, (code, level) => chosen.get(code) ?? opensByItself(level, total, filtered)),
    [found, areas, view, chosen, total, filtered],
  );

  const toggle = (code: string, open: boolean) => choose(new Map(chosen).set(code, open));
  useEffect(() => {
    kept = chosen;
  }, [chosen]);

  return (
    <Stack gap="md">
      <Group justify="space-between" gap="xs">
        <Title order={1}>{t('title')}</Title>
        <SegmentedControl
          size="sm"
          aria-label={t('view.label')}
          value={view}
          onChange={(v) =>
            setQuery(
              (q) => {
                const next = new URLSearchParams(q);
                if (v === 'list') next.set('view', v);
                else next.delete('view');
                return next;
              },
              { replace: true, preventScrollReset: true, state: { own: true } satisfies Own },
            )
          }
          data={[
            { value: 'tree', label: t('view.tree') },
            { value: 'list', label: t('view.list') },
          ]}
        />
      </Group>
      <ProblemNote error={error} onRetry={() => void refetch()} />
      {!data && !error && <Loading />}
      {data && (
        <>
          <StateChips counts={found.counts} state={filter.state} onChoose={(s) => set({ state: s === filter.state ? undefined : s })} />
          <Fields key={outside} briefs={briefs} filter={filter} onChange={set} />
          <Group justify="space-between" className={filtered ? undefined : 'loa-unseen'}>
            <Text role="status" c="dimmed">
              {t('shown', { count: total })}
            </Text>
            {filtered && (
              <Button variant="subtle" leftSection={<Icon name="close" size={16} />} onClick={() => set({ text: '', area: '', language: '', state: undefined }, null)}>
                {t('clear')}
              </Button>
            )}
          </Group>
          {total === 0 ? (
            <Text className={classes.empty}>{t(briefs.length === 0 ? 'none' : 'noneFound')}</Text>
          ) : (
            <Rows key={view} rows={rows} label={t('title')} onToggle={toggle} />
          )}
        </>
      )}
    </Stack>
  );
}

/** Own marks an address that the fields on this page brought about. */
interface Own {
  own: true;
}

/** useOutside changes when the address changed otherwise, by a link, the back
 * button or what clears the filter: then the fields begin anew. What was typed
 * since the address was last written is not lost to an address that comes late. */
function useOutside(): string {
  const { key, state } = useLocation();
  const type = useNavigationType();
  const [outside, setOutside] = useState(key);
  if (key !== outside && (type === 'POP' || !(state as Own | null)?.own)) setOutside(key);
  return outside;
}

/** Fields are what is typed and chosen. */
function Fields({ briefs, filter, onChange }: { briefs: Brief[]; filter: Filter; onChange: (f: Partial<Filter>) => void }) {
  const { t } = useTranslation('clusters');
  const { areas, place } = usePlaces();
  const fates = useFates();

  const [typed, setTyped] = useState(filter.text);
  useLater(typed, 150, (v) => {
    if (v.trim() !== filter.text) onChange({ text: v });
  });

  const choices = useMemo(() => {
    const codes = new Set(briefs.flatMap((b) => areas.path(b.area)));
    const all = [...codes].map((code) => {
      const parent = areas.get(code)?.parent;
      const village = areas.get(code)?.kind === 'village';
      return { value: code, label: village && parent ? `${place(code)}, ${place(parent)}` : place(code), level: areas.path(code).length };
    });
    return all.sort((a, b) => a.level - b.level || a.label.localeCompare(b.label, 'vi'));
  }, [briefs, areas, place]);
  const languages = useMemo(
    () =>
      [...new Set(briefs.flatMap((b) => b.languages))]
        .map((l) => ({ value: l, label: fates.language(l) }))
        .sort((a, b) => a.label.localeCompare(b.label, 'vi')),
    [briefs, fates],
  );

  return (
    <div className={classes.fields}>
      <TextInput
        type="search"
        aria-label={t('search')}
        placeholder={t('search')}
        leftSection={<Icon name="search" size={18} />}
        value={typed}
        maxLength={100}
        onChange={(e) => setTyped(e.currentTarget.value)}
        className={classes.search}
      />
      <Select
        aria-label={t('area')}
        placeholder={t('allAreas')}
        data={choices}
        value={filter.area || null}
        onChange={(v) => onChange({ area: v ?? '' })}
        searchable
        clearable
        limit={60}
        filter={({ options, search, limit }) => {
          const words = fold(search).split(/\s+/);
          return options.filter((o) => 'label' in o && words.every((w) => fold(o.label).includes(w))).slice(0, limit);
        }}
        nothingFoundMessage={t('noMatch')}
      />
      <Select
        aria-label={t('language')}
        placeholder={t('allLanguages')}
        data={languages}
        value={filter.language || null}
        onChange={(v) => onChange({ language: v ?? '' })}
        clearable
      />
    </div>
  );
}

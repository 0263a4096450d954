import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { ProblemNote } from '@/app/ProblemNote';
import { casesOf, type Case, type Overlap } from './conflict';
import { programmesQuery } from './queries';
import type { Programme } from './recurrence';
import { useWords } from './words';

export const conflictsQuery = (body: Programme | undefined) =>
  queryOptions({ queryKey: ['programmes', 'conflicts', body], queryFn: ({ signal }) => api.post('/programmes/conflicts', { body: body as Programme, signal }), retry: false });

/** useConflicts asks what a programme would overlap with, if it were kept as it
 * is in body. except drops what will be no more. */
export function useConflicts(body: Programme | undefined, except?: (o: Overlap) => boolean) {
  const asked = useQuery({
    ...conflictsQuery(body),
    enabled: body !== undefined,
    placeholderData: keepPreviousData,
  });
  const overlaps = body && asked.data ? asked.data.filter((o) => !except?.(o)) : [];
  return { cases: body ? casesOf(body.id, overlaps) : [], checked: body !== undefined && asked.isSuccess && !asked.isPlaceholderData, checking: asked.isFetching, error: asked.error, refetch: asked.refetch };
}

interface Props {
  asked: ReturnType<typeof useConflicts>;
  /** Lets the person decide who plays first: the other programme's order, and
   * whether the one that is looked at goes before it. */
  onOrder?: (other: number, before: boolean) => void;
}

const most = 4; // are shown until more are asked for

/** Conflicts names what a programme overlaps with and what comes of it. */
export function Conflicts({ asked: { cases, checked, checking, error, refetch }, onOrder }: Props) {
  const { t } = useTranslation('programmes');
  const [all, setAll] = useState(false);
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  return (
    <div aria-live="polite" role="status">
      {cases.length > 0 && (
        <Alert color="grain" title={t('conflict.title', { count: cases.reduce((n, c) => n + c.others.length, 0) })}>
          <Stack gap="sm">
            {(all ? cases : cases.slice(0, most)).map((c, i) => (
              <Overlapping key={i} case={c} onOrder={onOrder} />
            ))}
            {!all && cases.length > most && (
              <Button variant="subtle" size="sm" onClick={() => setAll(true)}>
                {t('conflict.more', { count: cases.length - most })}
              </Button>
            )}
          </Stack>
        </Alert>
      )}
      {cases.length === 0 && checked && (
        <Text size="sm" c="var(--loa-ok-on-soft)">
          {t('conflict.none')}
        </Text>
      )}
      {!checked && checking && (
        <Group gap="xs">
          <Loader size="xs" aria-hidden="true" />
          <Text size="sm" c="dimmed">
            {t('conflict.checking')}
          </Text>
        </Group>
      )}
    </div>
  );
}

function Overlapping({ case: c, onOrder }: { case: Case; onOrder: Props['onOrder'] }) {
  const { t } = useTranslation('programmes');
  const words = useWords();
  const programmes = useProgrammes();
  const [other = ''] = c.others;
  const known = programmes.get(other);
  return (
    <div>
      <Text className="loa-written" fw={600}>
        {words.conflict(c, programmes.title)}
      </Text>
      {c.others.length > 1 && (
        <Text size="sm" className="loa-written">
          {c.others
            .slice(0, 3)
            .map((id) => t('quoted', { title: programmes.title(id) }))
            .join(', ')}
          {c.others.length > 3 && ` ${t('conflict.andMore', { count: c.others.length - 3 })}`}
        </Text>
      )}
      <Text size="sm">{words.often(c)}</Text>
      {c.undecided && (
        <>
          <Text size="sm" mt={4}>
            {t('conflict.undecided')}
          </Text>
          {onOrder && known && (
            <Group gap="xs" mt={6}>
              <Button size="sm" variant="default" onClick={() => onOrder(known.order ?? 0, true)}>
                {t('conflict.selfFirst')}
              </Button>
              <Button size="sm" variant="default" onClick={() => onOrder(known.order ?? 0, false)}>
                {t('conflict.otherFirst')}
              </Button>
            </Group>
          )}
        </>
      )}
    </div>
  );
}

/** useProgrammes is the programmes that the person may know of. */
export function useProgrammes() {
  const { t } = useTranslation('programmes');
  const { data } = useQuery(programmesQuery);
  const byID = new Map((data ?? []).map((p) => [p.id, p]));
  return { ready: data !== undefined, all: data ?? [], get: (id: string) => byID.get(id), title: (id: string) => byID.get(id)?.title ?? t('conflict.unknown', { id }) };
}

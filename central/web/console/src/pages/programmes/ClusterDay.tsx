import { ActionIcon, Alert, Anchor, Badge, Group, Loader, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { isProblem } from '@/api/problem';
import { Icon } from '@/app/icons';
import { ProblemNote } from '@/app/ProblemNote';
import { localOf } from '@/app/when';
import { usePlaces } from '@/fleet/places';
import { briefsQuery } from '@/fleet/queries';
import { useProgrammes } from './Conflicts';
import { absent } from './day';
import classes from './programmes.module.css';
import { plusDays } from './recurrence';
import { scheduleQuery } from './queries';
import { skipOf } from './skipped';
import { useWords } from './words';

interface Props {
  cluster: string | null;
  day: string;
  onChange: (values: Record<string, string | undefined>) => void;
}

/** ClusterDay is what one cluster plays on one day and what it skips, and why:
 * worked out by the code that its board runs. */
export default function ClusterDay({ cluster, day, onChange }: Props) {
  const { t } = useTranslation(['programmes', 'common']);
  const { place } = usePlaces();
  const briefs = useQuery(briefsQuery());
  const all = briefs.data?.clusters ?? [];
  const one = all.find((c) => c.id === cluster);
  return (
    <Stack>
      <Text c="dimmed">{t('day.text')}</Text>
      <div className={classes.bar}>
        <Select
          className={classes.cluster}
          label={t('day.cluster')}
          placeholder={t('day.choose')}
          data={all.map((c) => ({ value: c.id, label: t('day.option', { name: c.name, area: place(c.area) }) }))}
          value={one ? one.id : null}
          onChange={(c) => onChange({ cluster: c ?? undefined })}
          searchable
          limit={100}
          nothingFoundMessage={t('day.noCluster')}
        />
        <Group gap={4} wrap="nowrap" align="flex-end">
          <TextInput type="date" label={t('field.day')} value={day} onChange={(e) => e.currentTarget.value && onChange({ on: e.currentTarget.value })} />
          <ActionIcon variant="default" size={42} aria-label={t('nav.dayBefore')} onClick={() => onChange({ on: plusDays(day, -1) })}>
            <Icon name="left" />
          </ActionIcon>
          <ActionIcon variant="default" size={42} aria-label={t('nav.dayAfter')} onClick={() => onChange({ on: plusDays(day, 1) })}>
            <Icon name="right" />
          </ActionIcon>
        </Group>
      </div>
      <ProblemNote error={briefs.error} onRetry={() => void briefs.refetch()} />
      {one && <Day cluster={one.id} name={one.name} area={one.area} day={day} />}
    </Stack>
  );
}

function Day({ cluster, name, area, day }: { cluster: string; name: string; area: string; day: string }) {
  const { t } = useTranslation(['programmes', 'words', 'common']);
  const words = useWords();
  const programmes = useProgrammes();
  const { data, error, refetch } = useQuery({
    queryKey: ['schedule', 'cluster', cluster, day],
    queryFn: ({ signal }) => api.get('/clusters/{id}/day', { path: { id: cluster }, query: { date: day }, signal }),
  });
  const meant = useQuery(scheduleQuery(area, day, 1));
  if (isProblem(error, 'not-found')) return <Alert color="grain">{t('day.noPlan')}</Alert>;
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loader role="status" aria-label={t('common:loading')} />;
  const titleOf = (item: string, title?: string) => title ?? programmes.title(item);
  const missing = absent(meant.data?.occurrences ?? [], data, programmes.get);
  return (
    <Stack>
      <Title order={2}>{t('day.title', { name, day: words.day(day) })}</Title>
      {data.slots.length === 0 && <Text>{t('day.silent')}</Text>}
      <ol className={classes.slots}>
        {data.slots.map((s) => (
          <li key={`${s.occurrence} ${s.from}`} data-class={s.class}>
            <span className={classes.at}>{`${words.clock(localOf(s.from))}–${words.clock(localOf(s.until))}`}</span>
            <span>
              <Anchor component={Link} to={`/programmes?open=${encodeURIComponent(s.occurrence)}`} className="loa-written">
                {titleOf(s.item, s.title)}
              </Anchor>
              {s.class === 'priority' && (
                <Badge ml="xs" size="sm" variant="outline" color="grain">
                  {t('words:class.priority')}
                </Badge>
              )}
              {late(s) && (
                <Text size="sm" c="dimmed">
                  {t('day.late', { at: words.clock(s.occurrence.split('@')[1] ?? '') })}
                </Text>
              )}
            </span>
          </li>
        ))}
      </ol>
      {data.skipped.length > 0 && (
        <>
          <Title order={3}>{t('day.skipped')}</Title>
          <ul className={classes.slots}>
            {data.skipped.map((s) => (
              <li key={s.occurrence} data-class="skipped">
                <span className={classes.at}>{words.clock(localOf(s.at))}</span>
                <span>
                  <span className="loa-written">{titleOf(s.item, s.title)}</span>
                  <Text size="sm" c="var(--loa-warn-on-soft)">
                    {words.skip(skipOf(s.reason), (id) => titleOf(id))}
                  </Text>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {missing.length > 0 && (
        <>
          <Title order={3}>{t('day.absent')}</Title>
          <Text size="sm" c="dimmed">
            {t('day.absentText')}
          </Text>
          <ul className={classes.slots}>
            {missing.map((o) => (
              <li key={o.occurrence} data-class="skipped">
                <span className={classes.at}>{words.clock(localOf(o.start))}</span>
                <Anchor component={Link} to={`/programmes?open=${encodeURIComponent(o.occurrence)}`} className="loa-written">
                  {o.title}
                </Anchor>
              </li>
            ))}
          </ul>
        </>
      )}
      <Text size="sm" c="dimmed">
        {t('day.note')}
      </Text>
    </Stack>
  );
}

/** late tells whether a slot is not at its programme's own time: it waited, or
 * goes on behind something else. */
const late = (s: { occurrence: string; from: string }) => localOf(s.from) !== (s.occurrence.split('@')[1] ?? localOf(s.from));

import { Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { useServerNow } from '@/api/hooks';
import { isProblem } from '@/api/problem';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { dayOf, useWhen } from '@/app/when';
import { lengthIn } from '@/fleet/length';
import { useFates } from '@/fleet/words';
import { inDay } from './day';
import classes from './cluster.module.css';

const oneDay = 86_400_000;

/** Day is what a cluster will play, worked out by the code that its board runs. */
export function Day({ cluster }: { cluster: string }) {
  const { t } = useTranslation(['clusters', 'common']);
  const fates = useFates();
  const when = useWhen();
  const now = useServerNow(15_000);
  const [later, setLater] = useState('0'); // days
  const date = dayOf(now + Number(later) * oneDay);
  const { data, error, refetch } = useQuery({
    queryKey: ['clusters', cluster, 'day', date],
    queryFn: ({ signal }) => api.get('/clusters/{id}/day', { path: { id: cluster }, query: { date }, signal }),
  });
  const slots = inDay(data?.slots ?? [], now);
  const over = slots.filter((s) => s.stands === 'over');
  const ahead = slots.filter((s) => s.stands !== 'over');
  const noPlan = isProblem(error, 'not-found');
  return (
    <Paper component="section" aria-labelledby="day">
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} id="day">
            {t('one.next.title')}
          </Title>
          <SegmentedControl
            size="sm"
            aria-label={t('one.next.day')}
            value={later}
            onChange={setLater}
            data={[
              { value: '0', label: t('one.next.today') },
              { value: '1', label: t('one.next.tomorrow') },
            ]}
          />
        </Group>
        {noPlan ? <Text>{t('one.next.noPlan')}</Text> : <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Loading size="sm" />}
        {data && slots.length === 0 && <Text>{t('one.next.nothing')}</Text>}
        {over.length > 0 && (
          <details className={classes.over} open={ahead.length === 0}>
            <summary>{t('one.next.over', { count: over.length })}</summary>
            <Slots slots={over} now={now} />
          </details>
        )}
        {ahead.length > 0 && <Slots slots={ahead} now={now} />}
        {data && data.skipped.length > 0 && (
          <>
            <h3 className={classes.label}>{t('one.next.skipped')}</h3>
            <ol className={classes.slots}>
              {data.skipped.map((s) => (
                <li key={s.occurrence}>
                  <time dateTime={s.at}>{when.clock(s.at)}</time>
                  <div>
                    <span className="loa-written">{s.title ?? t('one.next.unknown')}</span>
                    <div className={classes.quiet}>{fates.said(s.reason) ?? s.reason}</div>
                  </div>
                </li>
              ))}
            </ol>
          </>
        )}
        {data && <Text size="sm" c="dimmed">{t('one.next.hint')}</Text>}
      </Stack>
    </Paper>
  );
}

function Slots({ slots, now }: { slots: ReturnType<typeof inDay>; now: number }) {
  const { t, i18n } = useTranslation(['clusters', 'words']);
  const when = useWhen();
  return (
    <ol className={classes.slots}>
      {slots.map(({ slot, stands }) => (
        <li key={slot.occurrence + slot.from} data-stands={stands}>
          <time dateTime={slot.from}>{when.clock(slot.from)}</time>
          <div>
            <span className="loa-written">{slot.title ?? t('one.next.unknown')}</span>
            <div className={classes.quiet}>
              {stands === 'now' && <strong>{t('one.next.now')} · </strong>}
              {stands === 'next' && <strong>{t('one.next.coming', { in: when.ago(slot.from, now) })} · </strong>}
              {t(`words:class.${slot.class as 'routine'}`)}
              {` · ${lengthIn(i18n.language, (Date.parse(slot.until) - Date.parse(slot.from)) / 1000)}`}
            </div>
          </div>
        </li>
      ))}
    </ol>
  );
}

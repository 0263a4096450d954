import { Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { areasFor, useMe } from '@/api/me';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { Cards } from './AlertCard';
import { RaiseButtons } from './RaiseButtons';
import { Unresolved } from './Unresolved';
import { useAhead } from './useAhead';
import { sorted, usePast, useRunning, type Alert } from './useAlerts';

export default function Alerts() {
  const { t } = useTranslation(['alerts', 'common']);
  const me = useMe();
  const running = useRunning();
  useAhead();
  const past = usePast();
  const { active, gathering } = sorted(running.data ?? []);
  return (
    <Stack gap="lg">
      <Title order={1}>{t('title')}</Title>
      <Unresolved />
      <ProblemNote error={running.error} onRetry={() => void running.refetch()} />
      {running.isPending && <Loading />}
      {active.length > 0 && <List title={t('list.active', { count: active.length })} alerts={active} />}
      {gathering.length > 0 && <List title={t('list.gathering', { count: gathering.length })} alerts={gathering} />}
      {running.data && active.length === 0 && gathering.length === 0 && <Text>{t('list.quiet')}</Text>}
      {areasFor(me, 'raise-alerts').length > 0 && <RaiseButtons />}
      <ProblemNote error={past.error} onRetry={() => void past.refetch()} />
      {past.data && <List title={t('list.past')} alerts={sorted(past.data).past} empty={t('list.noPast')} />}
    </Stack>
  );
}

function List({ title, alerts, empty }: { title: string; alerts: Alert[]; empty?: string }) {
  return (
    <section>
      <Title order={2} mb="sm">
        {title}
      </Title>
      {alerts.length === 0 && empty && <Text c="dimmed">{empty}</Text>}
      <Cards alerts={alerts} level={3} />
    </section>
  );
}

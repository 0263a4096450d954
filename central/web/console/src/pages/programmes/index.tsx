import { Button, Group, Loader, Stack, Tabs, Title } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { serverNow } from '@/api/clock';
import { may, useMe } from '@/api/me';
import { Icon } from '@/app/icons';
import { localOf } from '@/app/when';
import { Week } from './Week';

const Editor = lazy(() => import('./Editor'));
const Details = lazy(() => import('./Details'));
const ClusterDay = lazy(() => import('./ClusterDay'));

/**
 * Programmes: what plays when, week by week, and what comes of it at one cluster.
 * What is open stands in the address: ?edit=ID or new, ?open=OCCURRENCE,
 * ?view=day&cluster=ID; ?bulletin=ID makes a new programme of a bulletin.
 */
export default function Programmes() {
  const { t } = useTranslation(['programmes', 'common']);
  const me = useMe();
  const [params, setParams] = useSearchParams();
  const set = (values: Record<string, string | undefined>) =>
    setParams((was) => {
      const next = new URLSearchParams(was);
      for (const [name, value] of Object.entries(values)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      return next;
    });
  const edits = may(me, 'edit-programmes');
  const bulletin = params.get('bulletin') ?? undefined;
  const edit = params.get('edit') ?? (bulletin && edits ? 'new' : undefined);
  const open = params.get('open') ?? undefined;
  const close = () => set({ edit: undefined, at: undefined, seconds: undefined, bulletin: undefined, open: undefined });
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Title order={1}>{t('title')}</Title>
        {edits && (
          <Button leftSection={<Icon name="plus" />} onClick={() => set({ edit: 'new', open: undefined })}>
            {t('add')}
          </Button>
        )}
      </Group>
      <Tabs value={params.get('view') === 'day' ? 'day' : 'week'} onChange={(v) => set({ view: v === 'day' ? 'day' : undefined })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="week">{t('tab.week')}</Tabs.Tab>
          <Tabs.Tab value="day">{t('tab.day')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="week" pt="md">
          <Week
            day={params.get('from') ?? localOf(serverNow()).slice(0, 10)}
            area={params.get('area') ?? ''}
            onDay={(from) => set({ from })}
            onArea={(area) => set({ area })}
            onNew={(at, seconds) => set({ edit: 'new', at, seconds: seconds ? String(seconds) : undefined })}
            onOpen={(occurrence) => set({ open: occurrence })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="day" pt="md">
          <Suspense fallback={<Loader role="status" aria-label={t('common:loading')} />}>
            <ClusterDay cluster={params.get('cluster')} day={params.get('on') ?? localOf(serverNow()).slice(0, 10)} onChange={set} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
      <Suspense>
        {open && !edit && <Details occurrence={open} onClose={close} onEdit={(id) => set({ edit: id, open: undefined })} />}
        {edit && (
          <Editor
            key={edit}
            id={edit}
            at={params.get('at') ?? undefined}
            seconds={Number(params.get('seconds')) || undefined}
            bulletin={bulletin}
            area={params.get('area') ?? undefined}
            onClose={close}
          />
        )}
      </Suspense>
    </Stack>
  );
}

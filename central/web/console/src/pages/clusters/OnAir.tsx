import { Anchor, Button, Paper, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { may, useMe } from '@/api/me';
import { isProblem } from '@/api/problem';
import { Icon } from '@/app/icons';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { alertOf, programmeOf } from '@/fleet/detail';
import { usePlaces } from '@/fleet/places';
import type { Brief } from '@/fleet/stand';
import { useSign } from '@/sign';
import { useRecord } from './useRecord';
import classes from './cluster.module.css';

type Sounding = Brief['onAir'][number];

/** OnAir is what sounds on a cluster, and how to stop it. */
export function OnAir({ brief, near }: { brief: Brief; near: Brief[] }) {
  const { t } = useTranslation('clusters');
  const { areas } = usePlaces();
  const me = useMe();
  if (!brief.enrolled) return null;
  const on = brief.onAir;
  return (
    <Paper component="section" aria-labelledby="air">
      <Stack gap="sm">
        <Title order={2} id="air">
          {t('one.air.title')}
        </Title>
        {!brief.online && <Text>{t(on.length > 0 ? 'one.air.last' : 'one.air.away')}</Text>}
        {brief.online && on.length === 0 && <Text>{t('one.air.nothing')}</Text>}
        {on.map((o) => (
          <What key={`${o.output} ${o.subject}`} cluster={brief.id} on={o} />
        ))}
        {on.length > 0 && may(me, 'stop-sound', areas.path(brief.area)) && <Stop area={brief.area} near={near} />}
      </Stack>
    </Paper>
  );
}

function What({ cluster, on }: { cluster: string; on: Sounding }) {
  const { t } = useTranslation(['clusters', 'words']);
  const when = useWhen();
  const me = useMe();
  const { entries } = useRecord(cluster);
  const alert = alertOf(on.subject);
  const told = entries.find((e) => e.title && ((e.order === on.order && e.orderKind === 'alert') || (!alert && e.occurrence && programmeOf(e.occurrence) === programmeOf(on.subject))));
  const title = alert
    ? t(`words:hazard.${told?.title as 'flood'}`, { defaultValue: t(alert.mode === 'drill' ? 'one.air.drill' : 'one.air.alert') })
    : on.subject.startsWith('local/')
      ? t('one.air.button')
      : (told?.title ?? t('one.air.other'));
  const drill = on.mode === 'drill';
  const band = on.class !== 'emergency' ? undefined : drill ? 'loa-drill-band' : 'loa-emergency-band';
  return (
    <div className={`${classes.air ?? ''} ${band ?? ''}`} data-plain={band ? undefined : true}>
      <Icon name="sound" size={24} />
      <div>
        <strong className="loa-written">{title}</strong>
        <div>
          {drill ? t('words:mode.drill') : t(`words:class.${on.class as 'routine'}`)}
          {' · '}
          {t('one.air.since', { when: when.second(on.since) })}
        </div>
        {alert && may(me, 'read-content') && (
          <Anchor component={Link} to={`/alerts/${alert.mode}/${encodeURIComponent(alert.id)}`} c="inherit" underline="always">
            {t('one.air.open')}
          </Anchor>
        )}
      </div>
    </div>
  );
}

/** Stop silences what is on air in the cluster's area: the smallest that a stop
 * can name. */
function Stop({ area, near }: { area: string; near: Brief[] }) {
  const { t } = useTranslation('clusters');
  const { areas, place } = usePlaces();
  const sign = useSign();
  const count = near.filter((b) => b.onAir.length > 0 && areas.path(b.area).includes(area)).length;
  const stop = useMutation({
    mutationFn: async () => sign(await api.post('/stops', { body: { areas: [area] } })),
    onSuccess: (order) => {
      if (!order) return;
      if (order.state === 'gathering') notifications.show({ color: 'grain', message: t('one.stop.gathering') });
      else notifications.show({ title: t('one.stop.sent'), message: t('one.stop.sentText') });
    },
  });
  return (
    <Stack gap="xs" align="flex-start">
      <Button leftSection={<Icon name="stop" size={18} />} variant="default" loading={stop.isPending} onClick={() => stop.mutate()}>
        {t('one.stop.button')}
      </Button>
      <Text size="sm" c="dimmed">
        {t('one.stop.here', { place: place(area), count })}
      </Text>
      {isProblem(stop.error, 'nothing-on-air') ? <Text>{t('one.stop.nothing')}</Text> : <ProblemNote error={stop.error} />}
    </Stack>
  );
}

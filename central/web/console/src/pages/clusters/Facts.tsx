import { Anchor, Paper, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schema } from '@/api/client';
import { useWhen } from '@/app/when';
import { bytesIn } from '@/fleet/length';
import { usePlaces } from '@/fleet/places';
import { useFates } from '@/fleet/words';
import classes from './cluster.module.css';

/** Facts are what a cluster is, and the figures that its board told last. */
export function Facts({ cluster: c }: { cluster: Schema<'ClusterNow'> }) {
  const { t, i18n } = useTranslation('clusters');
  const fates = useFates();
  const when = useWhen();
  const { where } = usePlaces();
  const { state, telemetry } = c;
  const degrees = new Intl.NumberFormat(i18n.language, { minimumFractionDigits: 4, maximumFractionDigits: 4 });
  const planned = telemetry && !telemetry.planUntil.startsWith('0001');
  const rows: [string, ReactNode][] = [
    [t('one.facts.id'), <code key="id">{c.id}</code>],
    [t('one.facts.where'), where(c.area)],
    [t('one.facts.languages'), c.languages.map(fates.language).join(', ')],
  ];
  if (c.latitude !== undefined && c.longitude !== undefined) rows.push([t('one.facts.position'), `${degrees.format(c.latitude)}; ${degrees.format(c.longitude)}`]);
  if (c.neighbours && c.neighbours.length > 0) {
    rows.push([
      t('one.facts.neighbours'),
      c.neighbours.map((n, i) => (
        <span key={n}>
          {i > 0 && ', '}
          <Anchor component={Link} to={`/clusters/${encodeURIComponent(n)}`} underline="always">
            {n}
          </Anchor>
        </span>
      )),
    ]);
  }
  if (state) rows.push([t('one.facts.clock'), t(state.clock === 'trusted' ? 'one.facts.clockTrusted' : 'one.facts.clockUntrusted')]);
  if (telemetry) {
    // A board that has just begun to run has no plan to tell of yet.
    if (planned) rows.push([t('one.facts.plan'), when.day(telemetry.planUntil)]);
    rows.push([t('one.facts.booted'), when.moment(Date.parse(telemetry.at) - telemetry.uptime * 1000)], [t('one.facts.disk'), bytesIn(i18n.language, telemetry.diskFree)]);
    if (telemetry.receipts > 0) rows.push([t('one.facts.receipts'), new Intl.NumberFormat(i18n.language).format(telemetry.receipts)]);
  }
  return (
    <Paper component="section" aria-labelledby="facts">
      <Title order={2} id="facts" mb="sm">
        {t('one.facts.title')}
      </Title>
      <dl className={classes.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {telemetry && <p className={classes.quiet}>{t('one.facts.told', { when: when.moment(telemetry.at) })}</p>}
    </Paper>
  );
}

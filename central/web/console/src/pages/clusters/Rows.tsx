import { memo, useMemo, type CSSProperties } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useMediaQuery } from '@mantine/hooks';
import { useServerNow } from '@/api/hooks';
import { Icon } from '@/app/icons';
import { useWhen } from '@/app/when';
import { usePlaces } from '@/fleet/places';
import type { Brief, Counts } from '@/fleet/stand';
import { StandMark } from '@/fleet/StandMark';
import { useFates } from '@/fleet/words';
import { heightsOf, type Row } from './rows';
import { rem, useInSight } from './useInSight';
import classes from './clusters.module.css';

/** Heights of rows in rem: a line for an area, on a phone two for a cluster. */
const line = 3;
const two = 4.25;

interface Props {
  rows: Row[];
  label: string;
  onToggle: (code: string, open: boolean) => void;
}

/** Rows draws areas and clusters, of which only those in sight are there. */
export function Rows({ rows, label, onToggle }: Props) {
  const roomy = useMediaQuery('(min-width: 62em)', false, { getInitialValueInEffect: false });
  const tops = useMemo(() => heightsOf(rows, line * rem(), (roomy ? line : two) * rem()), [rows, roomy]);
  const { ref, first, last } = useInSight(tops);
  const now = useServerNow(30_000);
  return (
    <div ref={ref} role="list" aria-label={label} className={classes.rows} style={{ height: tops.at(-1) }}>
      {rows.slice(first, last).map((row, i) => (
        <div
          key={row.kind === 'area' ? row.code : `cluster ${row.brief.id}`}
          role="listitem"
          aria-setsize={rows.length}
          aria-posinset={first + i + 1}
          className={classes.row}
          data-kind={row.kind}
          style={{ top: tops[first + i], height: (tops[first + i + 1] ?? 0) - (tops[first + i] ?? 0), '--level': row.level } as CSSProperties}
        >
          {row.kind === 'area' ? (
            <AreaRow code={row.code} open={row.open} counts={row.counts} onToggle={onToggle} />
          ) : (
            <ClusterRow brief={row.brief} now={now} alone={row.level === 0} />
          )}
        </div>
      ))}
    </div>
  );
}

function AreaRow({ code, open, counts, onToggle }: { code: string; open: boolean; counts: Counts; onToggle: Props['onToggle'] }) {
  const { t } = useTranslation('clusters');
  const { place } = usePlaces();
  return (
    <button type="button" className={classes.area} aria-expanded={open} onClick={() => onToggle(code, !open)}>
      <Icon name={open ? 'down' : 'right'} size={18} />
      <span className={classes.areaName}>{place(code)}</span>
      {counts.onAir > 0 && (
        <span className={classes.tally} data-tone="air">
          <Icon name="sound" size={15} />
          <span aria-hidden="true">{counts.onAir}</span>
          <span className="loa-unseen">{t('row.onAir', { count: counts.onAir })}</span>
        </span>
      )}
      {counts.silent > 0 && (
        <span className={classes.tally} data-tone="warn">
          <Icon name="silent" size={15} />
          <span aria-hidden="true">{counts.silent}</span>
          <span className="loa-unseen">{t('row.silent', { count: counts.silent })}</span>
        </span>
      )}
      <span className={classes.areaCount}>
        <span aria-hidden="true">{counts.all}</span>
        <span>{t('row.clusters', { count: counts.all })}</span>
      </span>
    </button>
  );
}

/** alone: no area stands above it that says where it is. */
const ClusterRow = memo(function ClusterRow({ brief, now, alone }: { brief: Brief; now: number; alone: boolean }) {
  const fates = useFates();
  const when = useWhen();
  const { where } = usePlaces();
  const why = brief.silence && fates.short(brief.silence);
  const since = (brief.online && brief.onAir[0]?.since) || brief.silence?.since;
  return (
    <Link to={`/clusters/${encodeURIComponent(brief.id)}`} className={classes.cluster} data-alone={alone || undefined}>
      <span className={classes.clusterName}>{brief.name}</span>
      <span className={classes.clusterMark}>
        <StandMark brief={brief} />
      </span>
      {alone && <span className={classes.clusterWhere}>{where(brief.area)}</span>}
      <span className={classes.clusterWhy} data-known={why ? true : undefined}>
        {why}
      </span>
      <span className={classes.clusterSince}>{since && when.ago(since, now)}</span>
    </Link>
  );
});

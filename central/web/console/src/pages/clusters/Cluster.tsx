import { Anchor, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { api, type Schema } from '@/api/client';
import { useServerNow } from '@/api/hooks';
import { isProblem } from '@/api/problem';
import { Icon } from '@/app/icons';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import { usePlaces } from '@/fleet/places';
import { briefsQuery } from '@/fleet/queries';
import { StandMark } from '@/fleet/StandMark';
import { Boards } from './Boards';
import { Day } from './Day';
import { Facts } from './Facts';
import { OnAir } from './OnAir';
import { Record } from './Record';
import { Why } from './Why';
import classes from './cluster.module.css';

export default function Cluster() {
  const { t } = useTranslation(['clusters', 'common']);
  const { id = '' } = useParams();
  const client = useQueryClient();
  const { areas } = usePlaces();

  const known = useQuery({ queryKey: ['clusters', id], queryFn: ({ signal }) => api.get('/clusters/{id}', { path: { id }, signal }) });
  // Its neighbours in the commune tell whether the trouble is at this pole.
  const all = client.getQueryData<Schema<'Briefs'>>(['clusters', 'brief']);
  const area = known.data?.area ?? all?.clusters.find((b) => b.id === id)?.area ?? '';
  const commune = areas.commune(area) ?? area;
  const near = useQuery({ ...briefsQuery(commune), enabled: commune !== '', placeholderData: all });
  const brief = near.data?.clusters.find((b) => b.id === id);

  const error = known.error ?? near.error;
  if (isProblem(known.error) && (known.error.status === 404 || known.error.status === 403)) {
    return (
      <Stack>
        <Back />
        <Title order={1}>{id}</Title>
        <Text>{t('one.missing')}</Text>
      </Stack>
    );
  }
  if (!brief) {
    return (
      <Stack>
        <Back />
        <ProblemNote error={error} onRetry={() => void Promise.all([known.refetch(), near.refetch()])} />
        {!error && <Loading />}
      </Stack>
    );
  }
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <Back />
        <Title order={1}>{brief.name}</Title>
        <Where area={brief.area} />
        <Since brief={brief} />
        <ProblemNote error={error} onRetry={() => void known.refetch()} />
      </header>
      <div className={classes.now}>
        <Why key={brief.id} brief={brief} near={near.data?.clusters ?? []} />
        <OnAir brief={brief} near={near.data?.clusters ?? []} />
      </div>
      <div className={classes.today}>
        <Day key={brief.id} cluster={brief.id} />
      </div>
      <div className={classes.record}>
        <Record key={brief.id} cluster={brief.id} />
      </div>
      <div className={classes.about}>
        {known.data && <Facts cluster={known.data} />}
        <Boards cluster={brief.id} />
      </div>
    </div>
  );
}

function Back() {
  const { t } = useTranslation('clusters');
  return (
    <Anchor component={Link} to="/clusters" className={classes.back}>
      <Icon name="left" size={18} />
      {t('one.back')}
    </Anchor>
  );
}

function Where({ area }: { area: string }) {
  const { areas, place } = usePlaces();
  return (
    <Text c="dimmed">
      {areas
        .path(area)
        .reverse()
        .map((code, i) => (
          <span key={code}>
            {i > 0 && ', '}
            <Anchor component={Link} to={`/clusters?area=${encodeURIComponent(code)}`} c="dimmed" underline="always">
              {place(code)}
            </Anchor>
          </span>
        ))}
    </Text>
  );
}

function Since({ brief }: { brief: Schema<'Brief'> }) {
  const { t } = useTranslation('clusters');
  const when = useWhen();
  const now = useServerNow(10_000);
  return (
    <div className={classes.since}>
      <StandMark brief={brief} large />
      {brief.since && <span>{t(brief.online ? 'one.online' : 'one.offline', { when: when.moment(brief.since), ago: when.ago(brief.since, now) })}</span>}
    </div>
  );
}

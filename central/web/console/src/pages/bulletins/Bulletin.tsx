import { Alert, Button, Group, Modal, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { useAreas } from '@/api/areas';
import { api } from '@/api/client';
import { serverNow } from '@/api/clock';
import { areasFor, may, useMe } from '@/api/me';
import { isProblem } from '@/api/problem';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { dayOf, useWhen } from '@/app/when';
import { useSign } from '@/sign';
import { bodyOf, contentOf, emptyContent, languagesOf, merge, takeTheirs, type Bulletin as Row, type Clash, type Content } from './bulletin';
import { Clashes } from './Clashes';
import { Distribution } from './Distribution';
import { Editor } from './Editor';
import { forget, keep, kept } from './kept';
import { Sound } from './Sound';
import { StateBadge } from './StateBadge';

/** Bulletin is one bulletin: what it says, how far it has come, and what can be
 * done with it. /bulletins/new is one that nobody has saved yet. */
export default function Bulletin() {
  const { id = '' } = useParams();
  return id === 'new' ? <Edit key="new" id="new" base={undefined} revision={0} etag="" /> : <Existing key={id} id={id} />;
}

const keyOf = (id: string) => ['bulletins', 'one', id];

function useBulletin(id: string) {
  return useQuery({ queryKey: keyOf(id), queryFn: ({ signal }) => api.tagged('/bulletins/{id}', { path: { id }, signal }) });
}

function Existing({ id }: { id: string }) {
  const me = useMe();
  const { data, error, refetch } = useBulletin(id);
  const [editing, setEditing] = useState(() => kept(me.id, id) !== undefined);
  if (error && !data) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const b = data.data;
  if (editing && b.state !== 'withdrawn') {
    return <Edit id={id} base={b} revision={b.revision} etag={data.etag} onDone={() => setEditing(false)} />;
  }
  return <View bulletin={b} onEdit={() => setEditing(true)} />;
}

function View({ bulletin: b, onEdit }: { bulletin: Row; onEdit: () => void }) {
  const { t } = useTranslation(['bulletins', 'words', 'common']);
  const me = useMe();
  const areas = useAreas();
  const when = useWhen();
  const sign = useSign();
  const client = useQueryClient();
  const [withdrawing, setWithdrawing] = useState(false);
  const id = b.id ?? '';
  const everywhere = (action: 'edit-bulletins' | 'approve-bulletins') => areas.ready && b.areas.every((c) => may(me, action, areas.path(c)));
  const refresh = () => client.invalidateQueries({ queryKey: ['bulletins'] });
  const approve = useMutation({
    mutationFn: async () => sign(await api.post('/bulletins/{id}/document', { path: { id } })),
    onSettled: refresh,
  });
  const withdraw = useMutation({
    mutationFn: () => api.post('/bulletins/{id}/withdraw', { path: { id } }),
    onSuccess: () => setWithdrawing(false),
    onSettled: refresh,
  });
  const languages = languagesOf({ text: b.text ?? {}, audio: b.audio ?? {} });
  const hasSound = Object.keys(b.audio ?? {}).length > 0;
  return (
    <Stack>
      <Link to="/bulletins">{t('back')}</Link>
      <Group justify="space-between" align="flex-start">
        <Title order={1} className="loa-written">
          {b.title}
        </Title>
        <StateBadge state={b.state} />
      </Group>
      <Text c="dimmed">
        {t(`words:class.${b.class}`)}
        {' · '}
        {b.areas.map((c) => areas.name(c)).join(', ')}
        {' · '}
        {t('valid', { from: when.day(b.validFrom), until: when.day(Date.parse(b.validUntil) - 1) })}
      </Text>
      {b.state === 'draft' && b.order !== undefined && <Alert color="grain">{t('changedSince')}</Alert>}
      {b.state === 'draft' && !hasSound && <Alert color="grain">{t('needsSound')}</Alert>}
      {b.state === 'withdrawn' && <Alert color="gray">{t('withdrawnNote')}</Alert>}
      <Group>
        {b.state === 'draft' && hasSound && everywhere('approve-bulletins') && (
          <Button loading={approve.isPending} onClick={() => approve.mutate()}>
            {t('approve')}
          </Button>
        )}
        {b.state === 'approved' && may(me, 'edit-programmes') && (
          <Button component={Link} to={`/programmes?bulletin=${encodeURIComponent(id)}`}>
            {t('schedule')}
          </Button>
        )}
        {b.state !== 'withdrawn' && everywhere('edit-bulletins') && (
          <Button variant="default" onClick={onEdit}>
            {t('edit')}
          </Button>
        )}
        {b.state !== 'withdrawn' && everywhere('approve-bulletins') && (
          <Button variant="subtle" color="gray" onClick={() => setWithdrawing(true)}>
            {t('withdraw')}
          </Button>
        )}
      </Group>
      <ProblemNote error={approve.error} />
      {approve.data?.state === 'gathering' && <Alert color="grain">{t('needsMore')}</Alert>}
      {approve.data?.note && (
        <Alert color="grain" role="alert">
          {approve.data.note}
        </Alert>
      )}
      {languages.map((l) => {
        const name = t(`words:language.${l as 'vi'}`, { defaultValue: l });
        return (
          <Paper key={l} component="section">
            <Stack gap="sm">
              <Title order={2}>{name}</Title>
              {b.audio?.[l] !== undefined && <Sound hash={b.audio[l]} label={name} />}
              {b.text?.[l] !== undefined && (
                <Text className="loa-written" lang={l} dir="auto" style={{ whiteSpace: 'pre-wrap' }}>
                  {b.text[l]}
                </Text>
              )}
            </Stack>
          </Paper>
        );
      })}
      {b.order !== undefined && <Distribution id={id} />}
      <Modal opened={withdrawing} onClose={() => setWithdrawing(false)} title={t('withdrawTitle')}>
        <Stack>
          <Text>{t('withdrawText', { title: b.title })}</Text>
          <ProblemNote error={withdraw.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setWithdrawing(false)}>
              {t('common:cancel')}
            </Button>
            <Button color="gray" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
              {t('withdraw')}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Stack>
  );
}

interface EditProps {
  id: string;
  base: Row | undefined; // undefined: a new one
  revision: number;
  etag: string;
  onDone?: () => void;
}

/** Edit keeps every stroke in the browser until the server has it. */
function Edit({ id, base, revision, etag, onDone }: EditProps) {
  const { t } = useTranslation('bulletins');
  const me = useMe();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [start] = useState(() => {
    const roots = areasFor(me, 'edit-bulletins');
    const own = base ? contentOf(base, dayOf) : emptyContent(dayOf(serverNow()), roots.filter((r) => r.length >= 5));
    return kept(me.id, id) ?? { revision, base: own, content: own };
  });
  const [from, setFrom] = useState({ revision: start.revision, content: start.base });
  const [content, setContent] = useState(start.content);
  const [clashes, setClashes] = useState<Clash[]>([]);
  const [theirs, setTheirs] = useState<Content>();
  const [news, setNews] = useState(false);
  useEffect(() => {
    if (content !== from.content) keep(me.id, id, { revision: from.revision, base: from.content, content });
  }, [content, from, id, me.id]);

  /** meet puts together what this person wrote and what another one saved. */
  const meet = (row: Row) => {
    const their = contentOf(row, dayOf);
    const met = merge(from.content, content, their);
    setContent(met.merged);
    setClashes(met.clashes);
    setTheirs(their);
    setFrom({ revision: row.revision, content: their });
    setNews(true);
  };
  const save = useMutation({
    mutationFn: async () => {
      if (!base) return api.post('/bulletins', { body: bodyOf(content) });
      return api.put('/bulletins/{id}', { path: { id }, body: { ...bodyOf(content), id }, ifMatch: `"${String(from.revision)}"` });
    },
    onSuccess: async (saved) => {
      forget(me.id, id);
      await client.invalidateQueries({ queryKey: ['bulletins'] });
      if (onDone) onDone();
      else await navigate(`/bulletins/${saved.id ?? ''}`, { replace: true });
    },
    onError: async (e) => {
      if (!base || !isProblem(e) || e.status !== 412) return;
      const fresh = await client.fetchQuery({ queryKey: keyOf(id), queryFn: ({ signal }) => api.tagged('/bulletins/{id}', { path: { id }, signal }), staleTime: 0 });
      meet(fresh.data);
    },
  });
  // Somebody else saved while this one is being written, or while it lay here.
  if (base && revision > from.revision && etag !== '' && !save.isPending && clashes.length === 0) meet(base);
  const changed = isProblem(save.error) && save.error.status === 412;
  return (
    <Stack>
      <Link to="/bulletins">{t('back')}</Link>
      <Title order={1}>{t(base ? 'editTitle' : 'newTitle')}</Title>
      {base?.state === 'approved' && <Alert color="grain">{t('approvedEdit')}</Alert>}
      {clashes.length > 0 && theirs && (
        <Clashes
          clashes={clashes}
          onChoose={(clash, takes) => {
            if (takes) setContent((c) => takeTheirs(c, clash, theirs));
            setClashes((all) => all.filter((o) => o !== clash));
          }}
        />
      )}
      {news && clashes.length === 0 && (
        <Alert color="ridge" role="status">
          {t('merged')}
        </Alert>
      )}
      {!changed && <ProblemNote error={save.error} />}
      <Editor content={content} onChange={setContent} onSave={() => save.mutate()} saving={save.isPending} saveLabel={t(base ? 'save' : 'create')} />
      <Group>
        <Button
          variant="subtle"
          color="gray"
          onClick={() => {
            forget(me.id, id);
            if (onDone) onDone();
            else void navigate('/bulletins');
          }}
        >
          {t(content === start.base ? 'leave' : 'discard')}
        </Button>
      </Group>
    </Stack>
  );
}

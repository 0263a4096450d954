import { Alert, Button, Drawer, Group, Input, Loader, NativeSelect, NumberInput, SegmentedControl, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { serverNow } from '@/api/clock';
import { areasFor, useMe } from '@/api/me';
import { isProblem } from '@/api/problem';
import { ProblemNote } from '@/app/ProblemNote';
import { localOf, momentOf } from '@/app/when';
import { usePlaces } from '@/fleet/places';
import { Changed } from './Changed';
import { Conflicts, conflictsQuery, useConflicts } from './Conflicts';
import { bodyOf, contentOf, contentOfDraft, draftOf, emptyDraft, faultsOf, limits, newID, plain, slotOf, timeOf, type Content, type Draft, type FaultField } from './draft';
import { forget, keep, kept, type Kept } from './kept';
import { Playlist } from './Playlist';
import classes from './programmes.module.css';
import { programmeQuery, useBulletins, useLengths, type Bulletins } from './queries';
import { Repeats } from './Repeats';
import { useWords } from './words';

interface Props {
  /** The programme's, or new. */
  id: string;
  /** Of a new one: when it begins, how long it may be, what is in it, where. */
  at?: string;
  seconds?: number;
  bulletin?: string;
  area?: string;
  onClose: () => void;
}

/** Editor is the form of a programme, in a drawer beside the week. */
export default function Editor(props: Props) {
  const { t } = useTranslation(['programmes', 'common']);
  const narrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const [dirty, setDirty] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const me = useMe();
  const done = () => {
    forget(me.id, props.id);
    props.onClose();
  };
  const close = () => (dirty && !leaving ? setLeaving(true) : done());
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={narrow ? '100%' : '36rem'}
      title={t(props.id === 'new' ? 'editor.new' : 'editor.change')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      classNames={{ title: classes.drawerTitle, content: classes.sheet, header: classes.sheetHead }}
    >
      {leaving && (
        <Alert color="grain" role="alert" mb="md" title={t('editor.leave')}>
          <Group>
            <Button variant="default" onClick={() => setLeaving(false)} data-autofocus>
              {t('editor.stay')}
            </Button>
            <Button color="grain" variant="light" onClick={close}>
              {t('editor.drop')}
            </Button>
          </Group>
        </Alert>
      )}
      {props.id === 'new' ? <New {...props} onDirty={setDirty} onClose={close} onDone={done} /> : <Existing {...props} onDirty={setDirty} onClose={close} onDone={done} />}
    </Drawer>
  );
}

type Inner = Props & { onDirty: (dirty: boolean) => void; onDone: () => void };

/** nextQuarter is the next full quarter of an hour but one, for a first guess. */
function nextQuarter(): string {
  return localOf(Math.ceil((serverNow() + 5 * 60_000) / 900_000) * 900_000);
}

function New(props: Inner) {
  const { t } = useTranslation('common');
  const me = useMe();
  const bulletins = useBulletins();
  const roots = areasFor(me, 'edit-programmes');
  if (!bulletins.ready && props.bulletin && !bulletins.error) return <Loader role="status" aria-label={t('loading')} />;
  const b = props.bulletin === undefined ? undefined : bulletins.get(props.bulletin);
  const wanted = props.area?.replace('own:', '');
  const area = b?.areas[0] ?? wanted ?? (roots.length === 1 ? (roots[0] ?? '') : '');
  const draft = emptyDraft(props.at ?? nextQuarter(), area);
  if (props.seconds) Object.assign(draft, { seconds: props.seconds, auto: false });
  if (b) Object.assign(draft, { title: b.title, class: b.class, bulletins: [b.id ?? ''] });
  return <Form {...props} bulletins={bulletins} start={{ draft }} kept={kept(me.id, 'new')} />;
}

function Existing(props: Inner) {
  const { t } = useTranslation('common');
  const me = useMe();
  const bulletins = useBulletins();
  const { data, error, refetch } = useQuery(programmeQuery(props.id));
  if (error && !data) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loader role="status" aria-label={t('loading')} />;
  const content = contentOf(data.data);
  return <Form {...props} bulletins={bulletins} start={{ draft: draftOf(content), base: { content, etag: data.etag } }} kept={kept(me.id, props.id)} />;
}

const gains = [0, -3, -6, -10, -15, -20, -30];
const lates = [0, 60, 120, 300, 600, 900, 1800, 3600];

function Form({ id, bulletins, start, kept: before, onDirty, onClose, onDone }: Inner & { bulletins: Bulletins; start: Kept; kept: Kept | undefined }) {
  const { t } = useTranslation(['programmes', 'words', 'common']);
  const me = useMe();
  const client = useQueryClient();
  const { areas, place } = usePlaces();
  const words = useWords();
  const [first] = useState(start); // what is changed meanwhile is judged when it is saved
  const [restored, setRestored] = useState(before !== undefined);
  const [base, setBase] = useState(before?.base ?? first.base);
  const [given, setDraft] = useState<Draft>(before?.draft ?? first.draft);
  const [tried, setTried] = useState(false);
  const [sure, setSure] = useState(false);
  const [unchecked, setUnchecked] = useState<unknown>();
  const [asking, setAsking] = useState(false);
  const [others, setOthers] = useState<{ content: Content; etag: string; by: string }>();
  const [own] = useState(() => (id === 'new' ? newID('programme') : id));

  const known = given.bulletins.map((b) => bulletins.get(b)).filter((b) => b !== undefined);
  const lengths = useLengths(known);
  const all = given.bulletins.map((b) => lengths.get(b));
  const total = all.every((s) => s !== undefined) ? all.reduce((sum, s) => sum + s, 0) : undefined;
  const fit = total === undefined || given.bulletins.length === 0 ? undefined : slotOf(all as number[], given.chime);
  const d: Draft = given.auto && fit !== undefined ? { ...given, seconds: fit } : given;

  const faults = faultsOf(d);
  const faulty = Object.keys(faults).length > 0;
  const fault = (field: FaultField) => (tried && faults[field] ? t(`fault.${faults[field]}`) : undefined);
  const body = bodyOf(own, contentOfDraft(d));
  // Whether a title is written yet does not matter to what overlaps.
  const question = Object.keys(faults).every((f) => f === 'title') ? JSON.stringify({ ...body, title: 'x' }) : '';
  const [settled] = useDebouncedValue(question, 400);
  const asked = useConflicts(settled === '' ? undefined : (JSON.parse(settled) as typeof body));
  const named = asked.checked && settled === question;

  const over = !faults.day && !faults.time && d.repeat.kind === 'once' && momentOf(body.start).getTime() + d.late * 1000 < serverNow();

  const change = (some: Partial<Draft>) => {
    const next = { ...d, ...some };
    setDraft(next);
    setSure(false);
    onDirty(true);
    keep(me.id, id, { draft: next, base });
  };

  const save = useMutation({
    mutationFn: async () => {
      const body = bodyOf(id === 'new' ? newID(d.title) : id, contentOfDraft(d));
      if (id === 'new') return api.post('/programmes', { body });
      return api.put('/programmes/{id}', { path: { id }, body, ifMatch: base?.etag });
    },
    onSuccess: onDone,
    onError: async (e) => {
      if (!isProblem(e, 'changed')) return;
      const { data, etag } = await api.tagged('/programmes/{id}', { path: { id } });
      setOthers({ content: contentOf(data), etag, by: data.byName ?? data.by });
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['programmes'] }), client.invalidateQueries({ queryKey: ['schedule'] })]),
  });

  useEffect(() => {
    onDirty(before !== undefined);
  }, [before, onDirty]);

  const roots = areasFor(me, 'edit-programmes');
  const mine = [...new Set([...roots, ...roots.flatMap((r) => areas.children(r).map((a) => a.code)), ...(d.area ? [d.area] : [])])];
  const submit = async () => {
    setTried(true);
    setUnchecked(undefined);
    if (faulty || asking) return;
    setAsking(true);
    try {
      // Whoever is quicker than the question waits for its answer.
      const found = named ? asked.cases.length : (await client.fetchQuery(conflictsQuery(JSON.parse(question) as typeof body))).length;
      if (found > 0 && !sure) return setSure(true);
    } catch (e) {
      return setUnchecked(e);
    } finally {
      setAsking(false);
    }
    save.mutate();
  };

  if (others && base) {
    return (
      <Changed
        base={base.content}
        mine={contentOfDraft(d)}
        other={others.content}
        by={others.by}
        bulletins={bulletins}
        onDecide={(content) => {
          const next = draftOf(content);
          setBase({ content: others.content, etag: others.etag });
          setDraft(next);
          keep(me.id, id, { draft: next, base: { content: others.content, etag: others.etag } });
          setOthers(undefined);
          save.reset();
        }}
        onDrop={onDone}
      />
    );
  }
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <Stack>
        {restored && (
          <Alert color="ridge" title={t('editor.restored')}>
            <Button
              size="sm"
              variant="default"
              onClick={() => {
                forget(me.id, id);
                setDraft(first.draft);
                setBase(first.base);
                setRestored(false);
                onDirty(false);
              }}
            >
              {t('editor.fresh')}
            </Button>
          </Alert>
        )}
        <TextInput
          label={t('field.title')}
          value={d.title}
          maxLength={limits.title * 2}
          onChange={(e) => change({ title: plain(e.currentTarget.value) })}
          error={fault('title')}
          data-autofocus
        />
        <Playlist draft={d} bulletins={bulletins} lengths={lengths} onChange={(ids) => change({ bulletins: ids })} error={fault('bulletins')} />
        {bulletins.error ? <ProblemNote error={bulletins.error} /> : null}
        <div className={classes.two}>
          <TextInput type="date" label={t('field.day')} value={d.day} onChange={(e) => change({ day: e.currentTarget.value })} error={fault('day')} description={words.day(d.day)} inputWrapperOrder={['label', 'input', 'description', 'error']} />
          <Clock key={String(restored)} label={t('field.time')} value={d.time} onChange={(time) => change({ time })} error={fault('time')} />
        </div>
        <Repeats value={d.repeat} day={d.day} onChange={(repeat) => change({ repeat })} fault={fault} />
        <Select
          label={t('field.area')}
          data={mine.map((c) => ({ value: c, label: place(c) }))}
          value={d.area || null}
          onChange={(area) => change({ area: area ?? '' })}
          searchable
          allowDeselect={false}
          nothingFoundMessage={t('filter.none')}
          error={fault('area')}
        />
        <div>
          <Input.Label size="md" component="div" id="loa-class" mb={4}>
            {t('field.class')}
          </Input.Label>
          <SegmentedControl
            fullWidth
            aria-labelledby="loa-class"
            value={d.class}
            onChange={(c) => change({ class: c as Draft['class'] })}
            data={(['routine', 'priority'] as const).map((c) => ({ value: c, label: t(`words:class.${c}`) }))}
          />
          <Text size="sm" c="dimmed" mt={4}>
            {t(`classHint.${d.class}`)}
          </Text>
        </div>
        <Slot draft={d} total={total} fit={fit} onChange={change} error={fault('seconds')} />
        <div className={classes.two}>
          <NativeSelect
            size="md"
            label={t('field.late')}
            description={t('field.lateHint')}
            value={String(d.late)}
            onChange={(e) => change({ late: Number(e.currentTarget.value) })}
            data={[...new Set([...lates, d.late])].sort((a, b) => a - b).map((s) => ({ value: String(s), label: s === 0 ? t('late.none') : t('late.some', { length: words.length(s) }) }))}
          />
          <NumberInput label={t('field.order')} description={t('field.orderHint')} value={d.order} min={-1_000_000} max={1_000_000} allowDecimal={false} onChange={(n) => change({ order: Number(n) || 0 })} />
        </div>
        <NativeSelect
          size="md"
          label={t('field.gain')}
          description={t('field.gainHint')}
          value={String(d.gain)}
          onChange={(e) => change({ gain: Number(e.currentTarget.value) })}
          data={[...new Set([...gains, d.gain])].sort((a, b) => b - a).map((g) => ({ value: String(g), label: words.volume(g) }))}
        />
        <Switch label={t('field.chime')} checked={d.chime} onChange={(e) => change({ chime: e.currentTarget.checked })} />
        {d.except.length > 0 && (
          <div>
            <Input.Label size="md" component="div">{t('field.except')}</Input.Label>
            <Group gap="xs" mt={4}>
              {d.except.map((e) => (
                <Button key={e} size="sm" variant="default" onClick={() => change({ except: d.except.filter((x) => x !== e) })} aria-label={t('except.back', { day: words.day(e) })}>
                  {t('except.one', { day: words.day(e), at: words.clock(e) })}
                </Button>
              ))}
            </Group>
            <Text size="sm" c="dimmed" mt={4}>
              {t('except.hint')}
            </Text>
          </div>
        )}
        {!faults.day && !faults.time && !faults.days && (
          <Text className={classes.says}>
            <strong>{words.repeat(d.repeat, contentOfDraft(d).start)}</strong>
            {d.area !== '' && ` · ${place(d.area)}`}
            {` · ${words.length(d.seconds)}`}
          </Text>
        )}
        {over && (
          <Alert color="grain" role="status">
            {t('editor.over')}
          </Alert>
        )}
        <Conflicts asked={asked} onOrder={(other, before) => change({ order: before ? other - 1 : other + 1 })} />
        <ProblemNote error={asked.error ? null : unchecked} />
        <ProblemNote error={isProblem(save.error, 'changed') ? null : save.error} />
        {tried && faulty && (
          <Alert color="grain" role="alert">
            {t('fault.some')}
          </Alert>
        )}
        {sure && (
          <Alert color="grain" role="alert">
            {t('editor.sure')}
          </Alert>
        )}
        <div className={classes.foot}>
          <Button type="submit" loading={save.isPending || asking}>
            {t(sure ? 'editor.saveAnyway' : 'common:save')}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('common:cancel')}
          </Button>
        </div>
      </Stack>
    </form>
  );
}

/** Clock asks for a time of 24 hours, however the browser would write one. */
function Clock({ label, value, onChange, error }: { label: string; value: string; onChange: (time: string) => void; error?: string }) {
  const { t } = useTranslation('programmes');
  const [text, setText] = useState(value);
  return (
    <TextInput
      label={label}
      description={t('field.timeHint')}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      inputMode="numeric"
      autoComplete="off"
      maxLength={8}
      value={text}
      onChange={(e) => {
        setText(e.currentTarget.value);
        onChange(timeOf(e.currentTarget.value) ?? '');
      }}
      onBlur={() => setText(timeOf(text) ?? text)}
      error={error}
    />
  );
}

/** Slot asks how long a programme may sound: as long as its bulletins, or else. */
function Slot({ draft: d, total, fit, onChange, error }: { draft: Draft; total?: number; fit?: number; onChange: (some: Partial<Draft>) => void; error?: string }) {
  const { t } = useTranslation('programmes');
  const words = useWords();
  const set = (minutes: number, seconds: number) => onChange({ seconds: minutes * 60 + seconds, auto: false });
  return (
    <fieldset className={classes.plainSet}>
      <Input.Label size="md" component="legend" mb={4}>
        {t('field.slot')}
      </Input.Label>
      <Stack gap="xs">
        <Switch label={t('slotAuto')} checked={d.auto} onChange={(e) => onChange({ auto: e.currentTarget.checked })} />
        {!d.auto && (
          <div className={classes.two}>
            <NumberInput label={t('minutes')} value={Math.floor(d.seconds / 60)} min={0} max={1440} allowDecimal={false} allowNegative={false} onChange={(n) => set(Number(n) || 0, d.seconds % 60)} error={error} />
            <NumberInput label={t('seconds')} value={d.seconds % 60} min={0} max={59} allowDecimal={false} allowNegative={false} onChange={(n) => set(Math.floor(d.seconds / 60), Number(n) || 0)} />
          </div>
        )}
        {total !== undefined && total > 0 && fit !== undefined && (
          <Text size="sm" c={!d.auto && d.seconds < total ? 'var(--loa-warn-on-soft)' : 'dimmed'}>
            {t(!d.auto && d.seconds < total ? 'slotShort' : 'slotLong', { total: words.length(Math.round(total)), slot: words.length(d.seconds) })}
          </Text>
        )}
      </Stack>
    </fieldset>
  );
}

import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { serverNow } from '@/api/clock';
import { meQuery, useMe } from '@/api/me';
import { isProblem, unanswered } from '@/api/problem';
import { session } from '@/api/session';
import { Loading } from '@/app/Loading';
import { ProblemNote } from '@/app/ProblemNote';
import { fromBase64 } from './envelope';
import { HoldButton } from './HoldButton';
import { Unreadable } from './json';
import { signature, type BrowserKey } from './key';
import { KeyNote } from './KeyNote';
import { useBefore } from './KeySetReading';
import { keepKeySet } from './keysets';
import { prepare, type Prepared } from './prepare';
import { Reading } from './Reading';
import { soundQuery, soundsOf } from './sound';
import { useKey } from './useKey';
import type { Draft, Order } from './useSign';
import classes from './reading.module.css';

/** held kinds make or end sound at once: they are confirmed by holding. */
const held = ['alert', 'cancel', 'stop', 'local'];
/** Drillable kinds are the only ones that a payload type has for drills. */
type Drillable = 'alert' | 'cancel' | 'local';
/** An answer to such a signature is waited for so long, ms: then whoever asked
 * says that nothing is known, and asks. */
const patience = 15_000;

interface Props {
  draft: Draft;
  onDone: (order?: Order) => void;
  /** It is not known whether the signature arrived. */
  onUnknown: (e: unknown) => void;
}

export default function SignDialog({ draft, onDone, onUnknown }: Props) {
  const { t } = useTranslation(['sign', 'common']);
  const narrow = useMediaQuery('(max-width: 47.99em)');
  const client = useQueryClient();
  const me = useMe();
  const prepared = useQuery({ queryKey: ['prepared', draft.hash], queryFn: () => prepare(draft), retry: false, staleTime: Infinity });
  const send = useMutation({
    mutationFn: async ({ what, key }: { what: Prepared; key: BrowserKey }) => {
      const body = await signature(key, what.bytes);
      const path = { hash: what.hash };
      if (!held.includes(what.document.kind)) return api.post('/orders/{hash}/signatures', { path, body });
      try {
        return await api.post('/orders/{hash}/signatures', { path, body, patience, signingIn: true });
      } catch (e) {
        // What was held before the session ended is not sent when somebody signs
        // in again, perhaps hours later: it takes another hold.
        if (isProblem(e) && e.status === 401) await session.again();
        throw e;
      }
    },
    onSuccess: async (order, { what }) => {
      void client.invalidateQueries({ queryKey: ['orders'] });
      if (what.document.kind === 'keyset') {
        // What was signed here is what the next one is compared with. Where it
        // cannot be kept, the next one is read in full.
        const { payloadType, payload } = draft.envelope;
        await keepKeySet(me.id, payloadType, fromBase64(payload), 'signed', new Date(serverNow()).toISOString()).catch(() => undefined);
      }
      onDone(order);
    },
    onError: (e, { what }) => {
      if (held.includes(what.document.kind) && unanswered(e)) onUnknown(e);
    },
  });
  const what = prepared.data;
  // Nobody signs a key set before seeing what it changes, or a bulletin before it
  // can be heard. What is held is for an emergency: it waits for nothing.
  const comparing = useBefore(draft.hash, what?.document.kind === 'keyset').isPending;
  const sounds = useQueries({ queries: what ? soundsOf(what.document).map(soundQuery) : [] });
  const wait = comparing || sounds.some((s) => s.isPending && s.isFetching);
  const differs = sounds.some((s) => s.data === null);
  return (
    <Modal opened onClose={() => !send.isPending && onDone()} size="lg" fullScreen={narrow} closeOnClickOutside={false} title={t('title')} closeButtonProps={{ 'aria-label': t('common:cancel') }}>
      <Stack>
        {prepared.isPending && <Loading />}
        {prepared.error && (
          <Alert color="emergency" role="alert" title={t('unreadable')}>
            {prepared.error instanceof Unreadable ? prepared.error.message : null}
          </Alert>
        )}
        {what && (
          <>
            <Band what={what} />
            <Text size="sm" c="dimmed">
              {t('fromBytes')}
            </Text>
            <Reading document={what.document} hash={what.hash} />
            <Told draft={draft} />
            <Details what={what} />
          </>
        )}
        {/* Under the thumb, however long the order is. */}
        <Stack className={classes.foot} gap="xs">
          <ProblemNote error={send.error} />
          {differs && <Alert color="grain">{t('listen.differs.title')}</Alert>}
          {what && !differs && <Confirm what={what} busy={send.isPending} wait={wait} onSign={(key) => send.mutate({ what, key })} />}
          <Button variant="default" onClick={() => onDone()} disabled={send.isPending}>
            {t('giveUp')}
          </Button>
        </Stack>
      </Stack>
    </Modal>
  );
}

function Band({ what }: { what: Prepared }) {
  const { t } = useTranslation('sign');
  const { kind, mode } = what.document;
  const tone = mode === 'drill' ? 'loa-drill-band' : kind === 'alert' ? 'loa-emergency-band' : classes.calm;
  return (
    <div className={`${classes.band} ${tone}`}>
      {mode === 'drill' ? t('band.drill') + ' · ' : kind === 'alert' ? t('band.live') + ' · ' : ''}
      {mode === 'drill' ? t(`drillKind.${kind as Drillable}`) : t(`kind.${kind}`)}
    </div>
  );
}

/** Told is what the server says beside the bytes; it is not signed. */
function Told({ draft }: { draft: Draft }) {
  const { t } = useTranslation('sign');
  if (draft.targets === 0 && draft.notes.length === 0) return null;
  return (
    <Alert color="gray" variant="light" title={t('told')}>
      {draft.targets > 0 && t('targets', { count: draft.targets })}
      {draft.notes.length > 0 && (
        <details open={draft.notes.length <= 3}>
          <summary className={classes.summary}>{t('notes', { count: draft.notes.length })}</summary>
          <ul>
            {draft.notes.map((n) => (
              <li key={n} className="loa-written" lang="en">
                {n}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Alert>
  );
}

function Details({ what }: { what: Prepared }) {
  const { t } = useTranslation('sign');
  return (
    <details>
      <summary className={classes.summary}>{t('details')}</summary>
      <Text size="sm">{t('hash')}</Text>
      <code className={classes.code}>{what.hash}</code>
      <Text size="sm" mt="xs">
        {t('raw')}
      </Text>
      {/* It scrolls, so it can be reached by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={classes.json} tabIndex={0} lang="en">
        {what.text}
      </pre>
    </details>
  );
}

function Confirm({ what, busy, wait, onSign }: { what: Prepared; busy: boolean; wait: boolean; onSign: (key: BrowserKey) => void }) {
  const { t } = useTranslation('sign');
  const client = useQueryClient();
  const state = useKey();
  const { kind, mode } = what.document;
  // Administrators stand in the root, which no key set lists: the server knows.
  const ready = state.standing === 'ready' || (state.standing === 'confirmed' && ['keyset', 'placement', 'root'].includes(kind));
  const waiting = !ready && state.standing !== undefined && state.standing !== 'none';
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: meQuery.queryKey }), 5000);
    return () => clearInterval(timer);
  }, [waiting, client]);

  const { key } = state;
  if (!ready || !key) return <KeyNote state={state} />;
  const words = mode === 'drill' ? t(`drillDo.${kind as Drillable}`) : t(`do.${kind}`);
  if (held.includes(kind)) {
    return (
      <HoldButton large tone={mode === 'drill' ? 'drill' : kind === 'alert' || kind === 'local' ? 'emergency' : 'calm'} busy={busy} onHold={() => onSign(key)}>
        {words}
      </HoldButton>
    );
  }
  return (
    <Group grow>
      <Button size="lg" loading={busy} disabled={wait} onClick={() => onSign(key)}>
        {words}
      </Button>
    </Group>
  );
}

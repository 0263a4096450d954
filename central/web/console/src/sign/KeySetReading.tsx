import { Alert, Button, List, Loader, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import { serverNow } from '@/api/clock';
import { useMe } from '@/api/me';
import { ProblemNote } from '@/app/ProblemNote';
import { useWhen } from '@/app/when';
import type { Documents, Rule } from './documents';
import { fingerprint } from './key';
import { differenceOf, isNone, keepKeySet, knownKeySet, toldKeySet, type Difference, type Known } from './keysets';
import { Code, Line, Lines, Persons, useWord } from './parts';
import classes from './reading.module.css';

type KeySet = Documents['keyset'];
type Told = Awaited<ReturnType<typeof toldKeySet>>;

/** useBefore is what came before a key set: as this browser knows it, and as
 * the server tells it. */
export function useBefore(hash: string, is = true) {
  const me = useMe();
  const known = useQuery({ queryKey: ['known-keyset', me.id, hash], queryFn: async () => (await knownKeySet(me.id, hash)) ?? null, enabled: is, retry: false, gcTime: 0 });
  const told = useQuery({ queryKey: ['orders', 'keyset', 'told', hash], queryFn: async ({ signal }) => (await toldKeySet(signal)) ?? null, enabled: is, retry: false });
  return { isPending: is && (known.isPending || told.isPending), known: known.data ?? undefined, told: told.data ?? undefined };
}

/** KeySetReading shows a key set, and what it changes: against the one that this
 * browser keeps. What the server says is in force is compared with that as well. */
export function KeySetReading({ is, hash }: { is: KeySet; hash: string }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  const { isPending, known, told } = useBefore(hash);
  if (isPending) return <Loader />;
  const before = known?.is ?? told?.is;
  return (
    <Stack>
      <Against known={known} told={told} />
      <Lines>
        <Line label={t('read.revision')}>{is.revision}</Line>
        <Line label={t('read.validity')}>{t('read.fromTo', { from: when.moment(is.issued), to: when.moment(is.expires) })}</Line>
        {before && <Changes before={before} difference={differenceOf(before, is)} />}
      </Lines>
      {/* Where there is nothing to compare with, all of it has to be read. */}
      <details open={!known}>
        <summary className={classes.summary}>{t('read.allPersons', { count: is.persons.length })}</summary>
        <Persons persons={is.persons} />
      </details>
      <details open={!known}>
        <summary className={classes.summary}>{t('read.allRules', { count: is.rules.length })}</summary>
        <Rules rules={is.rules} />
      </details>
    </Stack>
  );
}

/** Against says with what the new key set is compared, and whether that can be
 * relied upon. */
function Against({ known, told }: { known?: Known; told?: Told }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  if (!known) {
    return (
      <Alert color="grain" role="alert" title={t('keyset.unknown.title')}>
        <Stack gap="xs">
          <Text>{told ? t('keyset.unknown.told', { n: told.is.revision }) : t('keyset.unknown.nothing')}</Text>
          {told && <Confirmed told={told} />}
        </Stack>
      </Alert>
    );
  }
  const mine = { n: known.is.revision, at: when.moment(known.at) };
  const said = t(`keyset.${known.how}`, mine);
  if (!told) {
    return (
      <Alert color="grain" role="alert" title={t('keyset.untold')}>
        {said}
      </Alert>
    );
  }
  if (told.hash === known.hash) {
    return (
      <Text size="sm" c="dimmed">
        {said}
      </Text>
    );
  }
  const difference = differenceOf(known.is, told.is);
  return (
    <Alert color="grain" role="alert" title={t('keyset.differs.title', { told: told.is.revision, known: known.is.revision })}>
      <Stack gap="xs">
        <Text>{said}</Text>
        <Text>{told.is.revision > known.is.revision ? t('keyset.differs.newer', { told: told.is.revision }) : t('keyset.differs.older', { told: told.is.revision })}</Text>
        {isNone(difference) ? (
          <Text>{t('keyset.differs.none')}</Text>
        ) : (
          <Lines>
            <Changes before={known.is} difference={difference} />
          </Lines>
        )}
        <Confirmed told={told} />
      </Stack>
    </Alert>
  );
}

/** Confirmed is how a person says that what the server tells is right, after
 * hearing so from somebody else. */
function Confirmed({ told }: { told: NonNullable<Told> }) {
  const { t } = useTranslation('sign');
  const me = useMe();
  const client = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => keepKeySet(me.id, told.payloadType, told.payload, 'confirmed', new Date(serverNow()).toISOString()),
    onSuccess: () => client.invalidateQueries({ queryKey: ['known-keyset'] }),
  });
  return (
    <>
      <Text size="sm">
        {t('keyset.hashOf', { n: told.is.revision })} <Code>{fingerprint(told.hash)}</Code>
      </Text>
      <ProblemNote error={confirm.error} />
      <Button variant="default" loading={confirm.isPending} onClick={() => confirm.mutate()}>
        {t('keyset.confirm', { n: told.is.revision })}
      </Button>
    </>
  );
}

function Changes({ before, difference: d }: { before: KeySet; difference: Difference }) {
  const { t } = useTranslation('sign');
  return (
    <>
      <Line label={t('read.changedPersons', { n: before.revision })}>{d.persons.length > 0 ? <Persons persons={d.persons} /> : t('read.none')}</Line>
      {d.gonePersons.length > 0 && (
        <Line label={t('read.gonePersons')}>
          <Persons persons={d.gonePersons} />
        </Line>
      )}
      <Line label={t('read.changedRules')}>{d.rules.length > 0 ? <Rules rules={d.rules} /> : t('read.none')}</Line>
      {d.goneRules.length > 0 && (
        <Line label={t('read.goneRules')}>
          <Rules rules={d.goneRules} />
        </Line>
      )}
    </>
  );
}

function Rules({ rules }: { rules: Rule[] }) {
  const { t } = useTranslation('sign');
  const word = useWord();
  const areas = useAreas();
  return (
    <List>
      {rules.map((r, i) => (
        <List.Item key={i}>
          {t('read.rule', { kind: word('kind', r.kind), mode: word('mode', r.mode), area: areas.name(r.scope), code: r.scope, count: r.threshold })} {r.scheme ? <Code>{r.scheme}</Code> : null}{' '}
          <span className="loa-written">{r.persons.join(', ')}</span>
        </List.Item>
      ))}
    </List>
  );
}

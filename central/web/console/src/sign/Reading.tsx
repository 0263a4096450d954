import { List, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import { useWhen } from '@/app/when';
import type { Announcement, Document, Documents, Key, Person } from './documents';
import { fingerprint } from './key';
import classes from './reading.module.css';

/** Reading shows a document in words, all of it. */
export function Reading({ document, before }: { document: Document; before?: Documents['keyset'] }) {
  switch (document.kind) {
    case 'alert':
      return <AlertReading is={document.is} />;
    case 'cancel':
      return <CancelReading is={document.is} />;
    case 'stop':
      return <StopReading is={document.is} />;
    case 'local':
      return <LocalReading is={document.is} />;
    case 'bulletin':
      return <BulletinReading is={document.is} />;
    case 'placement':
      return <PlacementReading is={document.is} />;
    case 'keyset':
      return <KeySetReading is={document.is} before={before} />;
    case 'root':
      return <RootReading is={document.is} />;
  }
}

function Lines({ children }: { children: ReactNode }) {
  return <dl className={classes.lines}>{children}</dl>;
}

function Line({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.line}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Code is an id that stands as it is. */
function Code({ children }: { children: string }) {
  return <code className={classes.code}>{children}</code>;
}

function AreaNames({ codes }: { codes: string[] }) {
  const areas = useAreas();
  return (
    <ul className={classes.names}>
      {codes.map((code) => (
        <li key={code}>
          {areas.get(code) ? <strong>{areas.name(code)}</strong> : null} <Code>{code}</Code>
        </li>
      ))}
    </ul>
  );
}

/** useWord is a word of the contract, or the word itself where it has no other. */
function useWord() {
  const { t } = useTranslation('words');
  return (group: 'hazard' | 'language' | 'class' | 'mode' | 'kind', word: string) => t(`${group}.${word}` as 'mode.live', { defaultValue: word });
}

function Sound({ samples }: { samples: number }) {
  const { t } = useTranslation('sign');
  const seconds = Math.round(samples / 48_000);
  return <>{t('read.sound', { minutes: Math.floor(seconds / 60), seconds: seconds % 60 })}</>;
}

function AnnouncementLines({ is }: { is: Announcement }) {
  const { t } = useTranslation('sign');
  const word = useWord();
  return (
    <>
      {is.messages.map((m) => (
        <Line key={m.language} label={t('read.message', { language: word('language', m.language) })}>
          <blockquote className={`${classes.text} loa-written`} lang={m.language}>
            {m.text}
          </blockquote>
          {m.audio ? <Sound samples={m.audio.samples} /> : t('read.noAudio')}
        </Line>
      ))}
      <Line label={t('read.siren')}>
        {is.siren.blasts === 0 ? t('read.noSiren') : t('read.blasts', { blasts: is.siren.blasts, seconds: is.siren.seconds, gap: is.siren.gap })}
      </Line>
      <Line label={t('read.repetitions')}>{t('read.times', { count: is.repetitions, pause: is.pause })}</Line>
      <Line label={t('read.phrase')}>
        <Code>{is.phrase}</Code>
      </Line>
    </>
  );
}

function useHazard() {
  const { t } = useTranslation('sign');
  const word = useWord();
  return (is: Announcement) => (is.level > 0 ? t('read.hazardLevel', { hazard: word('hazard', is.hazard), level: is.level }) : word('hazard', is.hazard));
}

function AlertReading({ is }: { is: Documents['alert'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  const hazard = useHazard();
  return (
    <Lines>
      <Line label={t('read.hazard')}>
        <strong>{hazard(is)}</strong>
      </Line>
      <Line label={t('read.audience')}>
        <AreaNames codes={is.audience} />
      </Line>
      <AnnouncementLines is={is} />
      <Line label={t('read.validity')}>{t('read.fromTo', { from: when.moment(is.issued), to: when.moment(is.expires) })}</Line>
      <Line label={t('read.alert')}>
        <Code>{is.id}</Code> {is.sequence === 1 ? t('read.raise') : t('read.update', { n: is.sequence })}
      </Line>
    </Lines>
  );
}

function CancelReading({ is }: { is: Documents['cancel'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  return (
    <Lines>
      <Line label={t('read.cancels')}>
        <Code>{is.alert}</Code>
      </Line>
      <Line label={t('read.audience')}>
        <AreaNames codes={is.audience} />
      </Line>
      <Line label={t('read.issued')}>{when.moment(is.issued)}</Line>
    </Lines>
  );
}

function StopReading({ is }: { is: Documents['stop'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  const word = useWord();
  return (
    <Lines>
      <Line label={t('read.stops')}>
        <List>
          {is.targets.map((target, i) => (
            <List.Item key={i}>
              {'occurrence' in target ? (
                <Code>{target.occurrence}</Code>
              ) : (
                <>
                  {t('read.alert')} <Code>{target.alert}</Code> ({word('mode', target.mode)})
                </>
              )}
            </List.Item>
          ))}
        </List>
      </Line>
      <Line label={t('read.audience')}>
        <AreaNames codes={is.audience} />
      </Line>
      <Line label={t('read.issued')}>{when.moment(is.issued)}</Line>
      <Line label={t('read.number')}>
        <Code>{is.id}</Code>
      </Line>
    </Lines>
  );
}

function LocalReading({ is }: { is: Documents['local'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  const hazard = useHazard();
  return (
    <Lines>
      <Line label={t('read.input')}>
        <Code>{is.input}</Code>
      </Line>
      <Line label={t('read.hazard')}>
        <strong>{hazard(is)}</strong>
      </Line>
      <Line label={t('read.audience')}>
        <AreaNames codes={is.audience} />
      </Line>
      <AnnouncementLines is={is} />
      <Line label={t('read.press')}>{t('read.seconds', { count: is.seconds })}</Line>
      <Line label={t('read.validity')}>{t('read.fromTo', { from: when.moment(is.issued), to: when.moment(is.expires) })}</Line>
      <Line label={t('read.revision')}>{is.revision}</Line>
    </Lines>
  );
}

function BulletinReading({ is }: { is: Documents['bulletin'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  const word = useWord();
  return (
    <Lines>
      <Line label={t('read.bulletin')}>
        <strong className="loa-written">{is.title}</strong>
      </Line>
      <Line label={t('read.class')}>{word('class', is.class)}</Line>
      <Line label={t('read.audience')}>
        <AreaNames codes={is.areas} />
      </Line>
      <Line label={t('read.audio')}>
        <List>
          {is.audio.map((a) => (
            <List.Item key={a.language}>
              {word('language', a.language)}: <Sound samples={a.samples} />{' '}
              <Text size="xs" c="dimmed">
                {t('read.file')} <Code>{a.sha256}</Code> {t('read.bytes', { count: a.bytes })}
              </Text>
            </List.Item>
          ))}
        </List>
      </Line>
      <Line label={t('read.validity')}>{t('read.fromTo', { from: when.moment(is.notBefore), to: when.moment(is.notAfter) })}</Line>
      <Line label={t('read.issued')}>{when.moment(is.issued)}</Line>
      <Line label={t('read.number')}>
        <Code>{is.id}</Code> {t('read.revisionOf', { n: is.revision })}
      </Line>
    </Lines>
  );
}

function PlacementReading({ is }: { is: Documents['placement'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  const word = useWord();
  return (
    <Lines>
      <Line label={t('read.cluster')}>
        <Code>{is.cluster}</Code>
      </Line>
      <Line label={t('read.answersTo')}>
        <AreaNames codes={is.areas} />
      </Line>
      <Line label={t('read.languages')}>{is.languages.map((l) => word('language', l)).join(', ')}</Line>
      <Line label={t('read.neighbours')}>{is.neighbours.length > 0 ? <Code>{is.neighbours.join(' ')}</Code> : t('read.none')}</Line>
      <Line label={t('read.board')}>
        <KeyText of={is.board} />
      </Line>
      <Line label={t('read.issued')}>{when.moment(is.issued)}</Line>
      <Line label={t('read.revision')}>{is.revision}</Line>
    </Lines>
  );
}

function KeyText({ of }: { of: Key }) {
  const { t } = useTranslation('sign');
  return (
    <>
      <Code>{fingerprint(of.id)}</Code> {of.scheme === 'webauthn-es256' ? t('read.passkey', { at: of.rpId ?? '' }) : null}
      {of.revoked ? t('read.revoked') : of.retired ? t('read.retired') : null}
    </>
  );
}

function Persons({ persons }: { persons: Person[] }) {
  const { t } = useTranslation('sign');
  return (
    <List spacing={4}>
      {persons.map((p) => (
        <List.Item key={p.id}>
          <span className="loa-written">{p.name || p.id}</span> <Code>{p.id}</Code> {p.service ? t('read.service') : null}
          <ul className={classes.names}>
            {p.keys.map((k) => (
              <li key={k.id}>
                <KeyText of={k} />
              </li>
            ))}
          </ul>
        </List.Item>
      ))}
    </List>
  );
}

/** same compares two parts of documents by all they say. */
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function KeySetReading({ is, before }: { is: Documents['keyset']; before?: Documents['keyset'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  const word = useWord();
  const areas = useAreas();
  const old = new Map(before?.persons.map((p) => [p.id, p]));
  const changed = before ? is.persons.filter((p) => !same(p, old.get(p.id))) : [];
  const gone = before?.persons.filter((p) => !is.persons.some((q) => q.id === p.id)) ?? [];
  const rule = (r: Documents['keyset']['rules'][number], i: number) => (
    <List.Item key={i}>
      {t('read.rule', { kind: word('kind', r.kind), mode: word('mode', r.mode), area: areas.name(r.scope), code: r.scope, count: r.threshold })} {r.scheme ? <Code>{r.scheme}</Code> : null}{' '}
      <span className="loa-written">{r.persons.join(', ')}</span>
    </List.Item>
  );
  const rules = before ? is.rules.filter((r) => !before.rules.some((q) => same(q, r))) : [];
  const goneRules = before?.rules.filter((r) => !is.rules.some((q) => same(q, r))) ?? [];
  return (
    <Stack>
      <Lines>
        <Line label={t('read.revision')}>{is.revision}</Line>
        <Line label={t('read.validity')}>{t('read.fromTo', { from: when.moment(is.issued), to: when.moment(is.expires) })}</Line>
        {before && (
          <>
            <Line label={t('read.changedPersons', { n: before.revision })}>{changed.length > 0 ? <Persons persons={changed} /> : t('read.none')}</Line>
            {gone.length > 0 && <Line label={t('read.gonePersons')}><Persons persons={gone} /></Line>}
            <Line label={t('read.changedRules')}>{rules.length > 0 ? <List>{rules.map(rule)}</List> : t('read.none')}</Line>
            {goneRules.length > 0 && <Line label={t('read.goneRules')}><List>{goneRules.map(rule)}</List></Line>}
          </>
        )}
      </Lines>
      <details open={!before}>
        <summary className={classes.summary}>{t('read.allPersons', { count: is.persons.length })}</summary>
        <Persons persons={is.persons} />
      </details>
      <details open={!before}>
        <summary className={classes.summary}>{t('read.allRules', { count: is.rules.length })}</summary>
        <List>{is.rules.map(rule)}</List>
      </details>
    </Stack>
  );
}

function RootReading({ is }: { is: Documents['root'] }) {
  const { t } = useTranslation('sign');
  const when = useWhen();
  return (
    <Lines>
      <Line label={t('read.revision')}>{is.revision}</Line>
      <Line label={t('read.validity')}>{t('read.fromTo', { from: when.moment(is.issued), to: when.moment(is.expires) })}</Line>
      <Line label={t('read.audience')}>
        <AreaNames codes={is.scopes} />
      </Line>
      <Line label={t('read.owners', { count: is.threshold })}>
        <Persons persons={is.owners} />
      </Line>
      <Line label={t('read.administrators', { count: is.adminThreshold })}>
        <Persons persons={is.administrators} />
      </Line>
      <Line label={t('read.wideAlert')}>{is.wideAlert}</Line>
    </Lines>
  );
}

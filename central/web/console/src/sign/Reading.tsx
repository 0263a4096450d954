import { List, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useWhen } from '@/app/when';
import type { Announcement, Document, Documents } from './documents';
import { KeySetReading } from './KeySetReading';
import { Listen } from './Listen';
import { AreaNames, Code, KeyText, Line, Lines, Persons, useWord } from './parts';
import classes from './reading.module.css';

/** Reading shows a document in words, all of it. */
export function Reading({ document, hash }: { document: Document; hash: string }) {
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
      return <KeySetReading is={document.is} hash={hash} />;
    case 'root':
      return <RootReading is={document.is} />;
  }
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
          {m.audio ? (
            <>
              <Sound samples={m.audio.samples} />
              <Listen is={m.audio} label={word('language', m.language)} />
            </>
          ) : (
            t('read.noAudio')
          )}
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
              <Listen is={a} label={word('language', a.language)} />
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

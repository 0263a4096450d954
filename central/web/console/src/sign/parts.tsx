// What readings are made of.
import { List } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import type { Key, Person } from './documents';
import { fingerprint } from './key';
import classes from './reading.module.css';

export function Lines({ children }: { children: ReactNode }) {
  return <dl className={classes.lines}>{children}</dl>;
}

export function Line({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.line}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Code is an id that stands as it is. */
export function Code({ children }: { children: string }) {
  return <code className={classes.code}>{children}</code>;
}

export function AreaNames({ codes }: { codes: string[] }) {
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
export function useWord() {
  const { t } = useTranslation('words');
  return (group: 'hazard' | 'language' | 'class' | 'mode' | 'kind', word: string) => t(`${group}.${word}` as 'mode.live', { defaultValue: word });
}

export function KeyText({ of }: { of: Key }) {
  const { t } = useTranslation('sign');
  return (
    <>
      <Code>{fingerprint(of.id)}</Code> {of.scheme === 'webauthn-es256' ? t('read.passkey', { at: of.rpId ?? '' }) : null}
      {of.revoked ? t('read.revoked') : of.retired ? t('read.retired') : null}
    </>
  );
}

export function Persons({ persons }: { persons: Person[] }) {
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

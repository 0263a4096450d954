// The documents that persons sign, as in controller/protocol. Each is read whole
// from its very bytes; what is not known here is not signed here.
import { parsePayloadType, type Kind, type Mode } from './envelope';
import { Fields } from './fields';
import { parse, Unreadable, type Json } from './json';

/** versions of the contract that are known: controller/protocol/version.go. */
const versions = [20261121];

export interface Audio {
  sha256: string;
  bytes: number;
  /** Of the station format: 48,000 a second. */
  samples: number;
}
export interface Announcement {
  hazard: string;
  level: number; // 0: none
  siren: { blasts: number; seconds: number; gap: number };
  phrase: string;
  messages: { language: string; text: string; audio?: Audio }[];
  repetitions: number;
  pause: number; // seconds
}
export interface Key {
  id: string;
  scheme: 'ed25519' | 'webauthn-es256';
  public: string;
  rpId?: string;
  origins?: string[];
  retired: boolean;
  revoked: boolean;
}
export interface Person {
  id: string;
  name: string;
  service: boolean;
  keys: Key[];
}
export interface Rule {
  kind: string;
  mode: Mode;
  scope: string;
  persons: string[];
  threshold: number;
  scheme?: string;
}

export interface Documents {
  alert: { id: string; sequence: number; audience: string[]; issued: string; expires: string } & Announcement;
  cancel: { alert: string; audience: string[]; issued: string };
  stop: { id: string; audience: string[]; issued: string; targets: ({ occurrence: string } | { alert: string; mode: Mode })[] };
  local: { input: string; audience: string[]; revision: number; issued: string; expires: string; seconds: number } & Announcement;
  bulletin: {
    id: string;
    revision: number;
    issued: string;
    notBefore: string;
    notAfter: string;
    title: string;
    class: 'routine' | 'priority';
    areas: string[];
    audio: ({ language: string } & Audio)[];
  };
  placement: { revision: number; issued: string; cluster: string; board: Key; areas: string[]; languages: string[]; neighbours: string[] };
  keyset: { revision: number; issued: string; expires: string; persons: Person[]; rules: Rule[] };
  root: {
    revision: number;
    issued: string;
    expires: string;
    scopes: string[];
    owners: Person[];
    threshold: number;
    administrators: Person[];
    adminThreshold: number;
    wideAlert: number;
  };
}
export type SignedKind = keyof Documents;
export type Document = { [K in SignedKind]: { kind: K; mode: Mode; is: Documents[K] } }[SignedKind];

/** readDocument reads what is about to be signed; it throws Unreadable. */
export function readDocument(payloadType: string, payload: Uint8Array): Document {
  const { kind, mode } = parsePayloadType(payloadType);
  if (!isSigned(kind)) throw new Unreadable(`a ${kind} is not signed by persons here`);
  const json = parse(payload);
  const is = Fields.of(json, '', (f) => {
    const version = f.integer('version');
    if (!versions.includes(version)) throw new Unreadable(`version ${version} is not known here`);
    return readers[kind](f);
  });
  return { kind, mode, is } as Document;
}

function isSigned(kind: Kind): kind is SignedKind {
  return kind in readers;
}

const readers: { [K in SignedKind]: (f: Fields) => Documents[K] } = {
  alert: (f) => ({
    id: f.code('id'),
    sequence: f.integer('sequence'),
    audience: f.codes('audience'),
    issued: f.time('issued'),
    expires: f.time('expires'),
    ...announcement(f),
  }),
  cancel: (f) => ({ alert: f.code('alert'), audience: f.codes('audience'), issued: f.time('issued') }),
  stop: (f) => ({
    id: f.code('id'),
    audience: f.codes('audience'),
    issued: f.time('issued'),
    targets: f.list('targets', (v, at) =>
      Fields.of(v, at, (t) => (t.has('occurrence') ? { occurrence: t.code('occurrence') } : { alert: t.code('alert'), mode: t.oneOf('mode', ['live', 'drill']) })),
    ),
  }),
  local: (f) => ({
    input: f.code('input'),
    audience: f.codes('audience'),
    revision: f.integer('revision'),
    issued: f.time('issued'),
    expires: f.time('expires'),
    seconds: f.integer('seconds'),
    ...announcement(f),
  }),
  bulletin: (f) => ({
    id: f.code('id'),
    revision: f.integer('revision'),
    issued: f.time('issued'),
    notBefore: f.time('notBefore'),
    notAfter: f.time('notAfter'),
    title: f.text('title'),
    class: f.oneOf('class', ['routine', 'priority']),
    areas: f.codes('areas'),
    audio: f.list('audio', (v, at) => Fields.of(v, at, (a) => ({ language: a.code('language'), ...audio(a) }))),
  }),
  placement: (f) => ({
    revision: f.integer('revision'),
    issued: f.time('issued'),
    cluster: f.code('cluster'),
    board: f.object('board', key),
    areas: f.codes('areas'),
    languages: f.codes('languages'),
    neighbours: f.codes('neighbours', 0),
  }),
  keyset: (f) => ({
    revision: f.integer('revision'),
    issued: f.time('issued'),
    expires: f.time('expires'),
    persons: f.list('persons', person, 0),
    rules: f.list('rules', rule, 0),
  }),
  root: (f) => ({
    revision: f.integer('revision'),
    issued: f.time('issued'),
    expires: f.time('expires'),
    scopes: f.codes('scopes'),
    owners: f.list('owners', person),
    threshold: f.integer('threshold'),
    administrators: f.list('administrators', person),
    adminThreshold: f.integer('adminThreshold'),
    wideAlert: f.integer('wideAlert'),
  }),
};

function announcement(f: Fields): Announcement {
  return {
    hazard: f.code('hazard'),
    level: f.has('level') ? f.integer('level') : 0,
    siren: f.object('siren', (s) => ({ blasts: s.integer('blasts'), seconds: s.number('seconds'), gap: s.number('gap') })),
    phrase: f.code('phrase'),
    messages: f.list('messages', (v, at) =>
      Fields.of(v, at, (m) => ({ language: m.code('language'), text: m.text('text'), audio: m.has('audio') ? m.object('audio', audio) : undefined })),
    ),
    repetitions: f.integer('repetitions'),
    pause: f.number('pause'),
  };
}

function audio(f: Fields): Audio {
  return { sha256: f.code('sha256'), bytes: f.integer('bytes'), samples: f.integer('samples') };
}

function key(f: Fields): Key {
  return {
    id: f.code('id'),
    scheme: f.oneOf('scheme', ['ed25519', 'webauthn-es256']),
    public: f.code('public'),
    rpId: f.has('rpId') ? f.code('rpId') : undefined,
    origins: f.has('origins') ? f.codes('origins') : undefined,
    retired: f.flag('retired'),
    revoked: f.flag('revoked'),
  };
}

function person(v: Json, at: string): Person {
  return Fields.of(v, at, (f) => ({
    id: f.text('id'),
    name: f.maybeText('name'),
    service: f.flag('service'),
    keys: f.list('keys', (k, place) => Fields.of(k, place, key), 0),
  }));
}

function rule(v: Json, at: string): Rule {
  return Fields.of(v, at, (f) => ({
    kind: f.code('kind'),
    mode: f.oneOf('mode', ['live', 'drill']),
    scope: f.code('scope'),
    persons: f.texts('persons'),
    threshold: f.integer('threshold'),
    scheme: f.has('scheme') ? f.code('scheme') : undefined,
  }));
}

// The key set against which a new one is read. The server says which one is in
// force, and a captured one could say what it likes: so this browser keeps the
// last one that its person signed or confirmed, and compares with that.
import { api } from '@/api/client';
import { Kept } from './database';
import { readDocument, type Documents, type Person, type Rule } from './documents';
import { fromBase64, hex, pae, sha256, toBase64 } from './envelope';

type KeySet = Documents['keyset'];

/** Read is a key set as it was read from its bytes. */
export interface Read {
  hash: string;
  is: KeySet;
}

/** Known is one that this person signed, or confirmed after hearing its hash
 * from somebody else, here. */
export interface Known extends Read {
  how: 'signed' | 'confirmed';
  at: string;
}

interface Note {
  hash: string;
  payloadType: string;
  payload: string; // base64
  how: Known['how'];
  at: string;
}

/** The last one, and the one before: who looks at one that he signed already
 * compares it with what was before it. */
interface Notes {
  person: string;
  last: Note;
  before?: Note;
}

const notes = new Kept<Notes>('loa-keysets', 'keysets');

/** keepKeySet keeps what this person signed or confirmed. */
export async function keepKeySet(person: string, payloadType: string, payload: Uint8Array, how: Known['how'], at: string): Promise<void> {
  const hash = await hashOf(payloadType, payload);
  const have = await notes.of(person);
  const before = have?.last.hash === hash ? have.before : have?.last;
  await notes.put({ person, last: { hash, payloadType, payload: toBase64(payload), how, at }, before });
}

/** knownKeySet is the one to compare a draft with. What lies here is judged as
 * if it came from elsewhere: by its hash. */
export async function knownKeySet(person: string, draft: string): Promise<Known | undefined> {
  const have = await notes.of(person);
  const note = have?.last.hash === draft ? have.before : have?.last;
  if (!note) return undefined;
  const read = await readKeySet(note.payloadType, fromBase64(note.payload));
  if (read?.hash !== note.hash) return undefined;
  return { ...read, how: note.how, at: note.at };
}

/** toldKeySet is the one that the server says is in force. */
export async function toldKeySet(signal: AbortSignal): Promise<(Read & { payloadType: string; payload: Uint8Array }) | undefined> {
  const [last] = await api.get('/orders', { query: { kind: 'keyset', state: 'sealed', limit: 1 }, signal });
  if (!last) return undefined;
  const { draft } = await api.get('/orders/{hash}', { path: { hash: last.hash }, signal });
  const { payloadType } = draft.envelope;
  const payload = fromBase64(draft.envelope.payload);
  const read = await readKeySet(payloadType, payload);
  return read && { ...read, payloadType, payload };
}

async function readKeySet(payloadType: string, payload: Uint8Array): Promise<Read | undefined> {
  const read = readDocument(payloadType, payload);
  return read.kind === 'keyset' ? { hash: await hashOf(payloadType, payload), is: read.is } : undefined;
}

async function hashOf(payloadType: string, payload: Uint8Array): Promise<string> {
  return hex(await sha256(pae(payloadType, payload)));
}

export interface Difference {
  /** New, or with other keys or another name. */
  persons: Person[];
  gonePersons: Person[];
  /** New, or with another threshold or other persons. */
  rules: Rule[];
  goneRules: Rule[];
}

/** same compares two parts of documents by all they say. */
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** differenceOf is what differs beside numbers and dates. */
export function differenceOf(before: KeySet, after: KeySet): Difference {
  const old = new Map(before.persons.map((p) => [p.id, p]));
  return {
    persons: after.persons.filter((p) => !same(p, old.get(p.id))),
    gonePersons: before.persons.filter((p) => !after.persons.some((q) => q.id === p.id)),
    rules: after.rules.filter((r) => !before.rules.some((q) => same(q, r))),
    goneRules: before.rules.filter((r) => !after.rules.some((q) => same(q, r))),
  };
}

export function isNone(d: Difference): boolean {
  return d.persons.length + d.gonePersons.length + d.rules.length + d.goneRules.length === 0;
}

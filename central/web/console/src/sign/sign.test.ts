// What is signed here is judged by boards: the bytes, the hashes and the names of
// keys must be those of controller/protocol, whose golden files these are.
import 'fake-indexeddb/auto';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDocument } from './documents';
import { fromBase64, hex, pae, parsePayloadType, sha256, toBase64 } from './envelope';
import { parse, Unreadable } from './json';
import { ability, fingerprint, forgetKey, heldKey, keyID, makeKey, signature } from './key';
import { prepare } from './prepare';
import { standingOf } from './useKey';
import type { Draft } from './useSign';

const golden = join(import.meta.dirname, '../../../../../controller/protocol/testdata/golden/20261121');
interface Envelope {
  payloadType: string;
  payload: string;
  signatures: { keyid: string; sig: string; webauthn?: unknown }[];
}
const envelopes = readdirSync(golden)
  .filter((f) => /\.(live|drill)\.json$/.test(f))
  .map((f) => ({ name: f, e: JSON.parse(readFileSync(join(golden, f), 'utf8')) as Envelope }));
const envelope = (name: string) => envelopes.find((g) => g.name === `${name}.json`)!.e;
const utf8 = (text: string) => new TextEncoder().encode(text);

/** publics are the keys by which the golden orders were signed. */
const publics = new Map<string, { id: string; scheme: string; public: string }>();
for (const name of ['root.live', 'keyset.live']) {
  const keys = (v: unknown): void => {
    if (typeof v !== 'object' || v === null) return;
    const k = v as { id?: string; scheme?: string; public?: string };
    if (k.id && k.scheme && k.public) publics.set(k.id, { id: k.id, scheme: k.scheme, public: k.public });
    Object.values(v).forEach(keys);
  };
  keys(JSON.parse(new TextDecoder().decode(fromBase64(envelope(name).payload))));
}
const ed25519 = (raw: Uint8Array) => createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki' });

describe('what is signed', () => {
  it('is what the golden signatures are over', () => {
    let judged = 0;
    for (const { name, e } of envelopes) {
      const bytes = pae(e.payloadType, fromBase64(e.payload));
      for (const s of e.signatures) {
        const key = publics.get(s.keyid);
        if (key?.scheme !== 'ed25519') continue;
        expect(verify(null, bytes, ed25519(fromBase64(key.public)), fromBase64(s.sig)), name).toBe(true);
        judged++;
      }
    }
    expect(judged).toBeGreaterThan(10);
  });

  it('counts bytes, not characters', () => {
    expect(new TextDecoder().decode(pae('a/b', utf8('đ')))).toBe('DSSEv1 3 a/b 2 đ');
    expect(new TextDecoder().decode(pae('', new Uint8Array()))).toBe('DSSEv1 0  0 ');
  });

  it('names keys as the registry does', async () => {
    let judged = 0;
    for (const k of publics.values()) {
      if (k.scheme !== 'ed25519') continue;
      expect(await keyID(fromBase64(k.public))).toBe(k.id);
      judged++;
    }
    expect(judged).toBeGreaterThan(10);
  });
});

describe('payload types', () => {
  it.each(envelopes.map(({ name, e }) => [name, e.payloadType]))('%s', (name, type) => {
    const { kind, mode } = parsePayloadType(type);
    expect(`${kind}.${mode}.json`).toBe(name);
  });
  it.each(['', 'application/vnd.loa.alert.live.v2+json', 'application/vnd.loa.alert.v1+json', 'application/vnd.loa.bulletin.drill.v1+json', 'application/vnd.loa.Alert.live.v1+json', 'application/vnd.loa.alert.live.v1+json ', 'application/vnd.loa.feast.live.v1+json'])(
    '%j is refused',
    (type) => expect(() => parsePayloadType(type)).toThrow(Unreadable),
  );
});

describe('base64', () => {
  it('goes there and back', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(fromBase64(toBase64(all))).toEqual(all);
  });
  it.each(['a', 'YQ', 'YQ=', 'YQ==\n', 'YQ-_', '=YQ=', 'Y Q='])('%j is refused', (text) => expect(() => fromBase64(text)).toThrow(Unreadable));
});

describe('JSON', () => {
  it.each(['{}', '[]', '"a"', '-0.5e2', ' { "a" : [ 1 , true , null , "\\u0111\\n" ] } ', '{"a":{"b":1},"c":{"b":2}}', '"\\ud83d\\ude00"'])('%s is read as by JSON.parse', (text) => {
    expect(JSON.stringify(parse(utf8(text)))).toBe(JSON.stringify(JSON.parse(text)));
  });
  const refused: [string, string | Uint8Array][] = [
    ['a name that stands twice', '{"mode":"drill","mode":"live"}'],
    ['a name twice by an escape', '{"mode":"drill","m\\u006fde":"live"}'],
    ['a name that differs by case', '{"mode":"drill","Mode":"live"}'],
    ['data after the end', '{} {}'],
    ['nothing', ''],
    ['a comma too much', '[1,]'],
    ['no comma', '[1 2]'],
    ['a comment', '{/* */}'],
    ['a single quote', "{'a':1}"],
    ['a leading zero', '01'],
    ['a plus', '+1'],
    ['NaN', 'NaN'],
    ['a number above 2^53', '9007199254740993'],
    ['a number without end', '1e999'],
    ['a line break in a text', '"a\nb"'],
    ['a text without an end', '"a'],
    ['an escape that is none', '"\\x"'],
    ['half a character', '"\\ud83d"'],
    ['a byte order mark', '\ufeff{}'],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
    ['20,001 elements', `[${Array(20_001).fill('1').join(',')}]`],
    ['a word that is cut', 'tru'],
  ];
  it.each(refused)('%s is refused', (_, text) => expect(() => parse(typeof text === 'string' ? utf8(text) : text)).toThrow(Unreadable));
  it('32 levels are read', () => expect(parse(utf8('['.repeat(32) + ']'.repeat(32)))).toBeTruthy());
  it('__proto__ is a name like others', () => expect(Object.keys(parse(utf8('{"__proto__":{"a":1}}')) as object)).toEqual(['__proto__']));
});

const signed = envelopes.filter(({ name }) => /^(alert|cancel|stop|local|bulletin|placement|keyset|root)\./.test(name));
const change = (name: string, edit: (d: Record<string, unknown>) => void) => {
  const e = envelope(name);
  const d = JSON.parse(new TextDecoder().decode(fromBase64(e.payload))) as Record<string, unknown>;
  edit(d);
  return () => readDocument(e.payloadType, utf8(JSON.stringify(d)));
};

describe('documents', () => {
  it.each(signed.map((s) => [s.name, s.e] as const))('%s is read whole', (_, e) => {
    const read = readDocument(e.payloadType, fromBase64(e.payload));
    const d = JSON.parse(new TextDecoder().decode(fromBase64(e.payload))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(d)) {
      if (name !== 'version') expect(read.is[name as keyof typeof read.is], name).toEqual(expect.anything());
      if (typeof value !== 'object' && name !== 'version') expect(read.is[name as keyof typeof read.is]).toBe(value);
    }
  });

  it('reads what an alert says', () => {
    const e = envelope('alert.drill');
    const read = readDocument(e.payloadType, fromBase64(e.payload));
    expect(read).toMatchObject({ kind: 'alert', mode: 'drill', is: { audience: ['03388'], level: 3, siren: { blasts: 5, seconds: 30, gap: 5 }, messages: [{ language: 'vi', text: 'Nước sông Đà lên nhanh.\nBà con lên chỗ cao ngay.' }, { language: 'hmn' }] } });
  });

  it.each(['plan.live', 'time.live', 'receipt.live', 'ack.live', 'enrol.live'])('%s is not signed by persons', (name) => {
    const e = envelope(name);
    expect(() => readDocument(e.payloadType, fromBase64(e.payload))).toThrow(Unreadable);
  });

  const refused: [string, () => unknown][] = [
    ['a version that is not known', change('alert.live', (d) => (d.version = 20270101))],
    ['a name that is not known', change('alert.live', (d) => (d.also = ['12']))],
    ['a name that is not known, deep in it', change('alert.live', (d) => ((d.siren as Record<string, unknown>).volume = 1))],
    ['a name of another case', change('cancel.live', (d) => {
      d.Audience = d.audience;
      delete d.audience;
    })],
    ['a name that is missing', change('alert.live', (d) => delete d.audience)],
    ['null', change('alert.live', (d) => (d.audience = null))],
    ['no areas', change('alert.live', (d) => (d.audience = []))],
    ['an area that is no code', change('alert.live', (d) => (d.audience = ['03388', 'Lai Châu']))],
    ['a number as text', change('alert.live', (d) => (d.sequence = '1'))],
    ['a time without a zone', change('alert.live', (d) => (d.expires = '2026-11-21T12:00:00'))],
    ['a time nobody means', change('alert.live', (d) => (d.expires = '3026-11-21T12:00:00Z'))],
    ['text that turns its direction', change('bulletin.live', (d) => (d.title = 'Tin \u202Egnourt'))],
    ['text that cannot be seen', change('bulletin.live', (d) => (d.title = 'Tin\u200b tức'))],
    ['text with a control character', change('bulletin.live', (d) => (d.title = 'Tin\u0007'))],
    ['text that is empty', change('bulletin.live', (d) => (d.title = '  '))],
    ['an emergency as a bulletin', change('bulletin.live', (d) => (d.class = 'emergency'))],
    ['an id of look-alikes', change('alert.live', (d) => (d.id = '7f3с'))],
    ['both targets at once', change('stop.live', (d) => (d.targets = [{ occurrence: 'a@2026-11-22T05:30:00', alert: 'b', mode: 'live' }]))],
  ];
  it.each(refused)('%s is refused', (_, read) => expect(read).toThrow(Unreadable));

  it('keeps joiners and lines', () => {
    expect(change('bulletin.live', (d) => (d.title = 'a\u200cb\u200dc'))).not.toThrow();
  });
});

describe('drafts', () => {
  const draftOf = async (name: string): Promise<Draft> => {
    const e = envelope(name);
    const { kind, mode } = parsePayloadType(e.payloadType);
    const hash = hex(await sha256(pae(e.payloadType, fromBase64(e.payload))));
    return { hash, kind, mode, subject: 'x', revision: 1, targets: 1, notes: [], envelope: { payloadType: e.payloadType, payload: e.payload, signatures: [] } };
  };

  it('are prepared to the very bytes', async () => {
    const draft = await draftOf('alert.drill');
    const p = await prepare(draft);
    expect(p.hash).toBe(createHash('sha256').update(p.bytes).digest('hex'));
    expect(new TextDecoder().decode(p.bytes).endsWith(p.text)).toBe(true);
  });

  it.each<[string, (d: Draft) => void]>([
    ['another hash', (d) => (d.hash = '0'.repeat(64))],
    ['another kind', (d) => (d.kind = 'cancel')],
    ['a drill that is told for live bytes', (d) => (d.mode = 'live')],
    ['live bytes under a drill', (d) => (d.envelope.payloadType = d.envelope.payloadType.replace('drill', 'live'))],
  ])('are refused for %s', async (_, edit) => {
    const draft = await draftOf('alert.drill');
    edit(draft);
    await expect(prepare(draft)).rejects.toThrow(Unreadable);
  });
});

describe('the key in the browser', () => {
  it('is made, kept for its person, signs, and never leaves', async () => {
    expect(await heldKey('an')).toBeUndefined();
    const made = await makeKey('an');
    const held = await heldKey('an');
    expect(held?.id).toBe(made.id);
    expect(held?.id).toBe(createHash('sha256').update('ed25519:').update(made.public).digest('hex').slice(0, 32));
    expect(await heldKey('binh')).toBeUndefined();
    expect(held?.private.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('pkcs8', held!.private)).rejects.toThrow();
    const bytes = pae('a/b', utf8('c'));
    const s = await signature(held!, bytes);
    expect(s.keyid).toBe(made.id);
    expect(verify(null, bytes, ed25519(made.public), fromBase64(s.sig))).toBe(true);
    await forgetKey('an');
    expect(await heldKey('an')).toBeUndefined();
  });

  it('is shown as people read it out', () => expect(fingerprint('f9902a286290d9af00d03c98eef3c29c')).toBe('f990 2a28 6290 d9af 00d0 3c98 eef3 c29c'));

  it('needs a safe address and Ed25519', async () => {
    const asked = Object.getOwnPropertyDescriptor(window, 'isSecureContext');
    Object.defineProperty(window, 'isSecureContext', { value: false, configurable: true });
    expect(await ability()).toBe('insecure');
    Object.defineProperty(window, 'isSecureContext', { value: true, configurable: true });
    expect(await ability()).toBe('able');
    if (asked) Object.defineProperty(window, 'isSecureContext', asked);
  });

  const me = (state: string, confirmed: boolean) => ({ keys: [{ id: 'k', state, confirmed }] }) as Parameters<typeof standingOf>[1];
  const key = { person: 'an', id: 'k' } as Parameters<typeof standingOf>[0];
  it.each([
    [undefined, me('in-use', true), 'none'],
    [key, { keys: [] } as unknown as Parameters<typeof standingOf>[1], 'unproposed'],
    [key, me('proposed', false), 'proposed'],
    [key, me('in-use', false), 'confirmed'],
    [key, me('in-use', true), 'ready'],
    [key, me('retired', true), 'none'],
    [key, me('revoked', false), 'none'],
  ])('stands as the server says: %#', (k, m, standing) => expect(standingOf(k, m)).toBe(standing));
});

// The envelope of an order, as in controller/protocol/envelope.go: DSSE, whose
// PAE is what is signed, and whose SHA-256 is the order's name.
import { Unreadable } from './json';

export const kinds = ['root', 'keyset', 'placement', 'bulletin', 'plan', 'alert', 'cancel', 'stop', 'local', 'time', 'receipt', 'ack', 'enrol'] as const;
export type Kind = (typeof kinds)[number];
export type Mode = 'live' | 'drill';
const drillable: Kind[] = ['alert', 'cancel', 'local'];

/** parsePayloadType is the inverse of how a payload type is written; what cannot
 * have been written so is refused. */
export function parsePayloadType(type: string): { kind: Kind; mode: Mode } {
  const found = /^application\/vnd\.loa\.([a-z]+)\.(live|drill)\.v1\+json$/.exec(type);
  const kind = kinds.find((k) => k === found?.[1]);
  const mode: Mode = found?.[2] === 'drill' ? 'drill' : 'live';
  if (!found || !kind || (mode === 'drill' && !drillable.includes(kind))) throw new Unreadable(`the payload type ${type} is not known`);
  return { kind, mode };
}

/** pae is the pre-authentication encoding: the bytes that are signed. */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const type = new TextEncoder().encode(payloadType);
  const head = new TextEncoder().encode(`DSSEv1 ${type.length} `);
  const between = new TextEncoder().encode(` ${payload.length} `);
  const all = new Uint8Array(head.length + type.length + between.length + payload.length);
  all.set(head);
  all.set(type, head.length);
  all.set(between, head.length + type.length);
  all.set(payload, head.length + type.length + between.length);
  return all;
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text);
}

/** fromBase64 takes the standard alphabet with padding, and nothing else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Unreadable('not base64');
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

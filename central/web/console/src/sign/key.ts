// A person's signing key, made in this browser, kept in it, and never to leave
// it: WebCrypto hands the private half to nobody, this page included.
import { Kept } from './database';
import { hex, sha256, toBase64 } from './envelope';

const scheme = 'ed25519';

export interface BrowserKey {
  person: string;
  /** As the registry names it: by its content. */
  id: string;
  public: Uint8Array<ArrayBuffer>;
  private: CryptoKey;
}

const keys = new Kept<BrowserKey>('loa', 'keys');

/** keyID names a key by its content, as protocol.KeyID: the first 16 bytes of
 * SHA-256(scheme ":" public), in lower-case hex. */
export async function keyID(raw: Uint8Array): Promise<string> {
  const head = new TextEncoder().encode(`${scheme}:`);
  const all = new Uint8Array(head.length + raw.length);
  all.set(head);
  all.set(raw, head.length);
  return hex((await sha256(all)).subarray(0, 16));
}

/** fingerprint is a key's id as people read it to each other. */
export function fingerprint(id: string): string {
  return id.match(/.{1,4}/g)?.join(' ') ?? id;
}

export type Ability = 'able' | 'insecure' | 'old' | 'no-storage';

/** ability tells whether this browser can sign: it must be reached safely, know
 * Ed25519, and keep things. */
export async function ability(): Promise<Ability> {
  if (!window.isSecureContext || typeof crypto.subtle !== 'object') return 'insecure';
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  } catch {
    return 'old';
  }
  try {
    await keys.reach();
  } catch {
    return 'no-storage';
  }
  return 'able';
}

/** heldKey is the person's key in this browser, if there is one. */
export async function heldKey(person: string): Promise<BrowserKey | undefined> {
  return keys.of(person);
}

/** makeKey makes the person's key in this browser, in place of one that is there. */
export async function makeKey(person: string): Promise<BrowserKey> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const key: BrowserKey = { person, id: await keyID(raw), public: raw, private: pair.privateKey };
  await keys.put(key);
  // Otherwise a full disk may take it. Whether or not that is granted, it is kept.
  await navigator.storage?.persist?.().catch(() => false);
  return key;
}

export async function forgetKey(person: string): Promise<void> {
  await keys.forget(person);
}

/** signature is what the API takes for bytes that were signed. */
export async function signature(key: BrowserKey, bytes: Uint8Array<ArrayBuffer>): Promise<{ keyid: string; sig: string }> {
  const sig = await crypto.subtle.sign('Ed25519', key.private, bytes);
  return { keyid: key.id, sig: toBase64(new Uint8Array(sig)) };
}

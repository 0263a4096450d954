import { readDocument, type Document } from './documents';
import { fromBase64, hex, pae, sha256 } from './envelope';
import { Unreadable } from './json';
import type { Draft } from './useSign';

export interface Prepared {
  /** The very bytes that are signed: the PAE of what is shown. */
  bytes: Uint8Array<ArrayBuffer>;
  hash: string;
  document: Document;
  /** The payload as it stands. */
  text: string;
}

/** prepare reads a draft from its very bytes. What the server says about it
 * beside them counts only where the bytes say the same. */
export async function prepare(draft: Draft): Promise<Prepared> {
  const { payloadType, payload } = draft.envelope;
  const raw = fromBase64(payload);
  const document = readDocument(payloadType, raw);
  const bytes = pae(payloadType, raw);
  const hash = hex(await sha256(bytes));
  if (hash !== draft.hash) throw new Unreadable('the hash is not that of these bytes');
  if (document.kind !== draft.kind || document.mode !== draft.mode) throw new Unreadable('the kind or mode is not that of these bytes');
  return { bytes, hash, document, text: new TextDecoder().decode(raw) };
}

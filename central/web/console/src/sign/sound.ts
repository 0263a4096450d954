// What will be heard, as it can be heard before it is signed: the very file that
// the order names, or none. The server could hand over another one, so the file
// is judged here, by the hash that stands in the bytes that are signed.
import { queryOptions } from '@tanstack/react-query';
import { api } from '@/api/client';
import { Problem } from '@/api/problem';
import type { Audio, Document } from './documents';
import { hex, sha256 } from './envelope';

/** A file that does not come is given up after so long, ms. */
const patience = 300_000;

/** soundsOf are the files that a document names, each once. */
export function soundsOf(document: Document): Audio[] {
  const all = named(document);
  return all.filter((a, i) => all.findIndex((b) => b.sha256 === a.sha256 && b.bytes === a.bytes) === i);
}

function named(document: Document): Audio[] {
  switch (document.kind) {
    case 'bulletin':
      return document.is.audio;
    case 'alert':
    case 'local':
      return document.is.messages.flatMap((m) => m.audio ?? []);
    default:
      return [];
  }
}

/** soundQuery fetches a file: null where it is another one than the order names. */
export const soundQuery = (is: Audio) =>
  queryOptions({
    queryKey: ['sound', is.sha256, is.bytes],
    queryFn: async ({ signal }) => {
      const answer = await api.file('/audio/{sha256}/file', { path: { sha256: is.sha256 }, patience, signal });
      const bytes = await read(answer, is.bytes);
      return bytes && hex(await sha256(bytes)) === is.sha256 ? new Blob([bytes], { type: 'audio/ogg' }) : null;
    },
    staleTime: 'static',
    gcTime: 0,
  });

/** read takes as many bytes as there are to be, and stops where more come. */
async function read(answer: Response, size: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = answer.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = await reader?.read().catch(() => {
      throw new Problem(0, 'network', ''); // it broke off
    });
    if (!part || part.done) break;
    length += part.value.length;
    if (length > size) {
      void reader?.cancel().catch(() => undefined);
      return undefined;
    }
    parts.push(part.value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

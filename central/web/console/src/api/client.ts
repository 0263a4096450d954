import { noteServerTime } from './clock';
import { Problem, problemOf } from './problem';
import type { components, paths } from './schema';
import { session } from './session';

/** Schema is a type of the server's answers or requests, by its name in
 * openapi.yaml. */
export type Schema<N extends keyof Schemas> = Schemas[N];
type Schemas = components['schemas'];

/** Has leaves out the methods that a route has not. */
type Has<T> = { [M in keyof T as T[M] extends { responses: unknown } ? M : never]: T[M] };
type All = { [P in keyof paths]: Has<paths[P]> };
type Method = 'get' | 'post' | 'put' | 'delete';
type Short<P> = P extends `/api/v1${infer R}` ? R : never;

/** Path is a route below /api/v1 that has the method. */
export type Path<M extends Method> = {
  [P in keyof All]: All[P] extends Record<M, { responses: unknown }> ? Short<P> : never;
}[keyof All];

type Long<P extends string> = `/api/v1${P}`;
type Operation<P extends string, M extends Method> = Long<P> extends keyof All ? (M extends keyof All[Long<P>] ? All[Long<P>][M] : never) : never;

type Parameters<O> = O extends { parameters: infer X } ? X : never;
type InPath<O> = Parameters<O> extends { path: infer X } ? { path: X } : unknown;
type InQuery<O> = Parameters<O> extends { query: infer X } ? { query: X } : Parameters<O> extends { query?: infer X } ? { query?: X } : unknown;
type InBody<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B } : unknown;

interface Common {
  /** The revision that was read, as `tagged` gave it: If-Match. */
  ifMatch?: string;
  signal?: AbortSignal;
  /** No answer for so long is no answer (network), ms. The time in which the
   * person signs in again does not count. */
  patience?: number;
  /** Answer 401 as a problem, where others ask to sign in again. */
  signingIn?: boolean;
}
export type Options<P extends string, M extends Method> = Common & InPath<Operation<P, M>> & InQuery<Operation<P, M>> & InBody<Operation<P, M>>;
type Rest<T> = Common extends T ? [T?] : [T];

/** Answer is what a route answers. */
export type Answer<P extends string, M extends Method> =
  Operation<P, M> extends { responses: { 200: { content: { 'application/json': infer A } } } } ? A : undefined;

interface Loose extends Common {
  path?: Record<string, string | number>;
  query?: Record<string, unknown>;
  body?: unknown;
}

/** api asks the server. Every function throws a Problem. */
export const api = {
  get: <P extends Path<'get'>>(path: P, ...rest: Rest<Options<P, 'get'>>) => ask<Answer<P, 'get'>>('GET', path, rest[0] as Loose),
  post: <P extends Path<'post'>>(path: P, ...rest: Rest<Options<P, 'post'>>) => ask<Answer<P, 'post'>>('POST', path, rest[0] as Loose),
  put: <P extends Path<'put'>>(path: P, ...rest: Rest<Options<P, 'put'>>) => ask<Answer<P, 'put'>>('PUT', path, rest[0] as Loose),
  delete: <P extends Path<'delete'>>(path: P, ...rest: Rest<Options<P, 'delete'>>) => ask<Answer<P, 'delete'>>('DELETE', path, rest[0] as Loose),
  /** tagged is get, with the ETag to hand back as ifMatch. */
  async tagged<P extends Path<'get'>>(path: P, ...rest: Rest<Options<P, 'get'>>): Promise<{ data: Answer<P, 'get'>; etag: string }> {
    const answer = await send('GET', path, rest[0] as Loose);
    return { data: (await answer.json()) as Answer<P, 'get'>, etag: answer.headers.get('ETag') ?? '' };
  },
  /** file is get, of what is no JSON: the answer's body is still to be read. */
  file: <P extends Path<'get'>>(path: P, ...rest: Rest<Options<P, 'get'>>): Promise<Response> => send('GET', path, rest[0] as Loose),
};

async function ask<A>(method: string, path: string, options?: Loose): Promise<A> {
  const answer = await send(method, path, options);
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as A;
}

async function send(method: string, path: string, options: Loose = {}): Promise<Response> {
  for (;;) {
    const answer = await once(method, address(path, options), options);
    if (answer.ok) return answer;
    if (answer.status === 401 && !options.signingIn) {
      await session.again();
      continue;
    }
    throw problemOf(answer.status, await answer.text(), answer.headers.get('Retry-After'));
  }
}

async function once(method: string, url: string, options: Loose): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  const ends = [options.signal, options.patience === undefined ? undefined : AbortSignal.timeout(options.patience)].filter((s) => s !== undefined);
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.ifMatch !== undefined) headers['If-Match'] = options.ifMatch;
  try {
    const answer = await fetch(url, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: ends.length > 1 ? AbortSignal.any(ends) : ends[0],
    });
    noteServerTime(answer.headers.get('Date'), 'header');
    return answer;
  } catch (e) {
    if (options.signal?.aborted) throw e;
    throw new Problem(0, 'network', '');
  }
}

/** address fills a route's path and query: undefined and '' are left out, a
 * list is a name that stands several times. */
export function address(path: string, options: Pick<Loose, 'path' | 'query'> = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = options.path?.[name];
    if (value === undefined || value === '') throw new Error(`${path}: ${name} is missing`);
    return encodeURIComponent(String(value));
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one !== undefined && one !== null && one !== '') query.append(name, String(one as string | number | boolean));
    }
  }
  const text = query.toString();
  return `/api/v1${filled}${text && '?' + text}`;
}

/**
 * upload sends a file as the body of a request and tells how far it is, from 0
 * to 1 (1: the server is reading it). fetch cannot tell that.
 */
export async function upload<A>(
  path: string,
  options: { query?: Record<string, unknown>; file: Blob; onProgress?: (part: number) => void; signal?: AbortSignal },
): Promise<A> {
  for (;;) {
    const { status, text, retryAfter } = await new Promise<{ status: number; text: string; retryAfter: string | null }>((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open('POST', address(path, options));
      xhr.setRequestHeader('Accept', 'application/json');
      xhr.setRequestHeader('Content-Type', 'application/octet-stream');
      xhr.upload.onprogress = (e) => e.lengthComputable && options.onProgress?.(e.loaded / e.total);
      xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText, retryAfter: xhr.getResponseHeader('Retry-After') });
      xhr.onerror = () => reject(new Problem(0, 'network', ''));
      xhr.onabort = () => reject(new DOMException('upload ended', 'AbortError'));
      options.signal?.addEventListener('abort', () => xhr.abort());
      xhr.send(options.file);
    });
    if (status === 401) {
      await session.again();
      continue;
    }
    if (status < 200 || status > 299) throw problemOf(status, text, retryAfter);
    return JSON.parse(text) as A;
  }
}

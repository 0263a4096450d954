import type { Schema } from './client';

/** Problem is what went wrong with a request: the server's word (RFC 9457), or
 * code 'network' when there was no answer. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** For a person, in English: shown small, below our own words for the code. */
  readonly detail: string;
  readonly errors: Schema<'Fault'>[];
  /** Seconds to wait, where the server says so. */
  readonly retryAfter?: number;

  constructor(status: number, code: string, detail: string, errors: Schema<'Fault'>[] = [], retryAfter?: number) {
    super(`${code}: ${detail}`);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  /** at is what is wrong with a field, if anything. */
  at(field: string): string | undefined {
    return this.errors.find((e) => e.location === field || e.location.startsWith(field + '.') || e.location.startsWith(field + '['))?.message;
  }
}

/** problemOf reads an answer that is not a success. */
export function problemOf(status: number, text: string, retryAfter: string | null): Problem {
  let body: Partial<Schema<'Problem'>> = {};
  try {
    body = JSON.parse(text) as Partial<Schema<'Problem'>>;
  } catch {
    // Something between here and the server answered.
  }
  const wait = Number.parseInt(retryAfter ?? '', 10);
  return new Problem(status, body.code ?? `http-${status}`, body.detail ?? '', body.errors ?? [], Number.isNaN(wait) ? undefined : wait);
}

export function isProblem(e: unknown, code?: string): e is Problem {
  return e instanceof Problem && (code === undefined || e.code === code);
}

/** unanswered tells whether a problem leaves open what the server did: there was
 * no answer, or one of something that stands before it. */
export function unanswered(e: unknown): boolean {
  return isProblem(e) && (e.status === 0 || e.status === 408 || e.status >= 500);
}

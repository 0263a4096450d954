// Reads JSON as boards do (controller/protocol/decode.go): what a person reads
// here must be what a board reads. JSON.parse takes the last of two equal names
// and says nothing; here they are refused.

const maxDepth = 32;
const maxElements = 20_000;

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** Unreadable is why bytes are not shown, and so not signed. */
export class Unreadable extends Error {}

/** parse reads one value from bytes: UTF-8, no two names that are the same or
 * differ only by case, at most 32 levels, nothing behind it. */
export function parse(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Unreadable('not UTF-8');
  }
  const p = new Parser(text);
  const value = p.value(0);
  p.end();
  return value;
}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const plain = /[^"\\\u0000-\u001f]*/y; // eslint-disable-line no-control-regex
const escapes: Record<string, string> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const surrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

class Parser {
  private at = 0;
  constructor(private readonly text: string) {}

  value(depth: number): Json {
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth + 1);
      case '[':
        return this.array(depth + 1);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private number(): number {
    const found = this.match(number);
    if (!found) throw this.wrong('no value');
    const value = Number(found);
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) throw this.wrong(`the number ${found}`);
    return value;
  }

  end() {
    this.space();
    if (this.at < this.text.length) throw this.wrong('data after the end');
  }

  private object(depth: number): JsonObject {
    const found = Object.create(null) as JsonObject;
    const names = new Set<string>();
    this.each(depth, '}', () => {
      this.space();
      if (this.text[this.at] !== '"') throw this.wrong('no name');
      const name = this.string();
      const folded = name.toLowerCase();
      if (names.has(folded)) throw this.wrong(`the name ${JSON.stringify(name)} stands twice`);
      names.add(folded);
      this.space();
      this.take(':');
      found[name] = this.value(depth);
    });
    return found;
  }

  private array(depth: number): Json[] {
    const found: Json[] = [];
    this.each(depth, ']', () => found.push(this.value(depth)));
    return found;
  }

  private each(depth: number, close: string, element: () => void) {
    if (depth > maxDepth) throw this.wrong(`more than ${maxDepth} levels`);
    this.at++;
    this.space();
    if (this.text[this.at] === close) {
      this.at++;
      return;
    }
    for (let n = 1; ; n++) {
      if (n > maxElements) throw this.wrong(`more than ${maxElements} elements`);
      element();
      this.space();
      if (this.text[this.at] === close) break;
      this.take(',');
    }
    this.at++;
  }

  private string(): string {
    this.take('"');
    let value = '';
    for (;;) {
      value += this.match(plain);
      const next = this.text[this.at++];
      if (next === '"') break;
      if (next !== '\\') throw this.wrong('a text without an end');
      const escape = this.text[this.at++] ?? '';
      if (escape === 'u') {
        const hex = this.text.slice(this.at, this.at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.wrong('a wrong escape');
        value += String.fromCharCode(Number.parseInt(hex, 16));
        this.at += 4;
      } else if (escape in escapes) {
        value += escapes[escape];
      } else {
        throw this.wrong('a wrong escape');
      }
    }
    if (surrogate.test(value)) throw this.wrong('half a character');
    return value;
  }

  private word<V extends Json>(word: string, value: V): V {
    for (const c of word) this.take(c);
    return value;
  }

  private take(c: string) {
    if (this.text[this.at] !== c) throw this.wrong(`no ${c}`);
    this.at++;
  }

  private space() {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at++;
  }

  private match(what: RegExp): string {
    what.lastIndex = this.at;
    const found = what.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private wrong(why: string) {
    return new Unreadable(`${why}, at ${this.at}`);
  }
}

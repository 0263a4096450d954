// Takes values out of a document, each by its name, and refuses what is missing,
// is of another kind, or is not known: a name that this page does not show is
// not signed.
import { Unreadable, type Json, type JsonObject } from './json';

// Control and format characters, which could show one text and say another; the
// joiners are needed by some scripts. As in controller/protocol/content.go.
const unshown = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

export class Fields {
  private readonly left: Set<string>;

  private constructor(
    private readonly value: JsonObject,
    private readonly at: string,
  ) {
    this.left = new Set(Object.keys(value));
  }

  /** of takes everything out of an object by take. */
  static of<T>(value: Json | undefined, at: string, take: (f: Fields) => T): T {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Unreadable(`${at || 'the document'} is no object`);
    const f = new Fields(value, at);
    const taken = take(f);
    const [unknown] = f.left;
    if (unknown !== undefined) throw new Unreadable(`${f.name(unknown)} is not known here`);
    return taken;
  }

  has(name: string): boolean {
    return name in this.value;
  }

  /** text is what a person wrote. */
  text(name: string): string {
    const v = this.string(name);
    if (v.trim() === '') throw new Unreadable(`${this.name(name)} is empty`);
    if (unshown.test(v)) throw new Unreadable(`${this.name(name)} has characters that cannot be seen`);
    return v;
  }

  /** maybeText may be empty. */
  maybeText(name: string): string {
    return this.value[name] === '' ? this.string(name) : this.text(name);
  }

  texts(name: string): string[] {
    return this.list(
      name,
      (v, at) => {
        if (typeof v !== 'string' || unshown.test(v)) throw new Unreadable(`${at} is no text`);
        return v;
      },
      0,
    );
  }

  /** code is an id or a word of the contract: ASCII, so that no two look alike. */
  code(name: string): string {
    const v = this.string(name);
    if (!/^[\x21-\x7e]{1,200}$/.test(v)) throw new Unreadable(`${this.name(name)} is no id`);
    return v;
  }

  oneOf<W extends string>(name: string, words: readonly W[]): W {
    const v = this.string(name);
    const found = words.find((w) => w === v);
    if (!found) throw new Unreadable(`${this.name(name)} is ${JSON.stringify(v)}`);
    return found;
  }

  time(name: string): string {
    const v = this.string(name);
    const year = new Date(v).getUTCFullYear();
    if (!moment.test(v) || !(year >= 1970 && year <= 2999)) throw new Unreadable(`${this.name(name)} is no time`);
    return v;
  }

  integer(name: string): number {
    const v = this.number(name);
    if (!Number.isInteger(v)) throw new Unreadable(`${this.name(name)} is no whole number`);
    return v;
  }

  number(name: string): number {
    const v = this.take(name);
    if (typeof v !== 'number' || v < 0) throw new Unreadable(`${this.name(name)} is no number`);
    return v;
  }

  /** flag is false where it is missing. */
  flag(name: string): boolean {
    if (!this.has(name)) return false;
    const v = this.take(name);
    if (typeof v !== 'boolean') throw new Unreadable(`${this.name(name)} is neither true nor false`);
    return v;
  }

  /** list takes every element by take; an empty list only where it may be. */
  list<T>(name: string, take: (v: Json, at: string) => T, least = 1): T[] {
    const v = this.take(name);
    if (!Array.isArray(v) || v.length < least) throw new Unreadable(`${this.name(name)} is no list`);
    return v.map((one, i) => take(one, `${this.name(name)}[${i}]`));
  }

  codes(name: string, least = 1): string[] {
    return this.list(
      name,
      (v, at) => {
        if (typeof v !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(v)) throw new Unreadable(`${at} is no id`);
        return v;
      },
      least,
    );
  }

  object<T>(name: string, take: (f: Fields) => T): T {
    return Fields.of(this.take(name), this.name(name), take);
  }

  private string(name: string): string {
    const v = this.take(name);
    if (typeof v !== 'string') throw new Unreadable(`${this.name(name)} is no text`);
    return v;
  }

  private take(name: string): Json | undefined {
    if (!this.has(name)) throw new Unreadable(`${this.name(name)} is missing`);
    this.left.delete(name);
    return this.value[name];
  }

  private name(of: string): string {
    return this.at ? `${this.at}.${of}` : of;
  }
}

// Every word is there in both languages, is used, and no word stands in the
// code itself. The source is read by TypeScript's own parser.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { wordsOfPages } from '../../build/words';

const root = join(import.meta.dirname, '..');

type Words = Map<string, string>; // key, as in title or live.old, to text

function wordsOf(file: string): Words {
  const words: Words = new Map();
  const walk = (value: unknown, at: string) => {
    if (typeof value === 'string') words.set(at, value);
    else for (const [name, inner] of Object.entries(value as object)) walk(inner, at ? `${at}.${name}` : name);
  };
  walk(JSON.parse(readFileSync(file, 'utf8')), '');
  return words;
}

const read = (language: string) =>
  new Map(readdirSync(join(root, 'i18n', language)).map((f) => [basename(f, '.json'), wordsOf(join(root, 'i18n', language, f))]));
const vi = read('vi');
const en = read('en');

/** one is a key without the ending of a plural. */
const one = (key: string) => key.replace(/_(zero|one|two|few|many|other)$/, '');
const ones = (words: Words | undefined) => [...new Set([...(words ?? new Map<string, string>()).keys()].map(one))].sort();
const gaps = (text: string) => [...new Set(text.match(/\{\{[^}]+\}\}|<\/?[\w]+\/?>/g))].sort();

const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((f) => /\.tsx?$/.test(f) && !/\.test\.tsx?$|\.d\.ts$|^test\//.test(f))
  .map((f) => ({ name: f, tree: ts.createSourceFile(f, readFileSync(join(root, f), 'utf8'), ts.ScriptTarget.Latest, true, f.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS) }));

function visit(node: ts.Node, see: (n: ts.Node) => void) {
  see(node);
  node.forEachChild((n) => visit(n, see));
}

describe('words', () => {
  it('have the same files in both languages', () => {
    expect([...en.keys()].sort()).toEqual([...vi.keys()].sort());
  });

  for (const [name, words] of vi) {
    it(`${name}: no key is missing in one language`, () => {
      expect(ones(en.get(name))).toEqual(ones(words));
    });

    it(`${name}: says something, and fills in the same`, () => {
      const english = en.get(name) ?? new Map<string, string>();
      for (const [language, all] of [['vi', words], ['en', english]] as const) {
        for (const [key, text] of all) {
          expect(text.trim(), `${language} ${name}:${key}`).not.toBe('');
          const other = [...(all === words ? english : words)].find(([k]) => one(k) === one(key))?.[1] ?? '';
          if (!/_one$/.test(key)) expect(gaps(text), `${language} ${name}:${key}`).toEqual(gaps(other));
        }
      }
    });

    it(`${name}: English counts by _one and _other, Vietnamese does not`, () => {
      expect([...words.keys()].filter((k) => one(k) !== k)).toEqual([]);
      for (const k of en.get(name)?.keys() ?? []) if (k.endsWith('_one')) expect([...(en.get(name)?.keys() ?? [])]).toContain(one(k) + '_other');
    });
  }

  it('are all used', () => {
    const whole = new Set<string>();
    const heads: string[] = []; // of templates: `silence.${code}` uses all of silence
    for (const { tree } of sources) {
      visit(tree, (n) => {
        if (ts.isStringLiteralLike(n)) whole.add(n.text.replace(/^\w+:/, ''));
        if (ts.isTemplateExpression(n)) heads.push(n.head.text.replace(/^\w+:/, ''));
      });
    }
    const begun = heads.filter((h) => h.includes('.'));
    const unused = [...vi].flatMap(([name, words]) =>
      ones(words).filter((k) => !whole.has(k) && !begun.some((h) => k.startsWith(h))).map((k) => `${name}:${k}`),
    );
    expect(unused).toEqual([]);
  });
});

/** The words that a module and all that it imports ask for. */
function asked(module: string, seen = new Set<string>()): Set<string> {
  const all = new Set<string>();
  const source = sources.find(({ name }) => [`${module}.tsx`, `${module}.ts`, `${module}/index.tsx`, `${module}/index.ts`].includes(name));
  if (!source || seen.has(source.name)) return all;
  seen.add(source.name);
  visit(source.tree, (n) => {
    if ((ts.isImportDeclaration(n) || ts.isExportDeclaration(n)) && n.moduleSpecifier && ts.isStringLiteral(n.moduleSpecifier)) {
      const from = n.moduleSpecifier.text;
      const to = from.startsWith('@/') ? from.slice(2) : from.startsWith('.') ? join(dirname(source.name), from) : undefined;
      const onlyTypes = ts.isImportDeclaration(n) && n.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      if (to && !onlyTypes) asked(to, seen).forEach((w) => all.add(w));
    }
    if (ts.isCallExpression(n) && n.expression.getText() === 'useTranslation') {
      n.arguments.forEach((a) => visit(a, (l) => ts.isStringLiteral(l) && all.add(l.text)));
    }
  });
  return all;
}

describe('a page', () => {
  const pages = [...wordsOfPages()];
  it.each(pages)('%s is fetched with all its words, and no others', (page, words) => {
    const needs = [...asked(`pages/${page}`)].filter((w) => !['common', 'shell', 'words'].includes(w));
    expect(needs.sort()).toEqual([...words].sort());
  });

  it('says so of every page there is', () => {
    expect(pages.length).toBeGreaterThanOrEqual(16);
  });
});

/** Attributes that a person reads or hears. */
const shown = new Set(['title', 'label', 'placeholder', 'alt', 'description', 'aria-label', 'aria-description', 'aria-roledescription', 'error', 'nothingFoundMessage', 'legend', 'summary', 'message']);
const letters = /\p{L}/u;

function literals(tree: ts.SourceFile): string[] {
  const found: string[] = [];
  const note = (n: ts.Node, text: string) => {
    if (letters.test(text)) found.push(`${tree.fileName}:${tree.getLineAndCharacterOfPosition(n.getStart()).line + 1}: ${text.trim()}`);
  };
  visit(tree, (n) => {
    if (ts.isJsxText(n)) note(n, n.text);
    if (ts.isJsxExpression(n) && n.expression && ts.isStringLiteralLike(n.expression) && !ts.isJsxAttribute(n.parent)) note(n, n.expression.text);
    if (ts.isJsxAttribute(n) && shown.has(n.name.getText())) {
      const v = n.initializer;
      if (v && ts.isStringLiteral(v)) note(v, v.text);
      if (v && ts.isJsxExpression(v) && v.expression && ts.isStringLiteralLike(v.expression)) note(v, v.expression.text);
    }
  });
  return found;
}

describe('source', () => {
  it('has no word of its own', () => {
    expect(sources.flatMap(({ tree }) => literals(tree))).toEqual([]);
  });

  it.each([
    ['<p>Xin chào</p>', 1],
    ['<p>{"Hello"}</p>', 1],
    ['<input placeholder="Tên" />', 1],
    ['<input aria-label={`Name`} />', 1],
    ['<p>{t("title")}</p>', 0],
    ['<input placeholder={t("name")} name="name" />', 0],
    ['<p>{" · "}—</p>', 0],
  ])('%s is seen', (code, n) => {
    expect(literals(ts.createSourceFile('x.tsx', `const x = ${code};`, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX))).toHaveLength(n);
  });
});

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { wordsOfPages } from './words.ts';

/** The most that one page may need before it is there, compressed by gzip. */
const limit = 300 * 1024;

interface Chunk {
  file: string;
  name?: string;
  src?: string;
  isEntry?: boolean;
  isDynamicEntry?: boolean;
  imports?: string[];
  css?: string[];
}

/**
 * Writes .gz and .br beside what is worth it, prints what each page needs at
 * its first load, and fails where that is too much.
 */
export function finish(): Plugin {
  let out = 'dist';
  return {
    name: 'loa:finish',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir;
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        const packed = compress(out);
        const manifest = JSON.parse(readFileSync(join(out, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;
        report(manifest, packed);
      },
    },
  };
}

/** compress returns the gzip size of every file by its name. */
function compress(out: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(out.length + 1);
    if (!entry.isFile() || name.startsWith('.vite/') || /\.(gz|br)$/.test(name)) continue;
    const raw = readFileSync(path);
    sizes.set(name, raw.length);
    if (!/\.(js|css|html|svg|json)$/.test(name) || statSync(path).size < 512) continue;
    const gz = gzipSync(raw, { level: 9 });
    sizes.set(name, gz.length);
    writeFileSync(path + '.gz', gz);
    writeFileSync(path + '.br', brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }
  return sizes;
}

function report(manifest: Record<string, Chunk>, sizes: Map<string, number>) {
  const files = (key: string, into: Set<string>, seen = new Set<string>()) => {
    const chunk = manifest[key];
    if (!chunk || seen.has(key)) return into;
    seen.add(key);
    into.add(chunk.file);
    chunk.css?.forEach((f) => into.add(f));
    chunk.imports?.forEach((k) => files(k, into, seen));
    return into;
  };
  const total = (names: Set<string>) => [...names].reduce((sum, f) => sum + (sizes.get(f) ?? 0), 0);
  const entry = Object.keys(manifest).find((k) => manifest[k]?.isEntry);
  if (!entry) throw new Error('the build has no entry');
  // A page is shown in one language: the words of the larger one are counted.
  const words = (language: string) => Object.keys(manifest).filter((k) => k.startsWith(`src/i18n/${language}/`));
  const shell = files(entry, new Set(['index.html']));
  const always = ['common', 'shell', 'words'];
  const own = wordsOfPages();
  const kb = (n: number) => (n / 1024).toFixed(1).padStart(6) + ' KB';
  const rows: [string, number][] = [];
  const pages = Object.keys(manifest).filter((k) => /^src\/pages\/[^/]+\//.test(k) && manifest[k]?.isDynamicEntry);
  for (const page of pages) {
    const name = page.replace(/^src\/pages\/|(\/index)?\.tsx?$/g, '');
    const folder = name.split('/')[0] ?? name;
    const those = own.get(name) ?? own.get(folder) ?? [];
    const need = files(page, new Set(shell));
    for (const w of words('vi')) {
      const ns = w.split('/').pop()?.replace('.json', '') ?? '';
      if (always.includes(ns) || those.includes(ns)) files(w, need);
    }
    rows.push([page.replace('src/pages/', ''), total(need)]);
  }
  console.log(`\nfirst load, gzip, at most ${kb(limit).trim()}:`);
  console.log(`${kb(total(shell))}  shell`);
  for (const [name, size] of rows.sort((a, b) => b[1] - a[1])) console.log(`${kb(size)}  ${name}`);
  const over = rows.filter(([, size]) => size > limit);
  if (over.length > 0 || total(shell) > limit) throw new Error(`first load is over ${kb(limit).trim()}: ${over.map(([n]) => n).join(', ') || 'shell'}`);
}

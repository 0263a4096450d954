import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Which words are fetched with each page, as routes and home say: by the page's
 * module below src/pages. */
export function wordsOfPages(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [file, from] of [
    ['src/app/routes.tsx', '@/pages/'],
    ['src/pages/home/index.tsx', './'],
  ] as const) {
    const source = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
    for (const [, module = '', words = ''] of source.matchAll(/import\('([^']+)'\), ([^)]+)\)/g)) {
      const name = from === './' ? `home/${module.slice(2)}` : module.slice(from.length);
      found.set(name, words.match(/\w+/g) ?? []);
    }
  }
  return found;
}

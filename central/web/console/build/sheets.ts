import type { Plugin } from 'vite';

// Mantine, and the scroll lock under its dialogs, put style elements into the
// page. The page's Content-Security-Policy allows none, so that nobody who gets
// text onto it can restyle what a person is about to sign. Here their style
// elements become style sheets made by script, which the policy allows: see
// src/app/sheets.tsx. A place that is no longer found fails the build.
const places: { id: RegExp; from: RegExp; to: string }[] = [
  { id: /@mantine\/core\/esm\/core\/InlineStyles\/InlineStyles\.mjs$/, from: /jsx\("style"/g, to: 'jsx(LoaSheet' },
  { id: /MantineProvider\/MantineClasses\/MantineClasses\.mjs$/, from: /jsx\("style"/g, to: 'jsx(LoaSheet' },
  { id: /MantineProvider\/MantineCssVariables\/MantineCssVariables\.mjs$/, from: /jsx\("style"/g, to: 'jsx(LoaSheet' },
  {
    id: /react-style-singleton\/dist\/[^/]+\/singleton\.js$/,
    from: /export (var|const) stylesheetSingleton = /,
    to: 'export { singleton as stylesheetSingleton } from "@/app/sheets"; export const unusedSingleton = ',
  },
];

export function sheets(): Plugin {
  const seen = new Set<RegExp>();
  return {
    name: 'loa:sheets',
    apply: 'build',
    transform(code, id) {
      const place = places.find((p) => p.id.test(id.split('?')[0] ?? ''));
      if (!place) return null;
      if (!place.from.test(code)) throw new Error(`${id} makes its style elements in another way now: see build/sheets.ts`);
      place.from.lastIndex = 0;
      seen.add(place.id);
      const head = place.to.includes('LoaSheet') ? 'import { Sheet as LoaSheet } from "@/app/sheets";\n' : '';
      return { code: head + code.replace(place.from, place.to), map: null };
    },
    buildEnd(error) {
      const missing = places.filter((p) => !seen.has(p.id));
      if (!error && missing.length > 0) throw new Error(`not found, see build/sheets.ts: ${missing.map((p) => p.id.source).join(', ')}`);
    },
  };
}

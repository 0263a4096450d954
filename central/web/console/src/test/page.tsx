import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import i18next from 'i18next';
import { Suspense, type ReactNode } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { vi } from 'vitest';
import { areasQuery, type Area } from '@/api/areas';
import { meQuery, type Me } from '@/api/me';
import { newQueryClient } from '@/api/queries';
import { resolver, theme } from '@/app/theme';
import { languages, startWords, type Language } from '@/i18n';
import { SignContext, type Sign } from '@/sign/useSign';

const namespaces = Object.keys(import.meta.glob('../i18n/vi/*.json')).map((f) => f.replace(/.*\/|\.json/g, ''));

type Given = object | string | number | null;
type Answers = Record<string, Given | ((body: unknown, url: URL) => Given | Response)>;

/** serve answers fetch. Keys are as 'GET /api/v1/alarms', without the query;
 * what nobody gave is answered 404. It returns what was asked. */
export function serve(answers: Answers) {
  const asked: { method: string; path: string; query: URLSearchParams; body: unknown; headers: Headers }[] = [];
  vi.stubGlobal('fetch', (input: string, init: RequestInit = {}) => {
    const url = new URL(input, 'http://loa.test');
    const method = init.method ?? 'GET';
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    asked.push({ method, path: url.pathname, query: url.searchParams, body, headers: new Headers(init.headers) });
    const found = answers[`${method} ${url.pathname}`];
    if (found === undefined) return Promise.resolve(refuse(404, 'not-found', `${method} ${url.pathname}`));
    const answer = typeof found === 'function' ? found(body, url) : found;
    return Promise.resolve(answer instanceof Response ? answer : new Response(JSON.stringify(answer), { headers: { 'Content-Type': 'application/json', ETag: '"1"' } }));
  });
  return asked;
}

/** refuse is a problem's answer. */
export function refuse(status: number, code: string, detail = '', errors: { location: string; message: string }[] = [], headers: Record<string, string> = {}) {
  return new Response(JSON.stringify({ type: `urn:loa:problem:${code}`, title: code, status, code, detail, errors }), { status, headers });
}

/** person is somebody who may do everything in Lai Châu. */
export const person: Me = {
  id: 'lo-van-an',
  name: 'Lò Văn An',
  roles: [{ name: 'officer', area: '03388' }],
  keys: [],
  actions: Object.fromEntries(
    ['read-content', 'edit-bulletins', 'approve-bulletins', 'edit-programmes', 'raise-alerts', 'cancel-alerts', 'stop-sound', 'read-fleet', 'enrol-devices', 'manage-placements', 'manage-people', 'manage-keys', 'read-audit'].map((a) => [a, ['12']]),
  ),
  demo: false,
};

export const someAreas: Area[] = [
  { code: '12', kind: 'province', nameVi: 'Lai Châu', nameEn: 'Lai Chau', from: '2025-07-01' },
  { code: '03388', kind: 'commune', nameVi: 'Khổng Lào', nameEn: 'Khong Lao', parent: '12', from: '2025-07-01' },
  { code: '03388.01', kind: 'village', nameVi: 'Bản Phai', parent: '03388', from: '2025-07-01' },
];

interface Around {
  /** null: nobody is known to be signed in. */
  me?: Partial<Me> | null;
  areas?: Area[];
  /** The address, and the route's pattern where it has parameters. */
  at?: string;
  path?: string;
  language?: Language;
  sign?: Sign;
}

/** show renders a page with all that is around it. */
export async function show(page: ReactNode, { me, areas = someAreas, at = '/', path = '*', language = 'vi', sign }: Around = {}) {
  if (!i18next.isInitialized) await startWords(language);
  await i18next.loadLanguages([...languages]);
  await i18next.loadNamespaces(namespaces);
  await i18next.changeLanguage(language);
  const client = newQueryClient();
  client.setDefaultOptions({ queries: { ...client.getDefaultOptions().queries, retry: false } });
  if (me !== null) client.setQueryData(meQuery.queryKey, { ...person, ...me });
  client.setQueryData(areasQuery.queryKey, areas);
  const router = createMemoryRouter([{ path, element: page }, { path: '*', element: null }], { initialEntries: [at] });
  const signing: Sign = sign ?? (() => Promise.reject(new Error('nobody signs here')));
  const around = render(
    <MantineProvider theme={theme} cssVariablesResolver={resolver} env="test">
      <QueryClientProvider client={client}>
        <SignContext value={signing}>
          <Suspense>
            <RouterProvider router={router} />
          </Suspense>
        </SignContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...around, client, router };
}

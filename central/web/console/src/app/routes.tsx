import { createBrowserRouter, type RouteObject } from 'react-router';
import type { ComponentType } from 'react';
import { withWords } from '@/i18n';
import { Shell } from './Shell';
import { Outside } from './Outside';
import { Failed, NotFound } from './Failed';

/** page makes a route of a page that is fetched, with its words, when it is
 * opened. Its module has the page as its default export. */
function page(path: string, load: () => Promise<{ default: ComponentType }>, ...words: string[]): RouteObject {
  return { path, lazy: async () => ({ Component: (await withWords(load, ...words)).default }) };
}

/** Nothing is shown while the first page is fetched. */
const Nothing = () => null;

export const routes: RouteObject[] = [
  {
    Component: Outside,
    HydrateFallback: Nothing,
    ErrorBoundary: Failed,
    children: [page('/welcome', () => import('@/pages/welcome'), 'welcome'), page('/sign-in', () => import('@/pages/signIn'), 'signIn')],
  },
  {
    Component: Shell,
    HydrateFallback: Nothing,
    ErrorBoundary: Failed,
    children: [
      {
        ErrorBoundary: Failed, // within the shell: the rest of it goes on
        children: [
          { index: true, lazy: async () => ({ Component: (await import('@/pages/home')).default }) },
          page('/clusters', () => import('@/pages/clusters'), 'clusters', 'fates'),
          page('/clusters/:id', () => import('@/pages/clusters/Cluster'), 'clusters', 'fates', 'sign'),
          page('/bulletins', () => import('@/pages/bulletins'), 'bulletins'),
          page('/bulletins/:id', () => import('@/pages/bulletins/Bulletin'), 'bulletins', 'fates', 'sign'),
          page('/programmes', () => import('@/pages/programmes'), 'programmes', 'fates'),
          page('/alerts', () => import('@/pages/alerts'), 'alerts', 'sign'),
          page('/alerts/new', () => import('@/pages/alerts/NewAlert'), 'alerts', 'sign'),
          page('/alerts/:mode/:id', () => import('@/pages/alerts/Alert'), 'alerts', 'fates', 'sign'),
          page('/people', () => import('@/pages/people'), 'people', 'me', 'sign'),
          page('/me', () => import('@/pages/me'), 'me', 'sign'),
          { path: '*', Component: NotFound },
        ],
      },
    ],
  },
];

export const newRouter = () => createBrowserRouter(routes);

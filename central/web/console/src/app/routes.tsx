import { createBrowserRouter, type RouteObject } from 'react-router';
import type { ComponentType } from 'react';
import { Shell } from './Shell';
import { Outside } from './Outside';
import { Failed, NotFound } from './Failed';

/** page makes a route of a page that is fetched when it is opened. Its module
 * has the page as its default export. */
function page(path: string, load: () => Promise<{ default: ComponentType }>): RouteObject {
  return { path, lazy: async () => ({ Component: (await load()).default }) };
}

/** Nothing is shown while the first page is fetched. */
const Nothing = () => null;

export const routes: RouteObject[] = [
  {
    Component: Outside,
    HydrateFallback: Nothing,
    ErrorBoundary: Failed,
    children: [page('/welcome', () => import('@/pages/welcome')), page('/sign-in', () => import('@/pages/signIn'))],
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
          page('/clusters', () => import('@/pages/clusters')),
          page('/clusters/:id', () => import('@/pages/clusters/Cluster')),
          page('/bulletins', () => import('@/pages/bulletins')),
          page('/bulletins/:id', () => import('@/pages/bulletins/Bulletin')),
          page('/programmes', () => import('@/pages/programmes')),
          page('/alerts', () => import('@/pages/alerts')),
          page('/alerts/new', () => import('@/pages/alerts/NewAlert')),
          page('/alerts/:mode/:id', () => import('@/pages/alerts/Alert')),
          page('/people', () => import('@/pages/people')),
          page('/me', () => import('@/pages/me')),
          { path: '*', Component: NotFound },
        ],
      },
    ],
  },
];

export const newRouter = () => createBrowserRouter(routes);

import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { RouterProvider } from 'react-router';
import { queryClient } from '@/api/cache';
import { newRouter } from './routes';
import { nonce } from './nonce';
import { schemes } from './scheme';
import { resolver, theme } from './theme';

const router = newRouter();
// Nothing is told before something was done.
const Notices = lazy(() => import('./Notices'));

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolver} colorSchemeManager={schemes} defaultColorScheme="auto" getStyleNonce={nonce}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Suspense>
          <Notices />
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  );
}

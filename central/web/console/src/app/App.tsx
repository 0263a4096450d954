import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from 'react-router';
import { queryClient } from '@/api/cache';
import { newRouter } from './routes';
import { nonce } from './nonce';
import { schemes } from './scheme';
import { resolver, theme } from './theme';

const router = newRouter();

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolver} colorSchemeManager={schemes} defaultColorScheme="auto" getStyleNonce={nonce}>
      <QueryClientProvider client={queryClient}>
        <Notifications position="top-right" />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}

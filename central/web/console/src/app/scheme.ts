import { localStorageColorSchemeManager } from '@mantine/core';

export const schemes = localStorageColorSchemeManager({ key: 'loa.scheme' });

/** showScheme sets what Mantine would set only after the first drawing. */
export function showScheme() {
  const chosen = schemes.get('auto');
  const dark = chosen === 'dark' || (chosen === 'auto' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
}

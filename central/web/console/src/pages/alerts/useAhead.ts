import { useEffect } from 'react';

/** useAhead fetches the pages by which an alert is raised and followed before
 * they are needed: at night, in the rain, the network may be gone by then. */
export function useAhead() {
  useEffect(() => {
    const timer = setTimeout(() => {
      void import('./NewAlert').catch(() => undefined);
      void import('./Alert').catch(() => undefined);
    }, 1500);
    return () => clearTimeout(timer);
  }, []);
}

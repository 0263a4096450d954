import { lazy, Suspense, useCallback, useEffect, useState, type ReactNode } from 'react';
import { SignContext, type Draft, type Order, type Sign } from './useSign';

const load = () => import('./SignDialog');
const SignDialog = lazy(load);

interface Asked {
  draft: Draft;
  answer: (order: Order | undefined) => void;
  fail: (e: unknown) => void;
}

/** SignProvider has drafts signed, one at a time, in one dialog. */
export function SignProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked>();
  useEffect(() => {
    // Before it is needed: at night the network may be gone by then.
    const timer = setTimeout(() => void load().catch(() => undefined), 2000);
    return () => clearTimeout(timer);
  }, []);
  const sign = useCallback<Sign>(
    (draft) =>
      new Promise((resolve, reject) => {
        setAsked((now) => {
          now?.answer(undefined); // whoever asked before gave it up
          return { draft, answer: resolve, fail: reject };
        });
      }),
    [],
  );
  // An answer may come late, when another dialog is open already: that stays.
  const close = () => setAsked((now) => (now === asked ? undefined : now));
  const done = (order: Order | undefined) => {
    asked?.answer(order);
    close();
  };
  const unknown = (e: unknown) => {
    asked?.fail(e);
    close();
  };
  return (
    <SignContext value={sign}>
      {children}
      {asked && (
        <Suspense>
          <SignDialog key={asked.draft.hash} draft={asked.draft} onDone={done} onUnknown={unknown} />
        </Suspense>
      )}
    </SignContext>
  );
}

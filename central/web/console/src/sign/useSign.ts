import { createContext, useContext } from 'react';
import type { Schema } from '@/api/client';

export type Draft = Schema<'Draft'>;
export type Order = Schema<'Order'>;

/** Sign shows what is about to be signed, from the very bytes, has it signed by
 * the person's key, and answers how the order stands then; undefined where the
 * person gave it up. It asks for a key first where there is none. Of what makes or
 * ends sound it throws a Problem where it is not known whether the signature
 * arrived: whoever asked has to find that out by the draft's hash. */
export type Sign = (draft: Draft) => Promise<Order | undefined>;

export const SignContext = createContext<Sign>(() => Promise.reject(new Error('useSign outside of the shell')));

/** useSign is how every page has something signed. */
export function useSign(): Sign {
  return useContext(SignContext);
}

import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api } from '@/api/client';
import { serverNow } from '@/api/clock';
import { useMe } from '@/api/me';
import { Problem, unanswered } from '@/api/problem';
import { useSign, type Draft, type Order } from '@/sign';
import { fateOf, given, type Given } from './given';

/** How long a draft is waited for, and an answer to how an order stands, ms. */
export const patience = 12_000;

export type About = Omit<Given, 'hash' | 'at'>;

/** Outcome of giving an order. notSent: nothing was signed, nothing sounds. */
export type Outcome = { state: 'sealed' | 'gathering'; order: Order } | { state: 'givenUp' } | { state: 'unknown' } | { state: 'notSent'; error: unknown };

/**
 * useGive has an order drafted, shown and signed. A draft that does not come
 * back is asked for again without harm, as it sounds nowhere. A signature that
 * does not is never made for another order: see given.ts.
 */
export function useGive() {
  const me = useMe();
  const sign = useSign();
  const client = useQueryClient();
  const [step, setStep] = useState<'idle' | 'drafting' | 'signing'>('idle');
  const working = useRef(false);

  async function give(draftOf: () => Promise<Draft>, about: About): Promise<Outcome> {
    if (working.current) return { state: 'givenUp' }; // a finger that taps twice
    working.current = true;
    try {
      setStep('drafting');
      let draft: Draft;
      try {
        draft = await draftOf();
      } catch (e) {
        return { state: 'notSent', error: e };
      }
      setStep('signing');
      const outcome = await signed(draft, about);
      void client.invalidateQueries({ queryKey: ['alerts'] });
      return outcome;
    } finally {
      working.current = false;
      setStep('idle');
    }
  }

  async function signed(draft: Draft, about: About): Promise<Outcome> {
    const { hash } = draft;
    // The id of a new alert is made with its draft.
    const id = /^alert\/(?:live|drill)\/([^/]+)$/.exec(draft.subject)?.[1];
    given.begins(me.id, { ...about, ...(id && { alert: id }), hash, at: serverNow() });
    try {
      const order = await sign(draft);
      if (order) {
        given.settled(me.id, hash);
        return { state: order.state, order };
      }
    } catch (e) {
      if (!unanswered(e)) {
        given.settled(me.id, hash);
        return { state: 'notSent', error: e };
      }
      given.unknown(hash);
      return { state: 'unknown' };
    }
    // The dialog was closed; perhaps after a signature had left.
    try {
      const order = await api.get('/orders/{hash}', { path: { hash }, patience });
      given.settled(me.id, hash);
      const fate = fateOf(order, me.id);
      return fate === 'arrived' || fate === 'gathering' ? { state: order.state, order } : { state: 'givenUp' };
    } catch (e) {
      if (!unanswered(e)) {
        given.settled(me.id, hash);
        return { state: 'givenUp' };
      }
      given.unknown(hash);
      return { state: 'unknown' };
    }
  }

  return { give, step };
}

/** enough refuses a draft that needs a second person where nobody else could be
 * counted: it would wait for nobody. */
export function enough(draft: Draft, me: string, alone: boolean): Draft {
  if (!alone && !(draft.signers ?? []).some((p) => p.id !== me)) throw new Problem(409, 'nobody-else', '');
  return draft;
}

import { renderHook, act } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { fateOf, forgetGiven, given, unresolved, useUnresolved, type Given } from './given';

const one: Given = { hash: 'a'.repeat(64), kind: 'alert', mode: 'live', hazard: 'flood', audience: ['03388'], at: 1_000_000 };
const hashes = (person = 'an') => unresolved(person).map((g) => g.hash[0]).join('');

beforeEach(() => {
  localStorage.clear();
  forgetGiven();
});

describe('what was given', () => {
  it('is a question only once its dialog is closed without an answer', () => {
    given.begins('an', one);
    expect(hashes()).toBe('');
    given.unknown(one.hash);
    expect(hashes()).toBe('a');
    given.settled('an', one.hash);
    expect(hashes()).toBe('');
  });

  it('is a question after the browser was closed in the middle of it', () => {
    given.begins('an', one);
    forgetGiven(); // another page: only what is kept is left
    expect(hashes()).toBe('a');
  });

  it('is another person\'s business on the same phone', () => {
    given.begins('an', one);
    forgetGiven();
    expect(hashes('binh')).toBe('');
  });

  it('stands once, however often it is signed', () => {
    given.begins('an', one);
    given.unknown(one.hash);
    given.begins('an', { ...one, at: one.at + 5 });
    given.unknown(one.hash);
    expect(unresolved('an')).toHaveLength(1);
  });

  it('is forgotten when no board remembers it any more', () => {
    given.begins('an', one);
    given.unknown(one.hash);
    given.begins('an', { ...one, hash: 'b'.repeat(64), at: one.at + 48 * 3600_000 });
    given.unknown('b'.repeat(64));
    expect(hashes()).toBe('b');
  });

  it.each([['nonsense', '{'], ['no list', '{"hash":"x"}'], ['other things', '[null, 3, {"hash": 1}]']])('takes %s for nothing', (_, kept) => {
    localStorage.setItem('loa.given.an', kept);
    expect(hashes()).toBe('');
  });

  it('is told to the page, also by another page of the same browser', () => {
    const { result } = renderHook(() => useUnresolved('an'));
    act(() => {
      given.begins('an', one);
      given.unknown(one.hash);
    });
    expect(result.current).toHaveLength(1);
    act(() => {
      localStorage.removeItem('loa.given.an');
      window.dispatchEvent(new StorageEvent('storage', { key: 'loa.given.an' }));
    });
    expect(result.current).toHaveLength(0);
  });
});

describe('fate', () => {
  it.each([
    ['sealed', { state: 'sealed', persons: [] }, 'arrived'],
    ['sealed by others', { state: 'sealed', persons: ['binh'] }, 'arrived'],
    ['signed, and another is lacking', { state: 'gathering', persons: ['an'], lacks: { reason: 'threshold', detail: '' } }, 'gathering'],
    ['signed by another only', { state: 'gathering', persons: ['binh'], lacks: { reason: 'threshold', detail: '' } }, 'absent'],
    ['signed by nobody', { state: 'gathering', persons: [], lacks: { reason: 'threshold', detail: '' } }, 'absent'],
    ['too late', { state: 'gathering', persons: ['an'], lacks: { reason: 'expired', detail: '' } }, 'over'],
    ['cancelled meanwhile', { state: 'gathering', persons: [], lacks: { reason: 'cancelled', detail: '' } }, 'over'],
  ] as const)('%s', (_, order, want) => {
    expect(fateOf({ ...order, persons: [...order.persons] }, 'an')).toBe(want);
  });
});

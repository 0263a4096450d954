import { describe, expect, it } from 'vitest';
import { changeOf, scopesOf, type Shift } from './move';
import type { Programme } from './recurrence';

const programme = (p: Partial<Programme>): Programme => ({
  id: 'tin-sang',
  revision: 3,
  title: 'Tin sáng',
  area: '12',
  class: 'routine',
  start: '2026-11-03T05:30:00', // a Tuesday
  seconds: 300,
  bulletins: ['b'],
  by: 'x',
  ...p,
});
const shift = (from: string, to: string, seconds = 300): Shift => ({ from: `2026-11-${from}:00`, to: `2026-11-${to}:00`, seconds });

describe('all times', () => {
  it.each<[string, Partial<Programme>, Shift, Partial<Programme> | undefined]>([
    ['once', { start: '2026-11-21T05:30:00' }, shift('21T05:30', '22T17:00'), { start: '2026-11-22T17:00:00' }],
    ['daily: another time', { rule: 'FREQ=DAILY' }, shift('21T05:30', '21T06:00'), { start: '2026-11-03T06:00:00', rule: 'FREQ=DAILY' }],
    ['daily: another day says nothing', { rule: 'FREQ=DAILY' }, shift('21T05:30', '22T05:30'), undefined],
    ['daily: another day and time is another time', { rule: 'FREQ=DAILY' }, shift('21T05:30', '22T06:00'), { start: '2026-11-03T06:00:00' }],
    ['one day of the week', { rule: 'FREQ=WEEKLY;BYDAY=TU' }, shift('17T05:30', '19T05:30'), { rule: 'FREQ=WEEKLY;BYDAY=TH', start: '2026-11-05T05:30:00' }],
    ['one of several days', { rule: 'FREQ=WEEKLY;BYDAY=TU,TH' }, shift('19T05:30', '20T06:00'), { rule: 'FREQ=WEEKLY;BYDAY=TU,FR', start: '2026-11-03T06:00:00' }],
    ['to a day that it has already', { rule: 'FREQ=WEEKLY;BYDAY=TU,TH' }, shift('17T05:30', '19T05:30'), undefined],
    ['a week on is no other day', { rule: 'FREQ=WEEKLY;BYDAY=TU' }, shift('17T05:30', '24T05:30'), undefined],
    ['longer', { rule: 'FREQ=DAILY' }, shift('21T05:30', '21T05:30', 600), { seconds: 600, start: '2026-11-03T05:30:00' }],
    ['what is left out moves along', { rule: 'FREQ=DAILY', except: ['2026-11-10T05:30:00', '2026-11-11T17:00:00'] }, shift('21T05:30', '21T06:00'), { except: ['2026-11-10T06:00:00', '2026-11-11T17:00:00'] }],
    ['also to another day', { rule: 'FREQ=WEEKLY;BYDAY=TU,SU', except: ['2026-11-10T05:30:00', '2026-11-15T05:30:00'] }, shift('17T05:30', '18T05:30'), { except: ['2026-11-11T05:30:00', '2026-11-15T05:30:00'] }],
    ['a rule without words: another time', { rule: 'FREQ=MONTHLY;BYMONTHDAY=3' }, shift('03T05:30', '03T06:00'), { rule: 'FREQ=MONTHLY;BYMONTHDAY=3', start: '2026-11-03T06:00:00' }],
    ['a rule without words: another day', { rule: 'FREQ=MONTHLY;BYMONTHDAY=3' }, shift('03T05:30', '04T05:30'), undefined],
    ['a rule that has its own hours', { rule: 'FREQ=DAILY;BYHOUR=5,17' }, shift('03T05:30', '03T06:00'), undefined],
    ['until stays', { rule: 'FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231T235959' }, shift('17T05:30', '18T05:30'), { rule: 'FREQ=WEEKLY;BYDAY=WE;UNTIL=20261231T235959' }],
  ])('%s', (_, p, s, want) => {
    const got = changeOf(programme(p), s, 'all');
    if (want === undefined) expect(got).toBeUndefined();
    else expect(got).toEqual({ change: expect.objectContaining(want) as unknown });
    expect(scopesOf(programme(p), s).includes('all')).toBe(want !== undefined);
  });
});

describe('only one time', () => {
  it('is left out of the rest and made a programme of its own', () => {
    const p = programme({ rule: 'FREQ=DAILY', except: ['2026-11-10T05:30:00'] });
    const got = changeOf(p, shift('21T05:30', '22T17:00', 600), 'only');
    expect(got?.change).toEqual({ ...p, except: ['2026-11-10T05:30:00', '2026-11-21T05:30:00'] });
    expect(got?.create).toMatchObject({ start: '2026-11-22T17:00:00', rule: '', except: [], seconds: 600, title: 'Tin sáng' });
    expect(got?.create?.id).not.toBe(p.id);
    expect(got?.create?.id).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$/);
  });

  it('cannot be had where no more can be left out', () => {
    const except = Array.from({ length: 400 }, (_, i) => `20${String(30 + Math.floor(i / 28))}-01-${String((i % 28) + 1).padStart(2, '0')}T05:30:00`);
    expect(scopesOf(programme({ rule: 'FREQ=DAILY', except }), shift('21T05:30', '21T06:00'))).toEqual(['following', 'all']);
  });
});

describe('this and later times', () => {
  it('end the old programme the day before, and begin a new one', () => {
    const p = programme({ rule: 'FREQ=DAILY', except: ['2026-11-10T05:30:00', '2026-11-25T05:30:00'] });
    const got = changeOf(p, shift('21T05:30', '21T06:00'), 'following');
    expect(got?.change).toEqual({ ...p, rule: 'FREQ=DAILY;UNTIL=20261120T235959', except: ['2026-11-10T05:30:00'] });
    expect(got?.create).toMatchObject({ start: '2026-11-21T06:00:00', rule: 'FREQ=DAILY', except: ['2026-11-25T06:00:00'] });
  });

  it('of a chosen day move with it', () => {
    const p = programme({ rule: 'FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231T235959' });
    const got = changeOf(p, shift('17T05:30', '18T05:30'), 'following');
    expect(got?.change?.rule).toBe('FREQ=WEEKLY;BYDAY=TU;UNTIL=20261116T235959');
    expect(got?.create).toMatchObject({ start: '2026-11-18T05:30:00', rule: 'FREQ=WEEKLY;BYDAY=WE;UNTIL=20261231T235959' });
  });

  it('are all, when it is the first', () => {
    expect(scopesOf(programme({ rule: 'FREQ=DAILY' }), shift('03T05:30', '03T06:00'))).toEqual(['only', 'all']);
  });
});

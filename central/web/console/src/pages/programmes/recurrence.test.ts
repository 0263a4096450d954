import { describe, expect, it } from 'vitest';
import { daysBetween, endBefore, mondayOf, plusDays, repeatOf, ruleOf, weekdayOf, type Repeat } from './recurrence';

const start = '2026-11-21T05:30:00'; // a Saturday

describe('a repeat and its rule', () => {
  it.each<[Repeat, string]>([
    [{ kind: 'once' }, ''],
    [{ kind: 'daily' }, 'FREQ=DAILY'],
    [{ kind: 'daily', until: '2026-12-31' }, 'FREQ=DAILY;UNTIL=20261231T235959'],
    [{ kind: 'weekdays' }, 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    [{ kind: 'weekdays', until: '2027-02-28' }, 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20270228T235959'],
    [{ kind: 'days', days: ['TU', 'SU'] }, 'FREQ=WEEKLY;BYDAY=TU,SU'],
    [{ kind: 'days', days: ['SA'], until: '2026-11-21' }, 'FREQ=WEEKLY;BYDAY=SA;UNTIL=20261121T235959'],
    [{ kind: 'other', rule: 'FREQ=MONTHLY;BYMONTHDAY=15' }, 'FREQ=MONTHLY;BYMONTHDAY=15'],
  ])('%o is %s, and back', (repeat, rule) => {
    expect(ruleOf(repeat)).toBe(rule);
    expect(repeatOf(rule, start)).toEqual(repeat);
  });

  it.each<[string, Repeat]>([
    ['FREQ=WEEKLY', { kind: 'days', days: ['SA'] }], // the start's day
    ['FREQ=WEEKLY;BYDAY=SU,MO', { kind: 'days', days: ['MO', 'SU'] }],
    ['FREQ=WEEKLY;BYDAY=FR,TH,WE,TU,MO', { kind: 'weekdays' }],
    ['FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR', { kind: 'weekdays' }],
    ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU', { kind: 'daily' }],
    ['FREQ=DAILY;INTERVAL=1;WKST=MO', { kind: 'daily' }],
    // 05:29:59 is before that day's start: the day before is the last.
    ['FREQ=DAILY;UNTIL=20261231T052959', { kind: 'daily', until: '2026-12-30' }],
    ['FREQ=DAILY;UNTIL=20261231T053000', { kind: 'daily', until: '2026-12-31' }],
    // A moment: 23:00 UTC is 06:00 of the next day in Vietnam.
    ['FREQ=DAILY;UNTIL=20261231T230000Z', { kind: 'daily', until: '2027-01-01' }],
    ['FREQ=DAILY;UNTIL=20261231T220000Z', { kind: 'daily', until: '2026-12-31' }],
  ])('%s is understood', (rule, repeat) => {
    expect(repeatOf(rule, start)).toEqual(repeat);
  });

  it.each([
    'FREQ=DAILY;INTERVAL=2',
    'FREQ=DAILY;COUNT=5',
    'FREQ=MONTHLY',
    'FREQ=WEEKLY;BYDAY=1MO',
    'FREQ=DAILY;BYHOUR=5,17',
    'FREQ=DAILY;UNTIL=20261231',
    'FREQ=DAILY;UNTIL=20269931T000000',
    'FREQ=DAILY;FREQ=DAILY',
    'nonsense',
  ])('%s is kept as it is', (rule) => {
    expect(repeatOf(rule, start)).toEqual({ kind: 'other', rule });
    expect(ruleOf(repeatOf(rule, start))).toBe(rule);
  });
});

describe('days', () => {
  it('go on over the ends of months and years', () => {
    expect(plusDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(plusDays('2028-03-01', -1)).toBe('2028-02-29');
    expect(daysBetween('2026-12-30', '2027-01-02')).toBe(3);
    expect(daysBetween('2026-11-21', '2026-11-20')).toBe(-1);
  });

  it('have their day of the week', () => {
    expect(weekdayOf('2026-11-21')).toBe('SA');
    expect(weekdayOf('2026-11-22')).toBe('SU');
    expect(mondayOf('2026-11-22')).toBe('2026-11-16');
    expect(mondayOf('2026-11-16')).toBe('2026-11-16');
  });
});

describe('endBefore', () => {
  it.each([
    ['FREQ=DAILY', 'FREQ=DAILY;UNTIL=20261120T235959'],
    ['FREQ=WEEKLY;BYDAY=SA;UNTIL=20271231T235959', 'FREQ=WEEKLY;BYDAY=SA;UNTIL=20261120T235959'],
    ['FREQ=MONTHLY;COUNT=12', 'FREQ=MONTHLY;UNTIL=20261120T235959'],
  ])('%s', (rule, want) => {
    expect(endBefore({ rule, start: '2026-01-03T05:30:00' }, start)).toBe(want);
  });
});

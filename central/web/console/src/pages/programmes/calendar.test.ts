import { describe, expect, it } from 'vitest';
import { entriesOf, hoursOf, type Occurrence } from './calendar';

const at = (start: string, end: string, o: Partial<Occurrence> = {}): Occurrence => ({
  occurrence: `p@2026-11-21T${start}`,
  programme: 'p',
  title: 'P',
  class: 'routine',
  area: '12',
  start: `2026-11-21T${start}+07:00`,
  end: `2026-11-21T${end}+07:00`,
  order: 0,
  late: 0,
  bulletins: [],
  ...o,
});
const drawn = (all: Occurrence[]) => entriesOf(all, 7).map((e) => `${e.start.slice(11)}-${e.end.slice(11)} ${e.occurrences.length}`);

describe('entriesOf', () => {
  it.each<[string, Occurrence[], string[]]>([
    ['draws what is short long enough', [at('05:30:00', '05:31:30')], ['05:30:00-05:37:00 1']],
    ['and what follows below it', [at('05:30:00', '05:31:30'), at('05:32:00', '05:37:30'), at('05:40:00', '05:45:00')], ['05:30:00-05:37:00 1', '05:37:00-05:44:00 1', '05:44:00-05:51:00 1']],
    ['leaves what overlaps in truth at its time', [at('05:30:00', '05:34:00'), at('05:32:00', '05:37:30')], ['05:30:00-05:37:00 1', '05:32:00-05:39:00 1']],
    ['and what is long', [at('05:00:00', '06:00:00'), at('06:00:00', '06:30:00')], ['05:00:00-06:00:00 1', '06:00:00-06:30:00 1']],
    ['does not push far', [at('05:30:00', '05:30:10'), at('05:30:10', '05:30:20'), at('05:30:20', '05:30:30'), at('05:30:30', '05:30:40')], ['05:30:00-05:37:00 1', '05:37:00-05:44:00 1', '05:44:00-05:51:00 1', '05:30:30-05:37:30 1']],
    ['stays within its day', [at('23:58:00', '23:59:00')], ['23:58:00-23:59:59 1']],
  ])('%s', (_, all, want) => {
    expect(drawn(all)).toEqual(want);
  });

  it('puts together three that are alike, of any areas, and not two', () => {
    const three = ['03388', '03390', '03394'].map((area) => at('05:40:00', '05:50:00', { area, occurrence: `${area}@2026-11-21T05:40:00` }));
    expect(drawn(three)).toEqual(['05:40:00-05:50:00 3']);
    expect(drawn(three.slice(1))).toEqual(['05:40:00-05:50:00 1', '05:40:00-05:50:00 1']);
    expect(drawn([...three.slice(1), at('05:40:00', '05:50:00', { class: 'priority' })])).toHaveLength(3);
  });
});

describe('hoursOf', () => {
  const entry = (start: string, end: string, next = false) => ({ start: `2026-11-21T${start}`, end: `2026-11-2${next ? 2 : 1}T${end}` });
  it.each([
    [[], false, '05:00:00', '20:00:00'],
    [[], true, '00:00:00', '23:59:59'],
    [[entry('04:30:00', '04:45:00')], false, '04:00:00', '20:00:00'],
    [[entry('20:00:00', '20:30:00')], false, '05:00:00', '21:00:00'],
    [[entry('22:30:00', '23:59:59')], false, '05:00:00', '23:59:59'],
    [[entry('23:30:00', '00:30:00', true)], false, '00:00:00', '23:59:59'],
  ])('%o %s', (entries, whole, startTime, endTime) => {
    expect(hoursOf(entries, whole)).toEqual({ startTime, endTime });
  });
});

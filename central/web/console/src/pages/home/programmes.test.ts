import { describe, expect, it } from 'vitest';
import type { Brief } from '@/fleet/stand';
import { dayAt, soundingIn, type Occurrence } from './programmes';

const occurrence = (title: string, start: string, end: string): Occurrence => ({
  occurrence: `${title}@${start}`, programme: title, title, class: 'routine', area: '12', start: `2026-11-21T${start}:00+07:00`, end: `2026-11-21T${end}:00+07:00`, order: 0, late: 0, bulletins: [],
});

describe('a day', () => {
  const all = [occurrence('b', '17:00', '17:30'), occurrence('a', '05:30', '06:00'), occurrence('c', '17:15', '17:20')];
  const titles = (o: Occurrence[]) => o.map((x) => x.title).join('');
  it.each([
    ['05:29', '', '', 'abc'],
    ['05:30', '', 'a', 'bc'],
    ['06:00', 'a', '', 'bc'],
    ['17:15', 'a', 'bc', ''],
    ['17:20', 'ac', 'b', ''],
    ['18:00', 'acb', '', ''],
  ])('at %s', (clock, over, now, next) => {
    const day = dayAt(all, Date.parse(`2026-11-21T${clock}:00+07:00`));
    expect([[...titles(day.over)].sort().join(''), titles(day.now), titles(day.next)]).toEqual([[...over].sort().join(''), now, next]);
  });
});

describe('on air', () => {
  const on = (subject: string, more: Partial<Brief['onAir'][number]> = {}) => ({ output: 'main', class: 'routine', mode: 'live', subject, order: '', since: '', ...more });
  const brief = (id: string, onAir: Brief['onAir'], online = true): Brief => ({ id, name: id, area: '03433', languages: [], enrolled: true, online, onAir, faults: [] });
  it('is put together by what it is: repetitions of an alert are one alert, outputs of a cluster one cluster', () => {
    const alert = { class: 'emergency', mode: 'live' };
    expect(
      soundingIn([
        brief('a', [on('news@2026-11-21T05:30:00'), on('news@2026-11-21T05:30:00', { output: 'two' })]),
        brief('b', [on('news@2026-11-21T05:30:00')]),
        brief('c', [on('alert/drill/9/1#1', { class: 'emergency', mode: 'drill' })]),
        brief('d', [on('alert/live/7f/1#2', alert)]),
        brief('e', [on('alert/live/7f', alert)]),
      ]).map((s) => [s.subject, s.clusters]),
    ).toEqual([['alert/live/7f', 2], ['alert/drill/9', 1], ['news@2026-11-21T05:30:00', 2]]);
  });
  it('what a cluster that is away last told is not on air', () => {
    expect(soundingIn([brief('a', [on('news@2026-11-21T05:30:00')], false)])).toEqual([]);
  });
});

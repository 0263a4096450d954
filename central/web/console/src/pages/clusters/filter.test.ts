import { describe, expect, it } from 'vitest';
import { areasOf } from '@/api/areas';
import { cluster, sounding } from '@/test/fleet';
import { someAreas } from '@/test/page';
import { filterOf, Finder, fold, isFiltered, viewOf, withFilter } from './filter';

const areas = areasOf(someAreas, false);

describe('fold', () => {
  it.each([
    ['Đoàn Kết', 'doan ket'],
    ['UBND xã Mường Tè', 'ubnd xa muong te'],
    ['Ở Ữ ệ ĐỖ', 'o u e do'],
    ['Mu\u031bo\u031b\u0300ng', 'muong'],
  ])('%s', (text, want) => expect(fold(text)).toBe(want));
});

describe('the address', () => {
  it.each(['', 'q=tè&area=03388&language=hmn&state=silent', 'view=list&state=onAir', 'other=1&q=a'])('%s holds the filter', (text) => {
    const q = new URLSearchParams(text);
    expect(Object.fromEntries(withFilter(q, filterOf(q)))).toEqual(Object.fromEntries(q));
  });

  it('takes what is no filter for none', () => {
    const f = filterOf(new URLSearchParams({ state: 'drunk', q: 'x'.repeat(1000) }));
    expect(f.state).toBeUndefined();
    expect(f.text).toHaveLength(100);
    expect(viewOf(new URLSearchParams('view=map'))).toBe('tree');
  });

  it('changes only what is given', () => {
    const q = withFilter(new URLSearchParams('q=tè&view=list&state=silent'), { state: undefined });
    expect(q.toString()).toBe(new URLSearchParams('q=tè&view=list').toString());
  });

  it.each([
    ['', false],
    ['q=+', false],
    ['view=list', false],
    ['q=a', true],
    ['state=online', true],
    ['area=12', true],
  ])('%s is filtered: %s', (text, want) => expect(isFiltered(filterOf(new URLSearchParams(text)))).toBe(want));
});

describe('Finder', () => {
  const phai = cluster({ id: 'khong-lao-01', name: 'Nhà văn hóa bản Phai', area: '03388.01', languages: ['vi', 'tai'] });
  const centre = cluster({ id: 'khong-lao-02', name: 'Chợ', area: '03388', languages: ['vi'], onAir: sounding() });
  const away = cluster({ id: 'xa-la-01', name: 'Đài', area: '99999', languages: ['hmn'], online: false });
  const all = [phai, centre, away];
  const find = (text: string) => {
    const finder = new Finder(areas);
    const f = filterOf(new URLSearchParams(text));
    return all.filter(finder.any(f)).filter(finder.state(f)).map((b) => b.id);
  };
  it.each([
    ['', ['khong-lao-01', 'khong-lao-02', 'xa-la-01']],
    ['q=van hoa', ['khong-lao-01']],
    ['q=VĂN HÓA', ['khong-lao-01']],
    ['q=phai nha', ['khong-lao-01']],
    ['q=dai', ['xa-la-01']],
    ['q=khong-lao-02', ['khong-lao-02']],
    ['q=khổng lào', ['khong-lao-01', 'khong-lao-02']],
    ['q=khong lao cho', ['khong-lao-02']],
    ['q=nothing', []],
    ['area=12', ['khong-lao-01', 'khong-lao-02']],
    ['area=03388', ['khong-lao-01', 'khong-lao-02']],
    ['area=03388.01', ['khong-lao-01']],
    ['area=0338', []],
    ['area=99999', ['xa-la-01']],
    ['language=tai', ['khong-lao-01']],
    ['state=onAir', ['khong-lao-02']],
    ['state=offline', ['xa-la-01']],
    ['state=online&language=vi&area=12&q=cho', ['khong-lao-02']],
  ])('%s', (text, want) => expect(find(text)).toEqual(want));
});

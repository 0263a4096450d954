import { Modal } from '@mantine/core';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import type { Me } from '@/api/me';
import { Problem } from '@/api/problem';
import { person, show } from '@/test/page';
import { placesOf } from './nav';
import { passwordFault } from './NewPassword';
import { ProblemNote } from './ProblemNote';
import { isSlug, slug } from './slug';
import { tokens } from './theme';
import { dayOf, localOf, momentOf, whenIn } from './when';

describe('colours', () => {
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
    return (light + 0.05) / (dark + 0.05);
  };
  const pairs: [string, string][] = [
    ...['text', 'quiet', 'link', 'ok', 'warn', 'unknown'].flatMap((c): [string, string][] => [[c, 'ground'], [c, 'surface']]),
    ...['emergency', 'drill', 'ok', 'warn', 'unknown'].map((c): [string, string] => ['link', `${c}-soft`]),
    ['shell-text', 'shell'],
    ['shell-quiet', 'shell'],
    ['emergency-text', 'emergency'],
    ['drill-text', 'drill'],
    ['drill-text', 'drill-stripe'],
    ...['emergency', 'drill', 'ok', 'warn', 'unknown'].map((c): [string, string] => [`${c}-on-soft`, `${c}-soft`]),
  ];
  for (const [name, scheme] of Object.entries(tokens) as [string, Record<string, string>][]) {
    it.each(pairs)(`${name}: %s on %s can be read`, (a, b) => expect(contrast(scheme[a]!, scheme[b]!)).toBeGreaterThanOrEqual(4.5));
  }
  it('are the same set in both schemes', () => expect(Object.keys(tokens.dark)).toEqual(Object.keys(tokens.light)));
});

describe('dialogs', () => {
  it('have a title, and no second header of the page', async () => {
    await show(<Modal opened onClose={() => undefined} title={<i>{'x'}</i>} />);
    expect(await screen.findByRole('dialog', { name: 'x' })).toBeInTheDocument();
    expect(document.querySelector('header')).toBeNull();
  });
});

describe('times', () => {
  it('are Vietnam’s, wherever the desk believes to be', () => {
    expect(dayOf('2026-11-21T17:00:00Z')).toBe('2026-11-22');
    expect(localOf('2026-11-21T22:30:00Z')).toBe('2026-11-22T05:30:00');
    expect(momentOf('2026-11-22T05:30:00').toISOString()).toBe('2026-11-21T22:30:00.000Z');
    expect(momentOf('2026-11-22').toISOString()).toBe('2026-11-21T17:00:00.000Z');
    expect(whenIn('vi').clock('2026-11-21T22:30:00Z')).toBe('05:30');
    expect(whenIn('en').clock('2026-11-21T17:05:00Z')).toBe('00:05');
  });
  it.each([
    ['vi', '05:30', '05:30:00', '04/12/2026', 'Thứ Sáu, 04/12', '05:30 04/12/2026'],
    ['en', '05:30', '05:30:00', '04/12/2026', 'Friday, 04/12', '05:30 04/12/2026'],
  ])('stand as day, month, year: %s', (language, clock, second, day, weekday, moment) => {
    const when = whenIn(language);
    const at = '2026-12-03T22:30:00Z';
    expect([when.clock(at), when.second(at), when.day(at), when.weekday(at), when.moment(at)]).toEqual([clock, second, day, weekday, moment]);
  });
  it('are told from the server’s now', () => {
    const now = Date.parse('2026-11-21T10:00:00Z');
    expect(whenIn('en').ago('2026-11-21T09:57:30Z', now)).toBe('2 minutes ago');
    expect(whenIn('vi').ago('2026-11-21T09:57:30Z', now)).toBe('2 phút trước');
    expect(whenIn('en').ago('2026-11-23T10:00:00Z', now)).toBe('in 2 days');
  });
});

describe('ids', () => {
  it.each([
    ['Lò Văn Đức', 'lo-van-duc'],
    ['  Nguyễn Thị Ánh-Tuyết ', 'nguyen-thi-anh-tuyet'],
    ['!!!', ''],
    ['a'.repeat(60), 'a'.repeat(40)],
  ])('%s', (name, id) => expect(slug(name)).toBe(id));
  it.each([['lo-van-an', true], ['ab', false], ['-ab', false], ['Lò', false], ['a b c', false]])('%s', (id, good) => expect(isSlug(id)).toBe(good));
});

describe('new passwords', () => {
  it.each([
    ['chín ký', 'chín ký', 'short'],
    ['aaaaabbbbbccc', 'aaaaabbbbbccc', 'same'],
    ['một câu dễ nhớ', 'một câu dễ nhở', 'differs'],
    ['một câu dễ nhớ', 'một câu dễ nhớ', undefined],
  ])('%s', (a, b, fault) => expect(passwordFault(a, b)).toBe(fault));
});

describe('the way around', () => {
  const keys = (me: Partial<Me>) => placesOf({ ...person, ...me } as Me).map((p) => p.key);
  it('is what the role needs first', () => {
    expect(keys({ roles: [{ name: 'officer', area: '03388' }], actions: { 'read-content': ['03388'], 'read-fleet': ['03388'], 'raise-alerts': ['03388'] } })).toEqual(['home', 'alerts', 'clusters', 'bulletins', 'programmes', 'me']);
    expect(keys({ roles: [{ name: 'technician', area: '12' }], actions: { 'read-fleet': ['12'] } })).toEqual(['home', 'clusters', 'me']);
    expect(keys({ roles: [{ name: 'administrator', area: '12' }], actions: { 'manage-people': ['12'] } })).toEqual(['home', 'people', 'me']);
    expect(keys({ roles: [], actions: {} })).toEqual(['home', 'me']);
  });
});

describe('what went wrong', () => {
  it('is said in words, with the server’s below', async () => {
    await show(<ProblemNote error={new Problem(403, 'denied', 'an may not raise alerts')} />);
    expect(await screen.findByRole('alert')).toHaveTextContent('Bạn không có quyền làm việc này ở địa bàn này.');
    expect(screen.getByRole('alert')).toHaveTextContent('an may not raise alerts');
  });
  it('is said where the code is not known', async () => {
    await show(<ProblemNote error={new Problem(418, 'teapot', '')} />, { language: 'en' });
    expect(await screen.findByRole('alert')).toHaveTextContent('The server refused (teapot).');
  });
  it('shows markup as text', async () => {
    await show(<ProblemNote error={new Problem(422, 'invalid', '', [{ location: '<b>x</b>', message: '<img src=x onerror=alert(1)>' }])} />);
    expect(await screen.findByText(/<img src=x/)).toBeInTheDocument();
    expect(document.querySelector('img')).toBeNull();
  });
  it('can be tried again', async () => {
    let tries = 0;
    await show(<ProblemNote error={new Problem(0, 'network', '')} onRetry={() => tries++} />);
    await userEvent.click(await screen.findByRole('button', { name: 'Thử lại' }));
    expect(tries).toBe(1);
  });
});

import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { person, refuse, serve, show } from '@/test/page';
import SignIn from '.';
import { nextOf, peopleByRole } from './people';

const people = [
  { id: 'a', name: 'Lò Văn Đức', roles: [{ name: 'officer' as const, area: '03388' }] },
  { id: 'b', name: 'Phạm Thu Hà', roles: [{ name: 'administrator' as const, area: '12' }, { name: 'technician' as const, area: '12' }] },
];
const areas = [
  { code: '12', nameVi: 'Lai Châu', nameEn: 'Lai Chau' },
  { code: '03388', nameVi: 'Khổng Lào', nameEn: '' },
];
const named = (code: string) => areas.find((a) => a.code === code)?.nameVi ?? code;
const welcome = { demo: false, first: false, version: '1', people: [], areas: [] };

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

describe('who can be chosen', () => {
  it('stands by role, once', () => expect(peopleByRole(people, '', named).map((g) => [g.role, g.people.map((p) => p.id)])).toEqual([['technician', ['b']], ['officer', ['a']]]));
  it.each([['duc', 'a'], ['ĐỨC', 'a'], ['03388', 'a'], ['khong lao', 'a'], ['ha', 'b']])('is found by %s', (search, id) => expect(peopleByRole(people, search, named).flatMap((g) => g.people.map((p) => p.id))).toEqual([id]));
});

describe('where it goes on', () => {
  it.each([
    [null, '/'],
    ['/clusters?x=1', '/clusters?x=1'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/sign-in', '/'],
    ['/welcome#t', '/'],
    ['javascript:alert(1)', '/'],
  ])('%s', (next, to) => expect(nextOf(next)).toBe(to));
});

describe('sign in', () => {
  it('asks for name and password, and goes on where it was', async () => {
    const asked = serve({ 'GET /api/v1/welcome': welcome, 'POST /api/v1/session': { ...person, id: 'lo-van-an' } });
    const { router } = await show(<SignIn />, { at: '/sign-in?next=%2Fclusters', path: '/sign-in' });
    await userEvent.type(await screen.findByLabelText(/Tên đăng nhập/), ' lo-van-an ');
    await userEvent.type(screen.getByLabelText(/^Mật khẩu/), 'một câu dễ nhớ');
    await userEvent.click(screen.getByRole('button', { name: 'Đăng nhập' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/clusters'));
    expect(asked.at(-1)?.body).toEqual({ person: 'lo-van-an', password: 'một câu dễ nhớ' });
    expect(localStorage.getItem('loa.person')).toBe('lo-van-an');
    expect(JSON.stringify({ ...localStorage })).not.toContain('dễ nhớ');
  });

  it('says that it was wrong, and keeps the name', async () => {
    serve({ 'GET /api/v1/welcome': welcome, 'POST /api/v1/session': () => refuse(401, 'wrong-password') });
    await show(<SignIn />);
    await userEvent.type(await screen.findByLabelText(/Tên đăng nhập/), 'an');
    await userEvent.type(screen.getByLabelText(/^Mật khẩu/), 'x');
    await userEvent.click(screen.getByRole('button', { name: 'Đăng nhập' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Sai mật khẩu.');
    expect(screen.getByLabelText(/Tên đăng nhập/)).toHaveValue('an');
  });

  it('says how long to wait', async () => {
    serve({ 'GET /api/v1/welcome': welcome, 'POST /api/v1/session': () => refuse(429, 'too-many', '', [], { 'Retry-After': '42' }) });
    await show(<SignIn />, { language: 'en' });
    await userEvent.type(await screen.findByLabelText(/Sign-in name/), 'an');
    await userEvent.type(screen.getByLabelText(/^Password/), 'x');
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
    expect(await screen.findByText('Try again in 42 seconds.')).toBeInTheDocument();
  });

  it('lets people of the demo be chosen', async () => {
    const asked = serve({ 'GET /api/v1/welcome': { ...welcome, demo: true, people, areas }, 'POST /api/v1/session': person });
    await show(<SignIn />);
    expect(await screen.findByRole('button', { name: 'Đăng nhập' })).toBeDisabled();
    expect(screen.getByLabelText('Lò Văn Đức Khổng Lào')).toBeInTheDocument();
    expect(screen.getByLabelText('Phạm Thu Hà Lai Châu')).toBeInTheDocument(); // two roles in one area
    await userEvent.type(screen.getByLabelText(/Tìm theo/), 'duc');
    expect(screen.queryByText('Phạm Thu Hà')).not.toBeInTheDocument();
    await userEvent.click(screen.getByLabelText(/Lò Văn Đức/));
    await userEvent.type(screen.getByLabelText(/^Mật khẩu/), 'x{Enter}');
    await waitFor(() => expect(asked.at(-1)?.body).toEqual({ person: 'a', password: 'x' }));
  });

  it('names nobody outside of the demo', async () => {
    serve({ 'GET /api/v1/welcome': { ...welcome, people } });
    await show(<SignIn />);
    await screen.findByLabelText(/Tên đăng nhập/);
    expect(screen.queryByText(/Lò Văn Đức/)).not.toBeInTheDocument();
  });
});

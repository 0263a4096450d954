import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { refuse, serve, show } from '@/test/page';
import Welcome from '.';

const welcome = { demo: false, first: false, version: '1', people: [] };
const until = '2026-11-28T10:00:00Z';
const named = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `p${i}`, name: `Người ${i}` }));
const at = { at: '/welcome#inv_abc', path: '/welcome' };
const password = 'một câu dễ nhớ';

async function choose() {
  await userEvent.type(await screen.findByLabelText(/^Mật khẩu mới/), password);
  await userEvent.type(screen.getByLabelText(/^Nhập lại/), password);
  await userEvent.click(screen.getByRole('button', { name: 'Đặt mật khẩu' }));
}

afterEach(() => vi.unstubAllGlobals());

describe('an invitation', () => {
  it('is looked at, then used by a POST, and signs one person in', async () => {
    const asked = serve({ 'GET /api/v1/welcome': welcome, 'POST /api/v1/invitations/look': { persons: named(1), first: false, provinces: [], until }, 'POST /api/v1/invitations/accept': { persons: ['p0'] } });
    const { router } = await show(<Welcome />, at);
    expect(await screen.findByText(/Chào Người 0/)).toBeInTheDocument();
    expect(asked.some((a) => a.path.endsWith('/accept'))).toBe(false);
    expect(asked.every((a) => !a.path.includes('inv_abc') && ![...a.query].join().includes('inv_abc'))).toBe(true);
    await choose();
    await waitFor(() => expect(router.state.location.pathname).toBe('/'));
    expect(router.state.location.hash).toBe('');
    expect(asked.at(-1)?.body).toEqual({ token: 'inv_abc', password });
  });

  it('of the demo says that one password is for all', async () => {
    serve({ 'GET /api/v1/welcome': { ...welcome, demo: true }, 'POST /api/v1/invitations/look': { persons: named(3), first: false, provinces: [], until }, 'POST /api/v1/invitations/accept': { persons: ['p0', 'p1', 'p2'] } });
    const { router } = await show(<Welcome />, at);
    expect(await screen.findByText('Bản trình diễn: một mật khẩu cho tất cả')).toBeInTheDocument();
    await choose();
    await waitFor(() => expect(router.state.location.pathname).toBe('/sign-in'));
  });

  it('of a first start asks who the first administrator is', async () => {
    const asked = serve({
      'GET /api/v1/welcome': { ...welcome, first: true },
      'POST /api/v1/invitations/look': { persons: [], first: true, provinces: [{ code: '12', nameVi: 'Lai Châu', nameEn: 'Lai Chau' }], until },
      'POST /api/v1/invitations/accept': { persons: ['lo-van-duc'] },
    });
    await show(<Welcome />, at);
    await choose();
    expect(await screen.findByText('Hãy nhập họ và tên.')).toBeInTheDocument();
    await userEvent.type(screen.getByLabelText(/Họ và tên/), 'Lò Văn Đức');
    await userEvent.click(screen.getByRole('button', { name: 'Đặt mật khẩu' }));
    await waitFor(() => expect(asked.at(-1)?.body).toEqual({ token: 'inv_abc', password, person: { id: 'lo-van-duc', name: 'Lò Văn Đức' }, province: '12' }));
  });

  it.each([
    ['used', 410, /đã được dùng/],
    ['expired', 410, /đã hết hạn/],
    ['not-found', 404, /Đường dẫn này không đúng/],
  ])('that is %s says so', async (code, status, words) => {
    serve({ 'GET /api/v1/welcome': welcome, 'POST /api/v1/invitations/look': () => refuse(status, code) });
    await show(<Welcome />, at);
    expect(await screen.findByRole('alert')).toHaveTextContent(words);
    expect(screen.queryByLabelText(/^Mật khẩu mới/)).not.toBeInTheDocument();
  });

  it('is not used by passwords that cannot be', async () => {
    const asked = serve({ 'GET /api/v1/welcome': welcome, 'POST /api/v1/invitations/look': { persons: named(1), first: false, provinces: [], until } });
    await show(<Welcome />, at);
    await userEvent.type(await screen.findByLabelText(/^Mật khẩu mới/), 'ngắn');
    await userEvent.click(screen.getByRole('button', { name: 'Đặt mật khẩu' }));
    expect(await screen.findByText('Mật khẩu cần ít nhất 10 ký tự.')).toBeInTheDocument();
    expect(asked.some((a) => a.path.endsWith('/accept'))).toBe(false);
  });

  it('that is missing leads to the sign-in page', async () => {
    serve({ 'GET /api/v1/welcome': welcome });
    await show(<Welcome />, { at: '/welcome', path: '/welcome' });
    expect(await screen.findByRole('link', { name: 'Đến trang đăng nhập' })).toHaveAttribute('href', '/sign-in');
  });
});

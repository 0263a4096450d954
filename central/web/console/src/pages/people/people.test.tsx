import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Schema } from '@/api/client';
import { refuse, serve, show } from '@/test/page';
import People from '.';

const key = (id: string, state: Schema<'Key'>['state'], confirmed: boolean): Schema<'Key'> => ({ id, state, confirmed, scheme: 'ed25519', public: '', added: '2026-11-21T10:00:00Z' });
const persons: Schema<'Person'>[] = [
  { id: 'lo-van-an', name: 'Lò Văn An', signsIn: true, roles: [{ name: 'officer', area: '03388' }], keys: [key('f9902a286290d9af00d03c98eef3c29c', 'proposed', false)] },
  { id: 'binh', name: 'Bình', signsIn: false, roles: [], keys: [key('00'.repeat(16), 'in-use', false)] },
];
const draft = { hash: 'd'.repeat(64), kind: 'keyset' };
const answers = { 'GET /api/v1/persons': persons, 'GET /api/v1/orders': [{ hash: 'e'.repeat(64), revision: 7, drafted: '2026-11-21T10:00:00Z', persons: ['ha'] }] };

afterEach(() => vi.unstubAllGlobals());

describe('people', () => {
  it('are not for those without the right', async () => {
    const asked = serve(answers);
    await show(<People />, { me: { actions: { 'read-fleet': ['12'] } } });
    expect(await screen.findByRole('alert')).toHaveTextContent('dành cho người quản trị');
    expect(asked).toEqual([]);
  });

  it('have their keys confirmed by fingerprint', async () => {
    const asked = serve({ ...answers, 'POST /api/v1/persons/lo-van-an/keys/f9902a286290d9af00d03c98eef3c29c/confirm': {} });
    await show(<People />);
    const section = await screen.findByRole('region', { name: /1 khóa chờ xác nhận/ });
    expect(within(section).getByText('f990 2a28 6290 d9af 00d0 3c98 eef3 c29c')).toBeInTheDocument();
    await userEvent.click(within(section).getByRole('button', { name: 'Xác nhận: Lò Văn An' }));
    await waitFor(() => expect(asked.some((a) => a.path.endsWith('/confirm'))).toBe(true));
  });

  it('sign a new key set, and one that another drafted', async () => {
    serve({ ...answers, 'POST /api/v1/keyset': draft, [`GET /api/v1/orders/${'e'.repeat(64)}`]: { draft: { ...draft, hash: 'e'.repeat(64) } } });
    const sign = vi.fn(() => Promise.resolve(undefined));
    await show(<People />, { sign });
    expect(await screen.findByText(/1 khóa đã xác nhận nhưng chưa có/)).toBeInTheDocument();
    await userEvent.click(await screen.findByRole('button', { name: 'Soạn bộ khóa mới' }));
    await waitFor(() => expect(sign).toHaveBeenCalledWith(draft));
    await userEvent.click(screen.getByRole('button', { name: 'Xem và ký' }));
    await waitFor(() => expect(sign).toHaveBeenLastCalledWith({ ...draft, hash: 'e'.repeat(64) }));
  });

  it('are found without marks, and by area', async () => {
    serve(answers);
    await show(<People />);
    await screen.findByRole('button', { name: /Bình/ });
    await userEvent.type(screen.getByRole('searchbox'), 'khong lao');
    expect(screen.queryByRole('button', { name: /Bình binh/ })).not.toBeInTheDocument();
    expect(screen.getByRole('button', { name: /Lò Văn An lo-van-an/ })).toBeInTheDocument();
  });

  it('are invited by a link that is shown once', async () => {
    serve({ ...answers, 'POST /api/v1/persons/binh/invitations': { token: 'inv_x', until: '2026-11-28T10:00:00Z' } });
    await show(<People />);
    await userEvent.click(await screen.findByRole('button', { name: /Bình/ }));
    await userEvent.click(screen.getByRole('button', { name: 'Tạo đường dẫn mời' }));
    expect(await screen.findByText(`${window.location.origin}/welcome#inv_x`)).toBeInTheDocument();
  });

  it('are added with a role; a second try goes on where the first stopped', async () => {
    let roles = 0;
    const asked = serve({ ...answers, 'POST /api/v1/persons': (b) => b as object, 'PUT /api/v1/persons/vang-a-su/roles': () => (roles++ === 0 ? refuse(503, 'unavailable') : {}) });
    await show(<People />);
    await userEvent.click(await screen.findByRole('button', { name: 'Thêm người' }));
    const form = screen.getByRole('region', { name: 'Thêm người' });
    await userEvent.type(within(form).getByLabelText(/Họ và tên/), 'Vàng A Sử');
    expect(within(form).getByLabelText(/Tên đăng nhập/)).toHaveValue('vang-a-su');
    await userEvent.click(within(form).getByRole('combobox', { name: 'Vai trò' }));
    await userEvent.click(await screen.findByRole('option', { name: 'Cán bộ xã' }));
    await userEvent.click(within(form).getByRole('combobox', { name: 'Địa bàn' }));
    await userEvent.click(await screen.findByRole('option', { name: /Khổng Lào/ }));
    await userEvent.click(within(form).getByRole('button', { name: 'Thêm' }));
    expect(await within(form).findByRole('alert')).toBeInTheDocument();
    await userEvent.click(within(form).getByRole('button', { name: 'Thêm' }));
    await waitFor(() => expect(screen.queryByRole('region', { name: 'Thêm người' })).not.toBeInTheDocument());
    expect(asked.filter((a) => a.method === 'POST').map((a) => a.body)).toEqual([{ id: 'vang-a-su', name: 'Vàng A Sử' }]);
    expect(asked.filter((a) => a.method === 'PUT').map((a) => a.body)).toEqual([{ name: 'officer', area: '03388' }, { name: 'officer', area: '03388' }]);
  });

  it('have a key revoked only after a word about what that means', async () => {
    const asked = serve({ ...answers, [`POST /api/v1/persons/binh/keys/${'00'.repeat(16)}/revoke`]: {} });
    await show(<People />);
    await userEvent.click(await screen.findByRole('button', { name: /Bình/ }));
    await userEvent.click(screen.getByRole('button', { name: 'Thu hồi khóa' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText(/cũng mất giá trị/)).toBeInTheDocument();
    expect(asked.some((a) => a.path.endsWith('/revoke'))).toBe(false);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Thu hồi khóa' }));
    await waitFor(() => expect(asked.some((a) => a.path.endsWith('/revoke'))).toBe(true));
  });
});

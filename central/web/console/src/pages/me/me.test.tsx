import 'fake-indexeddb/auto';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { person, refuse, serve, show } from '@/test/page';
import Account from '.';

afterEach(() => vi.unstubAllGlobals());

async function change(old: string) {
  await userEvent.type(await screen.findByLabelText(/Mật khẩu hiện tại/), old);
  await userEvent.type(screen.getByLabelText(/^Mật khẩu mới/), 'một câu dễ nhớ');
  await userEvent.type(screen.getByLabelText(/^Nhập lại/), 'một câu dễ nhớ');
  await userEvent.click(screen.getByRole('button', { name: 'Đổi mật khẩu' }));
}

describe('one’s own account', () => {
  it('changes the password, and empties the fields', async () => {
    const asked = serve({ 'PUT /api/v1/me/password': {} });
    await show(<Account />);
    await change('cũ');
    await waitFor(() => expect(screen.getByLabelText(/Mật khẩu hiện tại/)).toHaveValue(''));
    expect(asked.find((a) => a.method === 'PUT')?.body).toEqual({ old: 'cũ', new: 'một câu dễ nhớ' });
  });

  it('says that the old one is wrong, at its field', async () => {
    serve({ 'PUT /api/v1/me/password': () => refuse(422, 'wrong-password', '', [{ location: 'old', message: 'is wrong' }]) });
    await show(<Account />);
    await change('sai');
    expect(await screen.findByText('Sai mật khẩu hiện tại.')).toBeInTheDocument();
    expect(screen.getByLabelText(/^Mật khẩu mới/)).toHaveValue('một câu dễ nhớ');
  });

  it('has keys, and takes a proposal back', async () => {
    const asked = serve({ 'DELETE /api/v1/me/keys/k1': {}, 'GET /api/v1/me': person });
    await show(<Account />, { me: { keys: [{ id: 'k1', state: 'proposed', confirmed: false, scheme: 'ed25519', public: '', added: '2026-11-21T10:00:00Z' }] } });
    await userEvent.click(await screen.findByRole('button', { name: 'Rút lại' }));
    await waitFor(() => expect(asked.some((a) => a.method === 'DELETE')).toBe(true));
  });

  it('changes the language, and remembers it', async () => {
    serve({});
    await show(<Account />);
    await userEvent.click(await screen.findByText('Tiếng Anh'));
    expect(await screen.findByRole('heading', { name: 'Account' })).toBeInTheDocument();
    expect(localStorage.getItem('loa.language')).toBe('en');
    expect(document.documentElement.lang).toBe('en');
  });
});

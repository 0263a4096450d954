import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { Route, Routes } from 'react-router';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '@/api/client';
import { session } from '@/api/session';
import { person, refuse, serve, show } from '@/test/page';
import { Shell } from './Shell';

class Events {
  static all: Events[] = [];
  private listeners = new Map<string, (e: { data?: unknown }) => void>();
  constructor(readonly url: string) {
    Events.all.push(this);
  }
  addEventListener(name: string, listener: (e: { data?: unknown }) => void) {
    this.listeners.set(name, listener);
  }
  close() {}
  tell(name: string, data: object) {
    act(() => this.listeners.get(name)?.({ data: JSON.stringify(data) }));
  }
}

/** Page is somebody at work. */
function Page() {
  const [text, setText] = useState('');
  const [saved, setSaved] = useState('');
  return (
    <>
      <input aria-label="text" value={text} onChange={(e) => setText(e.target.value)} />
      <button type="button" onClick={() => void api.post('/keyset').then(() => setSaved(text), () => setSaved('lost'))}>
        {'save'}
      </button>
      <output>{saved}</output>
    </>
  );
}

const around = (
  <Routes>
    <Route element={<Shell />}>
      <Route path="*" element={<Page />} />
    </Route>
  </Routes>
);

beforeEach(() => {
  Events.all = [];
  vi.stubGlobal('EventSource', Events);
});
afterEach(() => {
  session.abandoned(new Error('test is over'));
  vi.unstubAllGlobals();
});

describe('the shell', () => {
  it('leads to what the person has a use for, by two ways with the same places', async () => {
    serve({});
    await show(around, { at: '/clusters', me: { roles: [{ name: 'technician', area: '12' }], actions: { 'read-fleet': ['12'] } } });
    const ways = await screen.findAllByRole('navigation', { name: 'Các trang' });
    expect(ways).toHaveLength(2);
    for (const way of ways) {
      expect(within(way).getAllByRole('link').map((l) => l.getAttribute('href'))).toEqual(['/', '/clusters', '/me']);
      expect(within(way).getByRole('link', { current: 'page' })).toHaveTextContent('Cụm loa');
    }
  });

  it('says whether what is shown is new', async () => {
    serve({});
    await show(around);
    expect(await screen.findByText('Đang kết nối với máy chủ…')).toBeInTheDocument();
    Events.all.at(-1)!.tell('hello', { at: '2026-11-21T10:00:00Z', boot: 'a' });
    expect(screen.getByText('Đang cập nhật')).toBeInTheDocument();
  });

  it('asks for the password over the page when the session has ended, and goes on', async () => {
    let signedIn = false;
    const asked = serve({
      'POST /api/v1/keyset': () => (signedIn ? {} : refuse(401, 'signed-out')),
      'POST /api/v1/session': (body) => {
        if ((body as { password: string }).password !== 'đúng') return refuse(401, 'wrong-password');
        signedIn = true;
        return person;
      },
    });
    await show(around);
    await userEvent.type(await screen.findByLabelText('text'), 'đang viết dở');
    await userEvent.click(screen.getByRole('button', { name: 'save' }));
    const dialog = await screen.findByRole('dialog', { name: 'Phiên làm việc đã hết hạn' });
    await userEvent.type(within(dialog).getByLabelText(/Mật khẩu/), 'sai{Enter}');
    expect(await within(dialog).findByText('Sai mật khẩu.')).toBeInTheDocument();
    await userEvent.clear(within(dialog).getByLabelText(/Mật khẩu/));
    await userEvent.type(within(dialog).getByLabelText(/Mật khẩu/), 'đúng{Enter}');
    expect(await screen.findByText('đang viết dở', { selector: 'output' })).toBeInTheDocument();
    expect(screen.getByLabelText('text')).toHaveValue('đang viết dở');
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
    expect(asked.filter((a) => a.path.endsWith('/session')).map((a) => (a.body as { person: string }).person)).toEqual([person.id, person.id]);
  });

  it('asks to sign in where nobody is', async () => {
    serve({ 'GET /api/v1/me': () => refuse(401, 'signed-out') });
    const { router } = await show(around, { at: '/clusters?x=1', path: '/clusters', me: null });
    await waitFor(() => expect(router.state.location.pathname).toBe('/sign-in'));
    expect(new URLSearchParams(router.state.location.search).get('next')).toBe('/clusters?x=1');
    expect(Events.all).toEqual([]);
  });

  it('does not send somebody away from their work when the network is gone', async () => {
    serve({ 'GET /api/v1/me': () => new Response('', { status: 502 }) });
    const { client } = await show(around);
    await screen.findByLabelText('text');
    await act(() => client.invalidateQueries());
    expect(screen.getByLabelText('text')).toBeInTheDocument();
  });
});

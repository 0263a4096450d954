import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '@/api/problem';
import type { Draft, Order, Sign } from '@/sign';
import { person, refuse, serve, show } from '@/test/page';
import Alerts from '.';
import { forgetGiven, given } from './given';
import NewAlert from './NewAlert';

const hash = 'f'.repeat(64);
const draft: Draft = {
  hash, kind: 'alert', mode: 'live', subject: 'alert/live/7f3c', revision: 1, targets: 4, notes: [],
  envelope: { payloadType: 'application/vnd.loa.alert.live.v1+json', payload: '', signatures: [] },
  signers: [{ id: 'lo-van-an', name: 'Lò Văn An' }],
};
const order = (state: Order['state'], persons: string[] = []): Order => ({
  hash, kind: 'alert', mode: 'live', subject: 'alert/live/7f3c', revision: 1, areas: ['03388'], state, by: 'lo-van-an', drafted: '2026-11-21T10:00:00Z', persons,
  counts: { targets: 4, sent: 0, waiting: 0, held: 0, accepted: 0, notDurable: 0, refused: 0, superseded: 0, lapsed: 0, started: 0, finished: 0, heard: 0, silent: 0, missed: 0 },
});
const officer = { ...person, actions: { ...person.actions, 'raise-alerts': ['03388'] } };
const briefs = { at: '2026-11-21T10:00:00Z', clusters: [{ id: 'a', name: 'A', area: '03388.01', languages: ['hmn', 'vi'], enrolled: true, online: false, onAir: [], faults: [] }] };
const all = { 'GET /api/v1/clusters/brief': briefs, 'POST /api/v1/alerts': draft };

beforeEach(() => {
  localStorage.clear();
  forgetGiven();
});

const check = (mode = 'live', hazard = 'flood') => ({ at: `/alerts/new?mode=${mode}&hazard=${hazard}`, path: '/alerts/new', me: officer });
const drafted = (asked: ReturnType<typeof serve>) => asked.filter((a) => a.method === 'POST' && a.path === '/api/v1/alerts');

describe('raising', () => {
  it('is three taps and a signature', async () => {
    const asked = serve(all);
    const sign = vi.fn<Sign>(() => Promise.resolve(order('sealed', ['lo-van-an'])));
    const { router } = await show(<NewAlert />, { at: '/alerts/new', path: '/alerts/new', me: officer, sign });
    await userEvent.click(screen.getByRole('link', { name: /PHÁT BÁO ĐỘNG/ }));
    await userEvent.click(await screen.findByRole('button', { name: 'Lũ quét' }));
    await userEvent.click(await screen.findByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/alerts/live/7f3c'));
    expect(drafted(asked)[0]?.body).toMatchObject({ mode: 'live', hazard: 'flash-flood', audience: ['03388'], phrase: 'flash-flood', lifetimeSeconds: 7200 });
    expect(sign).toHaveBeenCalledExactlyOnceWith(draft);
  });

  it('asks first whether it is real, and keeps both apart', async () => {
    serve(all);
    await show(<NewAlert />, { at: '/alerts/new?mode=real', path: '/alerts/new', me: officer });
    expect(screen.queryByRole('button')).toBeNull();
    expect(screen.getByRole('link', { name: /PHÁT BÁO ĐỘNG/ })).toHaveProperty('href', expect.stringContaining('mode=live'));
    expect(screen.getByRole('link', { name: /Diễn tập/ })).toHaveProperty('href', expect.stringContaining('mode=drill'));
  });

  it('says drill everywhere in a drill', async () => {
    const asked = serve(all);
    await show(<NewAlert />, { ...check('drill', 'fire'), sign: () => Promise.resolve(undefined) });
    expect(screen.getByText('DIỄN TẬP')).toBeTruthy();
    expect(screen.queryByText('BÁO ĐỘNG THẬT')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH DIỄN TẬP' }));
    await waitFor(() => expect(drafted(asked)[0]?.body).toMatchObject({ mode: 'drill', repetitions: 1 }));
  });

  it('offers an officer no other commune', async () => {
    serve(all);
    await show(<NewAlert />, check());
    await userEvent.click(screen.getByRole('button', { name: 'Đổi nơi phát' }));
    expect(screen.getByRole('checkbox', { name: 'Toàn xã Khổng Lào' })).toHaveProperty('checked', true);
    expect(screen.getAllByRole('checkbox').map((c) => c.closest('.mantine-Checkbox-root')?.textContent)).toEqual(['Toàn xã Khổng Lào', 'Bản Phai']);
    await userEvent.click(screen.getByRole('checkbox', { name: 'Bản Phai' }));
    expect(screen.getByRole('textbox', { name: 'Tiếng Việt' })).toHaveProperty('value', expect.stringContaining('bản Phai, xã Khổng Lào'));
  });

  it('is not for somebody who may not', async () => {
    serve({});
    await show(<NewAlert />, { ...check(), me: { actions: {} } });
    expect(screen.getByText('Tài khoản này không có quyền phát cảnh báo.')).toBeTruthy();
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('says how many clusters are away, and the languages there', async () => {
    serve(all);
    await show(<NewAlert />, check());
    expect(await screen.findByText('1 cụm đang mất liên lạc.')).toBeTruthy();
    expect(screen.getByText('Lời bằng tiếng khác: Tiếng Mông')).toBeTruthy();
  });

  it('does not ask for a second person where there is none', async () => {
    serve({ ...all, 'POST /api/v1/alerts': draft });
    const sign = vi.fn<Sign>();
    await show(<NewAlert />, { ...check('live', 'storm'), me: { ...person, roles: [{ name: 'broadcaster', area: '12' }] }, sign });
    await userEvent.click(screen.getByRole('checkbox', { name: 'Toàn tỉnh Lai Châu' }));
    expect(screen.getByText(/Cần hai người ký\. Bạn ký trước/)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    expect(await screen.findByText(/ngoài bạn chưa ai có khóa ký/)).toBeTruthy();
    expect(sign).not.toHaveBeenCalled();
  });

  it('what the server refuses is said, what was typed stays, and nothing is called sent', async () => {
    serve({ ...all, 'POST /api/v1/alerts': () => refuse(422, 'invalid', '', [{ location: 'messages[0].text', message: 'too long' }]) });
    await show(<NewAlert />, check());
    const text = screen.getByRole('textbox', { name: 'Tiếng Việt' });
    await userEvent.clear(text);
    await userEvent.type(text, 'Nước lên.');
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    expect(await screen.findByText('Chưa có gì được gửi tới loa. Có thể thử lại.')).toBeTruthy();
    expect(text).toHaveProperty('value', 'Nước lên.');
  });
});

describe('a network that breaks while it is sent', () => {
  const broken = () => Promise.reject(new Problem(0, 'network', ''));

  it('never raises twice: the very same order is signed again', async () => {
    let stands: Response | object = refuse(503, 'unavailable');
    const asked = serve({ ...all, [`GET /api/v1/orders/${hash}`]: () => (stands instanceof Response ? stands.clone() : stands) });
    const sign = vi.fn<Sign>(broken);
    const { router } = await show(<NewAlert />, { ...check(), sign });
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    expect(await screen.findByText('Chưa biết lệnh đã gửi được hay chưa')).toBeTruthy();
    // Nothing new can be sent meanwhile.
    expect(screen.queryByRole('button', { name: 'XEM LỆNH VÀ PHÁT' })).toBeNull();
    expect(screen.getByText(/Còn một lệnh trước chưa rõ/)).toBeTruthy();

    stands = { ...order('gathering'), draft };
    const again = await screen.findByRole('button', { name: 'Ký lại đúng lệnh này' }, { timeout: 5000 });
    sign.mockImplementation(() => Promise.resolve(order('sealed', ['lo-van-an'])));
    await userEvent.click(again);
    await waitFor(() => expect(screen.queryByTestId('unresolved')).toBeNull());
    expect(sign.mock.calls.map(([d]) => d.hash)).toEqual([hash, hash]);
    expect(drafted(asked)).toHaveLength(1);
    expect(router.state.location.pathname).toBe('/alerts/new');
  }, 10_000);

  it('an order that arrived all the same is not sent again', async () => {
    const asked = serve({ ...all, [`GET /api/v1/orders/${hash}`]: { ...order('sealed', ['lo-van-an']), draft } });
    const { router } = await show(<NewAlert />, { ...check(), sign: broken });
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    const note = await screen.findByTestId('unresolved');
    expect(await within(note).findByText('Lệnh đã tới máy chủ')).toBeTruthy();
    expect(within(note).queryByRole('button', { name: /Ký lại/ })).toBeNull();
    await userEvent.click(within(note).getByRole('link', { name: 'Xem tình hình' }));
    expect(router.state.location.pathname).toBe('/alerts/live/7f3c');
    expect(drafted(asked)).toHaveLength(1);
  });

  it('a dialog that was closed after a signature left is no order given up', async () => {
    serve({ ...all, [`GET /api/v1/orders/${hash}`]: { ...order('sealed', ['lo-van-an']), draft } });
    const { router } = await show(<NewAlert />, { ...check(), sign: () => Promise.resolve(undefined) });
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/alerts/live/7f3c'));
  });

  it('one that was given up is forgotten', async () => {
    serve({ ...all, [`GET /api/v1/orders/${hash}`]: { ...order('gathering'), draft } });
    await show(<NewAlert />, { ...check(), sign: () => Promise.resolve(undefined) });
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    await waitFor(() => expect(localStorage.getItem('loa.given.lo-van-an')).toBeNull());
    expect(screen.queryByTestId('unresolved')).toBeNull();
  });

  it('a refusal is an answer', async () => {
    serve(all);
    await show(<NewAlert />, { ...check(), sign: () => Promise.reject(new Problem(403, 'not-authorised', '')) });
    await userEvent.click(screen.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }));
    expect(await screen.findByText('Chữ ký của bạn không được tính cho lệnh này.')).toBeTruthy();
    expect(screen.queryByTestId('unresolved')).toBeNull();
  });

  it('is still asked after when the page is opened again', async () => {
    given.begins('lo-van-an', { hash, kind: 'alert', mode: 'live', alert: '7f3c', hazard: 'flood', audience: ['03388'], at: 1_000_000 });
    forgetGiven();
    serve({ 'GET /api/v1/alerts': [], [`GET /api/v1/orders/${hash}`]: { ...order('gathering', ['lo-van-an']), draft } });
    await show(<Alerts />, { at: '/alerts', path: '/alerts', me: officer });
    const note = await screen.findByTestId('unresolved');
    expect(await within(note).findByText('Chữ ký của bạn đã tới máy chủ')).toBeTruthy();
    expect(within(note).getByText(/Phát cảnh báo: Lũ lụt, xã Khổng Lào/)).toBeTruthy();
  });
});

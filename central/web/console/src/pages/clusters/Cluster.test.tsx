import { screen, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import type { Schema } from '@/api/client';
import type { Brief } from '@/fleet/stand';
import type { Order } from '@/sign';
import { cluster, sounding } from '@/test/fleet';
import { refuse, serve, show } from '@/test/page';
import Cluster from './Cluster';
import type { Entry } from './record';

const hash = 'a'.repeat(64);
const now = (b: Brief): Schema<'ClusterNow'> => ({ id: b.id, name: b.name, area: b.area, languages: b.languages, online: b.online });

interface Given {
  brief?: Partial<Brief>;
  near?: Brief[];
  entries?: Entry[];
  alarms?: Schema<'Alarm'>[];
  day?: object;
  me?: Parameters<typeof show>[1];
}

async function open({ brief, near = [], entries = [], alarms = [], day = { slots: [], skipped: [] }, me }: Given, more: Parameters<typeof serve>[0] = {}) {
  const b = cluster(brief);
  const asked = serve({
    [`GET /api/v1/clusters/${b.id}`]: now(b),
    'GET /api/v1/clusters/brief': { at: '2026-11-21T22:30:00Z', clusters: [b, ...near] },
    [`GET /api/v1/clusters/${b.id}/timeline`]: { entries },
    [`GET /api/v1/clusters/${b.id}/day`]: day,
    [`GET /api/v1/clusters/${b.id}/boards`]: [],
    'GET /api/v1/alarms': alarms,
    ...more,
  });
  await show(<Cluster />, { at: `/clusters/${b.id}`, path: '/clusters/:id', ...me });
  await screen.findByRole('heading', { level: 1, name: b.name });
  return { asked, user: userEvent.setup() };
}
const why = () => screen.getByRole('region', { name: /Vì sao cụm này im lặng|Có lỗi cần xem/ });
const silence = (code: string, params: Record<string, string> = {}): Partial<Brief> => ({ silence: { code: code as 'offline', since: '2026-11-21T10:00:00Z', params } });

describe('why a cluster is silent', () => {
  it('says that it is out of contact, where to look, and what to do', async () => {
    const at = '2026-11-21T10:00:00Z';
    await open({ brief: { online: false, ...silence('offline', { seen: at }) }, near: [cluster({ id: 'x' }), cluster({ id: 'y' })] });
    expect(why()).toHaveTextContent('Mất điện hoặc mất mạng');
    expect(why()).toHaveTextContent('2 cụm khác của Xã Khổng Lào vẫn có liên lạc: nhiều khả năng sự cố ở ngay cột này.');
    expect(why()).toHaveTextContent('Nhận tin lần cuối 17:00 21/11/2026');
    expect(within(why()).getAllByRole('listitem').length).toBeGreaterThan(2);
  });

  it.each([
    ['never-enrolled', 'Chưa lắp thiết bị'],
    ['never-seen', 'Chưa kết nối lần nào'],
    ['clock-untrusted', 'Chưa biết giờ đúng'],
    ['mains-unfit', 'Điện lưới không đạt'],
    ['no-plan', 'Không có lịch phát'],
    ['sound-fault', 'Hỏng đường âm thanh'],
    ['relay-fault', 'Không bật được điện cho tăng âm'],
    ['store-fault', 'Bộ nhớ không ghi được'],
    ['last-silent', 'Phát mà không có tiếng'],
    ['test-silent', 'Tự kiểm tra không đạt'],
    ['other-fault', 'Thiết bị báo lỗi: đồng hồ'],
  ])('%s is %s, with something to do about it', async (code, words) => {
    await open({ brief: { enrolled: code !== 'never-enrolled', online: !code.startsWith('never'), ...silence(code, code === 'other-fault' ? { part: 'clock' } : {}) } });
    expect(within(why()).getByText(words)).toBeVisible();
    expect(within(why()).getAllByRole('listitem').length).toBeGreaterThan(1);
  });

  it('tells what the board says, in our words and in its own', async () => {
    await open({ brief: silence('sound-fault', { part: 'sound main', detail: 'sound path error: the device took no samples for 2s' }) });
    expect(why()).toHaveTextContent('Card âm thanh không nhận tín hiệu suốt 2 giây.');
    expect(why()).toHaveTextContent('sound path error: the device took no samples for 2s');
  });

  it('shows a text as it came, markup or not', async () => {
    await open({ brief: silence('other-fault', { part: 'audio', detail: '<b>đậm</b>\u202egnort' }) });
    expect(why()).toHaveTextContent('<b>đậm</b>');
    expect(why().querySelector('b')).toBeNull();
  });

  it('takes the word of the sensors for what is broken', async () => {
    const occurrence = 'tin-sang@2026-11-22T05:30:00';
    const evidence = {
      output: 'main', samples: 480_000, rms: -20, peak: -2, position: 10, sources: ['chime'], verdict: 'silent',
      sensors: [{ name: 'amplifier-current', quantity: 'current', verdict: 'silent', level: 0.001, rest: 0.001, correlation: 0 }],
    };
    await open({
      brief: silence('last-silent', { occurrence, order: hash, output: 'main' }),
      entries: [{ at: '2026-11-21T22:31:00Z', kind: 'run', orderKind: 'plan', title: 'Tin sáng', occurrence, output: 'main', fate: 'finished', verdict: 'silent', evidence }],
    });
    expect(await screen.findByText(/tăng âm không tiêu thụ điện: nhiều khả năng tăng âm hỏng/)).toBeVisible();
  });

  it('lists what else is wrong, once', async () => {
    const alarm = (code: string, part: string): Schema<'Alarm'> => ({ cluster: 'khong-lao-01', name: '', area: '03388.01', code: code as 'offline', params: { part } });
    await open({ brief: silence('sound-fault', { part: 'sound main' }), alarms: [alarm('sound-fault', 'sound main'), alarm('other-fault', 'clock'), { ...alarm('offline', ''), cluster: 'else' }] });
    expect(await within(why()).findByText('Thiết bị báo lỗi: đồng hồ')).toBeVisible();
    expect(within(why()).getAllByText('Hỏng đường âm thanh')).toHaveLength(1);
    expect(why()).not.toHaveTextContent('Mất điện');
  });

  it('says nothing where nothing is wrong', async () => {
    await open({});
    expect(screen.queryByRole('region', { name: /Vì sao/ })).toBeNull();
    expect(screen.getByText('Sẵn sàng')).toBeVisible();
  });
});

it('says so where there is no such cluster', async () => {
  serve({ 'GET /api/v1/clusters/goat': () => refuse(404, 'not-found') });
  await show(<Cluster />, { at: '/clusters/goat', path: '/clusters/:id' });
  expect(await screen.findByText('Không có cụm này, hoặc bạn không được xem.')).toBeVisible();
});

describe('what is on air', () => {
  const entries: Entry[] = [{ at: '2026-11-21T22:30:00Z', kind: 'run', orderKind: 'plan', order: hash, title: 'Tin buổi sáng', occurrence: 'tin-sang@2026-11-21T05:30:00', fate: 'finished' }];

  it('has the name of its programme', async () => {
    await open({ brief: { onAir: sounding() }, entries });
    expect(await within(screen.getByRole('region', { name: 'Đang phát' })).findByText('Tin buổi sáng')).toBeVisible();
  });

  it('is a drill where it is one, never to be taken for the real thing', async () => {
    await open({ brief: { onAir: sounding({ mode: 'drill', class: 'emergency', subject: 'alert/drill/lu-1' }) }, entries: [{ at: '2026-11-21T22:30:00Z', kind: 'order', orderKind: 'alert', order: hash, mode: 'drill', title: 'flash-flood', fate: 'accepted' }] });
    const air = screen.getByRole('region', { name: 'Đang phát' });
    expect(await within(air).findByText('Lũ quét')).toBeVisible();
    expect(within(air).getByText(/Diễn tập/)).toBeVisible();
    expect(air.querySelector('.loa-drill-band')).not.toBeNull();
    expect(air.querySelector('.loa-emergency-band')).toBeNull();
    expect(screen.getByText('Đang diễn tập')).toBeVisible();
    expect(within(air).getByRole('link', { name: 'Xem cảnh báo này' })).toHaveAttribute('href', '/alerts/drill/lu-1');
  });

  it('is stopped by a signature, in the smallest area that there is', async () => {
    const draft = { hash };
    const sign = vi.fn(() => Promise.resolve({ state: 'sealed' } as Order));
    const { asked, user } = await open(
      { brief: { onAir: sounding() }, near: [cluster({ id: 'x', onAir: sounding() }), cluster({ id: 'y', area: '03388', onAir: sounding() })], me: { sign } },
      { 'POST /api/v1/stops': draft },
    );
    expect(screen.getByText('Lệnh dừng áp dụng cho mọi thứ đang phát tại Bản Phai: 2 cụm.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Dừng phát' }));
    expect(asked.find((a) => a.method === 'POST')?.body).toEqual({ areas: ['03388.01'] });
    expect(sign).toHaveBeenCalledExactlyOnceWith(draft);
  });

  it('says so when it ended by itself', async () => {
    const { user } = await open({ brief: { onAir: sounding() } }, { 'POST /api/v1/stops': () => refuse(409, 'nothing-on-air') });
    await user.click(screen.getByRole('button', { name: 'Dừng phát' }));
    expect(await screen.findByText('Hiện không còn gì đang phát ở đây.')).toBeVisible();
  });

  it('cannot be stopped by who may not', async () => {
    await open({ brief: { onAir: sounding() }, me: { me: { actions: { 'read-fleet': ['12'], 'stop-sound': ['03424'] } } } });
    expect(screen.queryByRole('button', { name: 'Dừng phát' })).toBeNull();
  });

  it('is not known of one that is away', async () => {
    await open({ brief: { online: false, onAir: sounding(), ...silence('offline') } });
    expect(screen.getByText('Lần cuối có liên lạc, cụm đang phát:')).toBeVisible();
  });
});

describe('the record', () => {
  const sensors = [{ name: 'horn-sound', quantity: 'sound', verdict: 'heard', level: 1.885, rest: 0.02, correlation: 0.97 }];
  const entries: Entry[] = [
    {
      at: '2026-11-21T22:32:00Z', kind: 'run', orderKind: 'plan', title: 'Tin sáng', occurrence: 'tin-sang@2026-11-22T05:30:00', fate: 'finished', verdict: 'heard', started: '2026-11-21T22:30:00Z',
      evidence: { output: 'main', relayClosed: '2026-11-21T22:30:00Z', relayOpened: '2026-11-21T22:31:59Z', firstSample: '2026-11-21T22:30:01Z', lastSample: '2026-11-21T22:31:58Z', samples: 5_616_000, rms: -20.63, peak: -1.58, position: 117, sources: ['chime', `audio:${hash}`], verdict: 'heard', sensors },
    },
    { at: '2026-11-21T20:00:00Z', kind: 'order', orderKind: 'alert', mode: 'live', title: 'flood', fate: 'refused', reason: 'bad-signature' },
    ...[1, 2, 3].map((n): Entry => ({ at: '2026-11-21T19:00:00Z', kind: 'run', orderKind: 'plan', title: `Bài ${n}`, occurrence: `b${n}@2026-11-21T05:3${n}:00`, fate: 'missed', detail: 'did not begin: the board was not running or did not know the time' })),
    { at: '2026-11-21T18:00:00Z', kind: 'due', orderKind: 'plan', title: 'Tin trưa', occurrence: 'trua@2026-11-21T11:00:00', reason: 'offline' },
    { at: '2026-11-21T16:00:00Z', kind: 'offline' },
  ];
  const record = () => screen.getByRole('region', { name: 'Nhật ký' });
  const entry = (text: string | RegExp) => within(record()).getByText(text).closest('li') as HTMLElement;

  it('tells of self-tests as what they are, with their verdicts', async () => {
    const test = (day: string, given: Partial<Entry>): Entry => ({ at: `2026-11-${day}T19:40:00Z`, kind: 'self-test', orderKind: 'plan', occurrence: `self-test@2026-11-${day}T02:40:00`, fate: 'finished', ...given });
    await open({
      entries: [test('21', { verdict: 'heard' }), test('20', { verdict: 'silent' }), test('19', { verdict: 'unknown' }), test('18', { fate: 'missed', detail: 'did not begin: output main was held by tin-sang@2026-11-18T02:40:00' })],
    });
    const all = (await within(record()).findAllByText('Tự kiểm tra')).map((e) => e.closest('li')?.textContent);
    expect(all.map((text) => /Đạt|Không đạt|Không kết luận được|Lần này không kiểm tra được/.exec(text ?? '')?.[0])).toEqual(['Đạt', 'Không đạt', 'Không kết luận được', 'Lần này không kiểm tra được']);
    expect(record()).not.toHaveTextContent('Nghe thấy tiếng');
    expect(record()).not.toHaveTextContent('Đã phát xong');
  });

  it('tells what sounded, with its evidence', async () => {
    const { user } = await open({ entries });
    const ran = (await within(record()).findByText('Tin sáng')).closest('li') as HTMLElement;
    expect(ran).toHaveTextContent('Đã phát xong. Nghe thấy tiếng.');
    await user.click(within(ran).getByText('Bằng chứng'));
    for (const text of ['đóng lúc 05:30:00, mở lúc 05:31:59', '05:30:01 đến 05:31:58', '5.616.000 mẫu, tức 1 phút 57 giây', 'trung bình -20,6 dB, cao nhất -1,6 dB', 'Nhạc hiệu, Bản ghi âm', 'Tiếng ở loa', '1,89 Pa', '97%']) {
      expect(ran).toHaveTextContent(text);
    }
  });

  it('says why, for every silence', async () => {
    await open({ entries });
    await within(record()).findByText('Tin sáng');
    expect(entry('Cảnh báo: Lũ lụt')).toHaveTextContent('Thiết bị từ chối. Lý do: chữ ký không đúng.'.replace('. Lý', '.Lý'));
    const missed = entry('3 lượt phát theo lịch đã không phát');
    expect(missed).toHaveTextContent('Lúc đó thiết bị không chạy hoặc chưa biết giờ đúng.');
    expect(missed).toHaveTextContent('Lịch phát lúc 05:31 21/11/2026. Bài 1');
    expect(entry('Tin trưa')).toHaveTextContent('Lý do: lúc đó thiết bị mất liên lạc.');
  });

  it('shows days of Vietnam, and only what is chosen', async () => {
    const { user } = await open({ entries });
    await within(record()).findByText('Tin sáng');
    expect(within(record()).getAllByRole('heading', { level: 3 }).map((h) => h.textContent)).toEqual(['Chủ Nhật, 22/11', 'Thứ Bảy, 21/11']);
    await user.click(within(record()).getByText('Đã phát'));
    expect(within(record()).queryByText('Mất liên lạc')).toBeNull();
    expect(within(record()).getByText('Tin sáng')).toBeVisible();
    await user.click(within(record()).getByText('Sự cố'));
    expect(within(record()).queryByText('Tin sáng')).toBeNull();
    expect(within(record()).getByText('Mất liên lạc')).toBeVisible();
  });
});

describe('the day', () => {
  it('names what comes, and why something will not sound', async () => {
    const slot = { item: 'tin', occurrence: 'tin@2026-11-22T05:30:00', class: 'priority', from: '2026-11-22T05:30:00+07:00', until: '2026-11-22T05:31:30+07:00', title: 'Tin ưu tiên' };
    await open({ day: { slots: [slot], skipped: [{ item: 'x', occurrence: 'x@2026-11-22T05:30:00', at: '2026-11-22T05:30:00+07:00', title: 'Tin khác', reason: 'did not begin: output main was held by tin@2026-11-22T05:30:00' }] } });
    const day = screen.getByRole('region', { name: 'Lịch phát của cụm' });
    expect(await within(day).findByText('Tin ưu tiên')).toBeVisible();
    expect(day).toHaveTextContent('1 phút 30 giây');
    expect(day).toHaveTextContent('Đến giờ mà không bắt đầu được. Lúc đó loa đang phát chương trình khác');
  });

  it('says so where no plan was sent', async () => {
    await open({}, { 'GET /api/v1/clusters/khong-lao-01/day': () => refuse(404, 'not-found') });
    expect(await screen.findByText('Chưa gửi lịch nào cho cụm này.')).toBeVisible();
  });
});

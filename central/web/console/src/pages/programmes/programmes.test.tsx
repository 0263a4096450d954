import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { refuse, serve, show } from '@/test/page';
import Programmes from '.';
import Calendar from './Calendar';

const programme = { id: 'tin-sang', revision: 1, by: 'a', title: 'Tin sáng', area: '12', class: 'routine', order: 0, start: '2026-11-21T05:30:00', rule: 'FREQ=DAILY', seconds: 60, late: 0, bulletins: ['b'] };
const other = { ...programme, id: 'tin-khac', title: 'Tin khác' };
const bulletin = { id: 'b', revision: 1, title: 'Tiêm chủng', class: 'routine', areas: ['12'], audio: { vi: 'aa' }, validFrom: '2020-01-01T00:00:00Z', validUntil: '2040-01-01T00:00:00Z', author: 'x', state: 'approved', order: 'h' };
const answers = {
  'GET /api/v1/schedule': { occurrences: [] },
  'GET /api/v1/clusters/brief': { at: '2026-11-21T22:00:00Z', clusters: [] },
  'GET /api/v1/programmes': [programme, other],
  'GET /api/v1/programmes/tin-sang': programme,
  'GET /api/v1/bulletins': [bulletin],
  'GET /api/v1/audio/aa': { sha256: 'aa', seconds: 40 },
  'POST /api/v1/programmes/conflicts': [],
};

beforeEach(() => {
  localStorage.clear();
});

const wait = { timeout: 10_000 };
const open = async (at: string) => {
  const { unmount } = await show(<Programmes />, { at, path: '/programmes' });
  const dialog = await screen.findByRole('dialog', undefined, wait);
  const title = await within(dialog).findByLabelText('Tên chương trình', undefined, wait);
  return { dialog, title, unmount };
};

it('names what overlaps before anything is saved, in words of its own', async () => {
  const asked = serve({
    ...answers,
    'POST /api/v1/programmes/conflicts': (body) => {
      const { id } = body as { id: string };
      return [{ first: 'tin-khac', second: id, at: '2026-11-22T05:30:00+07:00', times: 7, undecided: false, outcome: `tin-khac plays, ${id} is missed` }];
    },
    'POST /api/v1/programmes': (body) => ({ ...(body as object), conflicts: [] }),
  });
  const { dialog, title } = await open('/programmes?view=day&bulletin=b&at=2040-01-02T05:30:00');
  fireEvent.change(title, { target: { value: 'Mới' } });
  await within(dialog).findByText('«Tin khác» được phát; chương trình này bị bỏ, không phát được.', undefined, wait);
  expect(dialog).not.toHaveTextContent('is missed');
  fireEvent.click(within(dialog).getByRole('button', { name: 'Lưu' }));
  const sure = await within(dialog).findByRole('button', { name: 'Vẫn lưu' });
  expect(asked.filter((a) => a.method === 'POST' && a.path === '/api/v1/programmes')).toEqual([]);
  fireEvent.click(sure);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull(), wait);
  // The slot is as long as the bulletin needs, with the chime.
  expect(asked.find((a) => a.method === 'POST' && a.path === '/api/v1/programmes')?.body).toMatchObject({ title: 'Mới', seconds: 50, bulletins: ['b'], start: '2040-01-02T05:30:00' });
}, 30_000);

it('shows both versions when somebody else changed it, and loses none', async () => {
  let now: object = programme;
  let times = 0;
  const asked = serve({
    ...answers,
    'GET /api/v1/programmes/tin-sang': () => new Response(JSON.stringify(now), { headers: { ETag: times === 0 ? '"1"' : '"2"' } }),
    'PUT /api/v1/programmes/tin-sang': (body) => {
      if (times++ > 0) return { ...(body as object), conflicts: [] };
      now = { ...programme, revision: 2, by: 'vang-thi-do', byName: 'Vàng Thị Dợ', title: 'Tin của họ', late: 600 };
      return refuse(412, 'changed');
    },
  });
  const { dialog, title } = await open('/programmes?view=day&edit=tin-sang');
  fireEvent.change(title, { target: { value: 'Tin của tôi' } });
  await within(dialog).findByText('Không trùng giờ với chương trình nào trong 14 ngày tới.', undefined, wait);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Lưu' }));
  await within(dialog).findByText('Trong lúc bạn sửa, Vàng Thị Dợ đã sửa chương trình này', undefined, wait);
  expect(within(dialog).getByRole('radio', { name: 'Của bạn: Tin của tôi' })).toBeChecked();
  expect(dialog).toHaveTextContent('Cho phép phát muộn: Muộn nhất 10 phút');
  fireEvent.click(within(dialog).getByRole('radio', { name: 'Của người kia: Tin của họ' }));
  fireEvent.click(within(dialog).getByRole('button', { name: 'Gộp lại và xem trước khi lưu' }));
  expect(await within(dialog).findByLabelText('Tên chương trình')).toHaveValue('Tin của họ');
  await within(dialog).findByText('Không trùng giờ với chương trình nào trong 14 ngày tới.', undefined, wait);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Lưu' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull(), wait);
  const puts = asked.filter((a) => a.method === 'PUT');
  expect(puts.map((p) => p.headers.get('If-Match'))).toEqual(['"1"', '"2"']);
  expect(puts[1]?.body).toMatchObject({ title: 'Tin của họ', late: 600 });
}, 30_000);

it('is softer where somebody says so, and is shown as it is', async () => {
  const asked = serve({ ...answers, 'GET /api/v1/programmes/tin-sang': { ...programme, gain: -12.5 }, 'PUT /api/v1/programmes/tin-sang': (body) => ({ ...(body as object), conflicts: [] }) });
  const { dialog } = await open('/programmes?view=day&edit=tin-sang');
  const volume = within(dialog).getByLabelText('Âm lượng');
  expect(volume).toHaveDisplayValue('Nhỏ hơn 12,5 dB');
  fireEvent.change(volume, { target: { value: '-6' } });
  await within(dialog).findByText('Không trùng giờ với chương trình nào trong 14 ngày tới.', undefined, wait);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Lưu' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull(), wait);
  expect(asked.find((a) => a.method === 'PUT')?.body).toMatchObject({ id: 'tin-sang', gain: -6 });
}, 30_000);

it('removes only the version that was read', async () => {
  let revision = 1;
  const asked = serve({
    ...answers,
    'GET /api/v1/programmes': () => [{ ...programme, revision }],
    'DELETE /api/v1/programmes/tin-sang': () => (revision++ === 1 ? refuse(412, 'changed') : {}),
  });
  await show(<Programmes />, { at: '/programmes?view=day&open=tin-sang@2026-11-21T05:30:00', path: '/programmes' });
  fireEvent.click(await screen.findByRole('button', { name: 'Xóa chương trình' }, wait));
  fireEvent.click(screen.getByRole('button', { name: 'Xóa hẳn' }));
  await screen.findByText('Trong lúc đó người khác đã sửa. Hãy xem bản mới rồi sửa lại.', undefined, wait);
  fireEvent.click(screen.getByRole('button', { name: 'Xóa hẳn' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull(), wait);
  expect(asked.filter((a) => a.method === 'DELETE').map((a) => a.headers.get('If-Match'))).toEqual(['"1"', '"2"']);
}, 30_000);

it('keeps what is not saved, and brings it back', async () => {
  serve(answers);
  const { title, unmount } = await open('/programmes?view=day&edit=new');
  fireEvent.change(title, { target: { value: 'Chưa lưu' } });
  unmount();
  const again = await open('/programmes?view=day&edit=new');
  expect(again.title).toHaveValue('Chưa lưu');
  expect(again.dialog).toHaveTextContent('Đây là những gì bạn đã nhập lần trước mà chưa lưu.');
}, 30_000);

it('heads every day of a week by its own name', async () => {
  await show(
    <Calendar narrow={false} day="2026-11-16" entries={[]} hours={{ startTime: '05:00:00', endTime: '20:00:00' }} may={() => false} mayAdd={false} onAdd={() => undefined} onOpen={() => undefined} onShift={() => undefined} />,
  );
  await screen.findByText('thứ Hai');
  for (const day of ['thứ Ba', 'thứ Tư', 'thứ Năm', 'thứ Sáu', 'thứ Bảy', 'Chủ Nhật']) expect(screen.getByText(day)).toBeInTheDocument();
});

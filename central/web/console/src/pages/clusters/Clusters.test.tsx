import { act, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { patch } from '@/api/queries';
import { cluster, sounding } from '@/test/fleet';
import { serve, show } from '@/test/page';
import Clusters from '.';

const away = { online: false, silence: { code: 'offline' as const, since: '2026-11-21T10:00:00Z', params: { seen: '2026-11-21T10:00:00Z' } } };
const some = [
  cluster({ id: 'a', name: 'UBND', area: '03388', onAir: sounding() }),
  cluster({ id: 'b', name: 'Chợ', area: '03388', ...away }),
  cluster({ id: 'c', name: 'Bản Phai', area: '03388.01', languages: ['hmn'] }),
];

async function open(at = '/clusters', clusters = some) {
  serve({ 'GET /api/v1/clusters/brief': { at: '2026-11-21T22:30:00Z', clusters } });
  const shown = await show(<Clusters />, { at });
  await screen.findByRole('searchbox');
  return { ...shown, user: userEvent.setup() };
}
const names = () => screen.getAllByRole('link').map((l) => (l as HTMLAnchorElement).getAttribute('href')?.replace('/clusters/', ''));

describe('clusters', () => {
  it('stand under their communes and villages, with what is wrong', async () => {
    await open();
    const rows = screen.getAllByRole('listitem').map((r) => r.textContent);
    expect(rows[0]).toMatch(/Tỉnh Lai Châu.*3 cụm/);
    expect(rows[1]).toMatch(/Xã Khổng Lào.*1 đang phát.*1 im lặng.*3 cụm/);
    expect(screen.getByRole('link', { name: /Chợ.*Mất liên lạc.*Mất điện hoặc mất mạng/ })).toHaveAttribute('href', '/clusters/b');
    expect(names()).toEqual(['b', 'a', 'c']);
  });

  it('are counted by state; a count that is tapped filters, and tapped again does not', async () => {
    const { user, router } = await open();
    const chip = screen.getByRole('button', { name: /Mất liên lạc/ });
    expect(chip).toHaveTextContent('1');
    await user.click(chip);
    expect(router.state.location.search).toBe('?state=offline');
    expect(chip).toHaveAttribute('aria-pressed', 'true');
    expect(names()).toEqual(['b']);
    // The others keep their counts: one goes from one to the next.
    expect(screen.getByRole('button', { name: /Đang phát/ })).toHaveTextContent('1');
    await user.click(chip);
    expect(router.state.location.search).toBe('');
    expect(names()).toEqual(['b', 'a', 'c']);
  });

  it('are found by what is typed, and the address holds it', async () => {
    const { user, router } = await open();
    await user.type(screen.getByRole('searchbox'), 'phai');
    await waitFor(() => expect(router.state.location.search).toBe('?q=phai'));
    await waitFor(() => expect(names()).toEqual(['c']));
    expect(screen.getByRole('button', { name: /Tất cả/ })).toHaveTextContent('1');
    await user.click(screen.getByRole('button', { name: 'Bỏ lọc' }));
    await waitFor(() => expect(screen.getByRole('searchbox')).toHaveValue(''));
    expect(router.state.location.search).toBe('');
  });

  it('are filtered as the address says', async () => {
    await open('/clusters?q=cho&state=offline&view=list');
    expect(screen.getByRole('searchbox')).toHaveValue('cho');
    expect(names()).toEqual(['b']);
    expect(screen.queryByRole('button', { expanded: true })).toBeNull();
  });

  it('say when nothing fits', async () => {
    await open('/clusters?q=khong-co-cum-nay');
    expect(screen.getByText('Không có cụm nào khớp với cách lọc này.')).toBeVisible();
  });

  it('hide what lies in an area that is closed', async () => {
    const { user } = await open();
    await user.click(screen.getByRole('button', { name: /Xã Khổng Lào/ }));
    expect(screen.queryAllByRole('link')).toEqual([]);
    await user.click(screen.getByRole('button', { name: /Xã Khổng Lào/ }));
    expect(names()).toEqual(['b', 'a', 'c']);
  });

  it('change when the server says so', async () => {
    const { client } = await open();
    act(() => {
      client.setQueryData<Parameters<typeof patch>[0]>(['clusters', 'brief'], (have) => have && patch(have, [{ ...some[2], ...away } as (typeof some)[number]]).next);
    });
    await waitFor(() => expect(screen.getByRole('button', { name: /Mất liên lạc/ })).toHaveTextContent('2'));
  });

  it('are ten thousand, of which a few dozen are drawn', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => cluster({ id: `c-${i}`, name: `Cụm ${i}`, area: i % 2 ? '03388' : '03388.01' }));
    await open('/clusters?view=list', many);
    const rows = screen.getAllByRole('listitem');
    expect(rows.length).toBeLessThan(60);
    expect(rows[0]).toHaveAttribute('aria-setsize', '10000');
    expect(within(screen.getByRole('group')).getByRole('button', { name: /Tất cả/ })).toHaveTextContent('10.000');
  });
});

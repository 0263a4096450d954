import { screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { cluster } from '@/test/fleet';
import { serve, show } from '@/test/page';
import type { Alarm } from './alarms';
import Technician from './Technician';

const alarm = (id: string, given: Partial<Alarm> = {}): Alarm => ({ cluster: id, name: `Cụm ${id}`, area: '03388.01', code: 'offline', since: '2026-11-21T10:00:00Z', params: {}, ...given });
const off = (id: string) => cluster({ id, online: false, silence: { code: 'offline', params: {} } });

describe('the home of a technician', () => {
  it('leads from the newest trouble to its cluster', async () => {
    serve({
      'GET /api/v1/alarms': [alarm('a'), alarm('b', { code: 'other-fault', params: { part: 'clock' } }), alarm('c', { code: 'never-seen', since: undefined })],
      'GET /api/v1/clusters/brief': { at: '', clusters: [off('a'), cluster({ id: 'b' }), off('c'), cluster({ id: 'd' })] },
    });
    await show(<Technician />);
    const links = within(await screen.findByRole('region', { name: 'Sự cố mới nhất' })).getAllByRole('link');
    expect(links[0]).toHaveAttribute('href', '/clusters/a');
    expect(links[0]).toHaveTextContent('Mất điện hoặc mất mạng');
    expect(links[0]).toHaveTextContent('Cụm a · Bản Phai, Xã Khổng Lào');
    expect(links[1]).toHaveTextContent('Thiết bị báo lỗi: đồng hồ');
    expect(links[2]).toHaveTextContent('từ đầu');
  });

  it('counts, and every count leads to what it counts', async () => {
    serve({ 'GET /api/v1/alarms': [], 'GET /api/v1/clusters/brief': { at: '', clusters: [off('a'), cluster({ id: 'b' }), cluster({ id: 'c', area: '03388' })] } });
    await show(<Technician />);
    const silent = await screen.findByRole('link', { name: /^1\s*Im lặng/ });
    expect(silent).toHaveAttribute('href', '/clusters?state=silent&view=list');
    expect(screen.getByText('Không có sự cố nào.')).toBeVisible();
    expect(screen.getByRole('link', { name: 'Xã Khổng Lào: 2 trong 3 cụm phát được' })).toHaveAttribute('href', '/clusters?area=03388');
  });

  it('says in one line what cut off a whole commune', async () => {
    serve({ 'GET /api/v1/alarms': ['a', 'b', 'c', 'd'].map((id) => alarm(id)), 'GET /api/v1/clusters/brief': { at: '', clusters: ['a', 'b', 'c', 'd'].map(off) } });
    await show(<Technician />);
    const line = await screen.findByRole('link', { name: /4 cụm ở Xã Khổng Lào/ });
    expect(line).toHaveAttribute('href', '/clusters?area=03388&state=silent&view=list');
  });
});

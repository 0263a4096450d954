import { afterEach, describe, expect, it, vi } from 'vitest';
import { refuse, serve } from '@/test/page';
import { address, api } from './client';
import { areasOf } from './areas';
import { isProblem, Problem } from './problem';
import { session } from './session';

afterEach(() => {
  vi.unstubAllGlobals();
  session.abandoned(new Error('test is over'));
});

describe('addresses', () => {
  it.each([
    ['/alarms', {}, '/api/v1/alarms'],
    ['/clusters/{id}', { path: { id: 'a/../b' } }, '/api/v1/clusters/a%2F..%2Fb'],
    ['/orders', { query: { kind: 'alert', state: undefined, subject: '', limit: 0 } }, '/api/v1/orders?kind=alert&limit=0'],
    ['/x', { query: { area: ['1', '2'], q: 'a&b' } }, '/api/v1/x?area=1&area=2&q=a%26b'],
  ])('%s %j', (path, options, want) => expect(address(path, options)).toBe(want));

  it('needs what stands in the path', () => expect(() => address('/clusters/{id}', { path: { id: '' } })).toThrow('id is missing'));
});

describe('api', () => {
  it('sends JSON and If-Match, and reads the ETag', async () => {
    const asked = serve({ 'GET /api/v1/bulletins/b': { id: 'b' }, 'PUT /api/v1/bulletins/b': (body) => body as object });
    const { data, etag } = await api.tagged('/bulletins/{id}', { path: { id: 'b' } });
    await api.put('/bulletins/{id}', { path: { id: 'b' }, body: data, ifMatch: etag });
    expect(asked[1]).toMatchObject({ method: 'PUT', body: { id: 'b' } });
    expect(asked[1]?.headers.get('If-Match')).toBe('"1"');
    expect(asked[1]?.headers.get('Content-Type')).toBe('application/json');
  });

  it('tells what is wrong by code and field', async () => {
    serve({ 'GET /api/v1/alarms': () => refuse(422, 'invalid', 'title: is empty', [{ location: 'messages[0].text', message: 'is empty' }], { 'Retry-After': '7' }) });
    const e = await api.get('/alarms').catch((x: unknown) => x);
    expect(isProblem(e, 'invalid')).toBe(true);
    expect(e).toMatchObject({ status: 422, retryAfter: 7 });
    expect((e as Problem).at('messages')).toBe('is empty');
    expect((e as Problem).at('message')).toBeUndefined();
  });

  it('knows what is no answer of the server', async () => {
    serve({ 'GET /api/v1/alarms': () => new Response('<html>Bad gateway</html>', { status: 502 }) });
    await expect(api.get('/alarms')).rejects.toMatchObject({ code: 'http-502' });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    await expect(api.get('/alarms')).rejects.toMatchObject({ code: 'network', status: 0 });
  });

  it('waits for the person to sign in again, and then goes on', async () => {
    let signedIn = false;
    const asked = serve({ 'POST /api/v1/alerts': (body) => (signedIn ? { hash: 'h', was: body } : refuse(401, 'signed-out')) });
    const body = { mode: 'drill' } as never;
    const answers = Promise.all([api.post('/alerts', { body }), api.post('/alerts', { body })]);
    await vi.waitFor(() => expect(session.hasEnded()).toBe(true));
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    await Promise.resolve();
    signedIn = true;
    session.resumed();
    expect(await answers).toMatchObject([{ was: { mode: 'drill' } }, { was: { mode: 'drill' } }]);
    expect(asked).toHaveLength(4);
    expect(session.hasEnded()).toBe(false);
  });

  it('does not wait while somebody signs in', async () => {
    serve({ 'POST /api/v1/session': () => refuse(401, 'wrong-password') });
    await expect(api.post('/session', { body: { person: 'a', password: 'b' }, signingIn: true })).rejects.toMatchObject({ code: 'wrong-password' });
    expect(session.hasEnded()).toBe(false);
  });
});

describe('areas', () => {
  const a = areasOf(
    [
      { code: '12', kind: 'province', nameVi: 'Lai Châu', nameEn: 'Lai Chau' },
      { code: '03388', kind: 'commune', nameVi: 'Khổng Lào', parent: '12' },
      { code: '03388.01', kind: 'village', nameVi: 'Bản Phai', parent: '03388' },
    ],
    true,
  );
  it('have names, paths and children', () => {
    expect(a.path('03388.01')).toEqual(['12', '03388', '03388.01']);
    expect(a.path('99')).toEqual(['99']);
    expect(a.name('12')).toBe('Lai Chau');
    expect(a.name('03388')).toBe('Khổng Lào');
    expect(a.name('99999')).toBe('99999');
    expect(a.children('12').map((c) => c.code)).toEqual(['03388']);
    expect(a.commune('03388.01')).toBe('03388');
    expect(a.commune('12')).toBeUndefined();
  });
});

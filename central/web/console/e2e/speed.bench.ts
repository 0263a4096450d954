import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { fault } from './boards';
import { people, signIn } from './people';
import { root, story } from './stage';

/** Lines as scripts/bench prints them; it tells where. */
const file = process.env['BENCH_FILE'] ?? join(root, 'build/bench/console.jsonl');
const rounds = 9;

function print(name: string, unit: string, value: number, baseline?: number): void {
  const short = (v: number) => Number(v.toPrecision(4));
  mkdirSync(dirname(file), { recursive: true });
  const ratio = baseline ? short(value / baseline) : null;
  appendFileSync(file, JSON.stringify({ name: `console/${name}`, value: short(value), unit, baseline: baseline ? short(baseline) : null, ratio }) + '\n');
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

test.describe.configure({ mode: 'serial' });

test('a fresh clone, to the first sound', async ({ page }) => {
  print('first-sound-of-a-fresh-clone', 's', story.firstSound);
  await page.goto(story.link);
  await expect(page.locator('input[type=password]')).toHaveCount(2);
  for (const field of await page.locator('input[type=password]').all()) await field.fill(story.password);
  await page.getByRole('button', { name: 'Đặt mật khẩu' }).click();
  await expect(page.getByRole('heading', { name: 'Đăng nhập' })).toBeVisible();
});

// From what the server says is the time of its receipt. The baseline is when the
// same change is in the event stream: what is above it is the console's.
test('a change, to the screen', async ({ page }) => {
  const cluster = 'phong-tho-02';
  await signIn(page, people.technician);
  await page.goto(`${story.address}/clusters/${cluster}`);
  const gone = page.getByText(/Mất điện hoặc mất mạng/i).first();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const stream = follow(cluster);
  const told: number[] = [];
  const shown: number[] = [];
  for (let i = 0; i < rounds; i++) {
    for (const kind of ['unplugged', 'none']) {
      const news = stream.next(kind === 'none');
      const seen = gone.waitFor({ state: kind === 'none' ? 'hidden' : 'visible', timeout: 60_000 }).then(() => Date.now());
      await fault(cluster, kind);
      const { received, heard } = await news;
      told.push(heard - received);
      shown.push((await seen) - received);
    }
  }
  stream.end();
  print('change-to-screen', 'ms', median(shown), median(told));
});

// The baseline is the same page of the demo's own clusters.
test('a list of 10,000 clusters', async ({ page }) => {
  // The demo goes on being set up, with both hands full of voices to encode.
  await expect.poll(() => existsSync(join(story.data, 'central/demo/complete')), { timeout: 300_000, intervals: [1000] }).toBe(true);
  await signIn(page, people.technician);
  const few = await opened(page);
  await generate(10_000);
  const many = await opened(page);
  await page.goto(`${story.address}/clusters?view=list`);
  await expect(page.getByRole('main')).toContainText('10.000');
  print('10000-clusters-interactive', 'ms', median(many.ready), median(few.ready));
  print('10000-clusters-filtered', 'ms', median(many.filtered), median(few.filtered));
});

const token = () => readFileSync(join(story.data, 'central/demo/administrator.token'), 'utf8').trim();

interface Brief {
  id: string;
  online: boolean;
  since?: string;
}

/** Listens to the events of the server about one cluster. */
function follow(cluster: string): { next(online: boolean): Promise<{ received: number; heard: number }>; end(): void } {
  let hear: (b: Brief) => void = () => undefined;
  const stream = request(`${story.address}/api/v1/events`, { headers: { Authorization: `Bearer ${token()}`, Accept: 'text/event-stream' } }, (answer) => {
    answer.on('error', () => undefined); // by end()
    let event = '';
    let rest = '';
    answer.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('event: ')) event = line.slice(7);
        else if (line.startsWith('data: ') && event === 'clusters') {
          for (const b of JSON.parse(line.slice(6)) as Brief[]) if (b.id === cluster) hear(b);
        }
      }
    });
  });
  stream.on('error', () => undefined);
  stream.end();
  return {
    next: (online) =>
      new Promise((done) => {
        hear = (b) => {
          if (b.online === online && b.since) done({ received: Date.parse(b.since), heard: Date.now() });
        };
      }),
    end: () => stream.destroy(),
  };
}

/** Times the list, from the moment that its address is entered until a press is
 * answered, and from a key until what was sought is all there is. */
async function opened(page: Page): Promise<{ ready: number[]; filtered: number[] }> {
  const ready: number[] = [];
  const filtered: number[] = [];
  for (let i = 0; i < rounds; i++) {
    await page.goto(`${story.address}/clusters?view=list`, { waitUntil: 'commit' });
    ready.push(await page.evaluate(untilIdle, 'main a[href^="/clusters/"]'));
    const found = page.evaluate(untilFound, 'main [role=status]');
    await page.getByLabel('Tìm theo tên').fill('Đoàn Kết');
    filtered.push(await found);
  }
  return { ready, filtered };
}

/** Milliseconds since the navigation began, when the first row is there and the
 * page has drawn it and has nothing else to do. */
function untilIdle(row: string): Promise<number> {
  return new Promise((done) => {
    const look = () => {
      if (!document.querySelector(row)) return requestAnimationFrame(look);
      return requestIdleCallback(() => done(performance.now()));
    };
    look();
  });
}

function untilFound(counts: string): Promise<number> {
  const began = performance.now();
  const before = document.querySelector(counts)?.textContent;
  return new Promise((done) => {
    const look = () => {
      if (document.querySelector(counts)?.textContent === before) return requestAnimationFrame(look);
      return requestIdleCallback(() => done(performance.now() - began));
    };
    look();
  });
}

/** Registers clusters until there are so many. */
async function generate(total: number): Promise<void> {
  const headers = { Authorization: `Bearer ${token()}`, 'Content-Type': 'application/json' };
  const get = async (path: string) => (await (await fetch(`${story.address}/api/v1${path}`, { headers })).json()) as unknown;
  const { clusters } = (await get('/clusters/brief')) as { clusters: unknown[] };
  const communes = ((await get('/areas')) as { code: string; kind: string }[]).filter((a) => a.kind === 'commune');
  const numbers = Array.from({ length: total - clusters.length }, (_, i) => i);
  const add = async () => {
    for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) {
      const id = `sinh-ra-${String(n).padStart(5, '0')}`;
      const body = JSON.stringify({ id, name: `Cụm loa sinh ra số ${String(n)}`, area: communes[n % communes.length]?.code, languages: ['vi'] });
      const answer = await fetch(`${story.address}/api/v1/clusters`, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(`add ${id}: ${String(answer.status)} ${await answer.text()}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, add));
}

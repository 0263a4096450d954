import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { people, signIn } from './people';
import { accessible, root, story } from './stage';

// Every page as it looks: desk and phone, light and dark, both languages. The
// pictures are for a person to look at; what a machine can see is asserted.
const pictures = join(root, 'build/pages');

const sizes = { desk: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } } as const;

interface Seen {
  name: string;
  path: string | ((page: Page) => Promise<string>);
}

const everyone: Seen[] = [
  { name: 'home', path: '/' },
  { name: 'clusters', path: '/clusters' },
  { name: 'cluster', path: '/clusters/doan-ket-02' },
  { name: 'me', path: '/me' },
];
const content: Seen[] = [
  { name: 'bulletins', path: '/bulletins' },
  { name: 'bulletin', path: '/bulletins/phong-chay-rung' },
  { name: 'bulletin-new', path: '/bulletins/new' },
  { name: 'programmes', path: '/programmes' },
  { name: 'alerts', path: '/alerts' },
  { name: 'alert-new', path: '/alerts/new' },
  { name: 'alert-live', path: '/alerts/new?mode=live&hazard=flash-flood' },
  { name: 'alert-drill', path: '/alerts/new?mode=drill&hazard=flash-flood' },
  { name: 'alert', path: lastAlert },
];
const roles = {
  nobody: [
    { name: 'sign-in', path: '/sign-in' },
    { name: 'welcome', path: '/welcome' },
  ],
  technician: everyone,
  officer: [...everyone, ...content],
  broadcaster: [...everyone.slice(0, 1), ...content],
  administrator: [...everyone.slice(0, 1), { name: 'people', path: '/people' }, { name: 'not-found', path: '/khong-co' }],
};

async function lastAlert(page: Page): Promise<string> {
  const answer = await page.request.get(`${story.address}/api/v1/alerts?state=all&limit=1`);
  const { alerts = [] } = { alerts: (await answer.json()) as { mode: string; id: string }[] };
  const [last] = alerts;
  return last ? `/alerts/${last.mode}/${last.id}` : '/alerts';
}

interface Look {
  language: 'vi' | 'en';
  scheme: 'light' | 'dark';
  size: keyof typeof sizes;
}

// Each of the three has its turn in both its ways; STORY_LOOKS=all takes all eight.
const looks: Look[] =
  process.env['STORY_LOOKS'] === 'all'
    ? (['vi', 'en'] as const).flatMap((language) =>
        (['light', 'dark'] as const).flatMap((scheme) => (['desk', 'phone'] as const).map((size) => ({ language, scheme, size }))),
      )
    : [
        { language: 'vi', scheme: 'light', size: 'desk' },
        { language: 'vi', scheme: 'dark', size: 'phone' },
        { language: 'en', scheme: 'light', size: 'phone' },
      ];

for (const [role, pages] of Object.entries(roles) as [keyof typeof roles, Seen[]][]) {
  test(`${role}: mọi trang`, async ({ page }) => {
    test.setTimeout(600_000);
    const broken: string[] = [];
    page.on('pageerror', (e) => broken.push(`${page.url()}: ${e.message}`));
    page.on('console', (m) => {
      if (m.type() === 'error') broken.push(`${page.url()}: ${m.text()}`);
    });
    if (role !== 'nobody') await signIn(page, people[role]);
    else await page.goto(`${story.address}/sign-in`);
    for (const { language, scheme, size } of looks) {
      const folder = join(pictures, language, scheme, size);
      mkdirSync(folder, { recursive: true });
      await page.evaluate((l) => localStorage.setItem('loa.language', l), language);
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize(sizes[size]);
      for (const { name, path } of pages) {
        const at = typeof path === 'string' ? path : await path(page);
        await page.goto(story.address + at);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.locator('.mantine-Loader-root')).toHaveCount(0);
        await page.screenshot({ path: join(folder, `${role}-${name}.png`), fullPage: size === 'phone' });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide, `${at} is wider than the screen`).toBeLessThanOrEqual(sizes[size].width);
        expect(await page.locator('html').getAttribute('lang')).toBe(language);
        await accessible(page);
      }
    }
    expect(broken).toEqual([]);
  });
}

import { closeSync, ftruncateSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { people, signIn } from './people';
import { story } from './stage';
import { mp3 } from './voice';
import { wire } from './wire';

async function newBulletin(page: Page, title: string): Promise<void> {
  await page.goto(`${story.address}/bulletins/new`);
  await write(page, title);
}

async function write(page: Page, title: string): Promise<void> {
  await page.getByLabel('Tiêu đề').fill(title);
  await page.getByLabel('Lời bản tin (Tiếng Việt)').fill('Mời bà con chú ý theo dõi.');
  await page.getByRole('checkbox', { name: /Tỉnh Lai Châu/ }).check();
}
const save = (page: Page) => page.getByRole('button', { name: 'Lưu bản tin' }).click();

test('phiên làm việc hết giữa chừng: đăng nhập lại, chữ đã viết còn nguyên', async ({ page }) => {
  await signIn(page, people.broadcaster);
  await newBulletin(page, 'Phiên hết giữa chừng');
  await page.context().clearCookies();
  await save(page);
  const again = page.getByRole('dialog', { name: 'Phiên làm việc đã hết hạn' });
  await again.getByLabel('Mật khẩu').fill(story.password);
  await again.getByRole('button', { name: 'Đăng nhập lại' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Phiên hết giữa chừng' })).toBeVisible();
});

test('hai người cùng sửa một bản tin: không ai mất chữ nào', async ({ page, browser }) => {
  await signIn(page, people.broadcaster);
  await newBulletin(page, 'Hai người cùng sửa');
  await save(page);
  await expect(page.getByRole('heading', { level: 1, name: 'Hai người cùng sửa' })).toBeVisible();
  const at = page.url();

  const other = await (await browser.newContext()).newPage();
  await signIn(other, people.secondBroadcaster);
  await other.goto(at);
  for (const who of [page, other]) await who.getByRole('button', { name: 'Sửa', exact: true }).click();
  await other.getByLabel('Tiêu đề').fill('Tiêu đề của Dợ');
  await other.getByLabel('Lời bản tin (Tiếng Việt)').fill('Lời của Dợ.');
  await page.getByLabel('Lời bản tin (Tiếng Việt)').fill('Lời của Đức.');
  await save(other);
  await expect(other.getByRole('heading', { level: 1, name: 'Tiêu đề của Dợ' })).toBeVisible();

  // Told at once, before anything is saved; what only one changed is taken.
  await expect(page.getByText('Hai người cùng sửa 1 chỗ')).toBeVisible();
  await expect(page.getByText('Lời của Dợ.')).toBeVisible();
  await expect(page.getByLabel('Tiêu đề')).toHaveValue('Tiêu đề của Dợ');
  await page.getByRole('button', { name: 'Giữ của bạn' }).click();
  await expect(page.getByLabel('Lời bản tin (Tiếng Việt)')).toHaveValue('Lời của Đức.');
  await save(page);
  await expect(page.getByText('Lời của Đức.')).toBeVisible();
  await other.context().close();
});

test('đóng trình duyệt khi đang gửi tệp: chữ còn, tệp gửi lại được; tệp 2 GB bị từ chối ngay', async ({ page }) => {
  await signIn(page, people.broadcaster);
  await newBulletin(page, 'Đóng giữa chừng');
  await page.route('**/api/v1/audio?*', () => undefined); // never answered
  await page.locator('input[type=file]').setInputFiles(mp3('Xin chào bà con.'));
  await expect(page.getByText(/^Đang gửi bản tin.mp3/)).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Tiêu đề')).toHaveValue('Đóng giữa chừng');
  await page.unroute('**/api/v1/audio?*');

  await page.route('**/api/v1/audio?*', (r) => r.abort('connectionreset'), { times: 1 });
  await page.locator('input[type=file]').setInputFiles(mp3('Xin chào bà con.'));
  await expect(page.getByRole('alert')).toContainText('Không liên lạc được với máy chủ');
  await page.getByRole('button', { name: /^Gửi lại/ }).click();
  await expect(page.getByRole('button', { name: 'Nghe Tiếng Việt' })).toBeEnabled({ timeout: 60_000 });

  const huge = join(mkdtempSync(join(tmpdir(), 'loa-huge-')), 'ghi âm cả ngày.wav');
  const file = openSync(huge, 'w');
  ftruncateSync(file, 2 * 2 ** 30);
  closeSync(file);
  await page.locator('input[type=file]').setInputFiles(huge);
  await expect(page.getByText(/máy chủ chỉ nhận đến/)).toBeVisible();
  await page.getByRole('button', { name: 'Bỏ những gì chưa lưu' }).click();
});

test('mất mạng một lúc: nói là cũ, không mất gì, rồi tự nối lại', async ({ page }) => {
  const line = await wire();
  await signIn(page, people.broadcaster, line.address);
  await expect(page.getByText('Đang cập nhật')).toBeVisible();
  await page.goto(`${line.address}/bulletins/new`);
  await write(page, 'Viết lúc mất mạng');
  line.cut();
  await expect(page.getByText(/đã cũ|đang nối lại/).first()).toBeVisible({ timeout: 60_000 });
  await save(page);
  await expect(page.getByText('Không liên lạc được với máy chủ').first()).toBeVisible();
  line.mend();
  await expect(page.getByText('Đang cập nhật')).toBeVisible({ timeout: 60_000 });
  await save(page);
  await expect(page.getByRole('heading', { level: 1, name: 'Viết lúc mất mạng' })).toBeVisible();
  line.end();
});

test('đồng hồ của máy bàn sai một ngày: lịch và ngày vẫn đúng', async ({ page, browser }) => {
  const wrong = await (await browser.newContext()).newPage();
  await wrong.clock.setSystemTime(Date.now() + 86_400_000);
  for (const who of [page, wrong]) await signIn(who, people.officer);
  const soon = async (who: Page) => {
    await who.goto(`${story.address}/`);
    const items = who.getByRole('main').getByRole('listitem');
    await expect(items.first()).toBeVisible();
    return items.allInnerTexts();
  };
  const from = async (who: Page) => {
    await who.goto(`${story.address}/bulletins/new`);
    return who.getByLabel('Phát được từ ngày').inputValue();
  };
  // The minute, or the day, may turn between the two.
  await expect(async () => {
    expect(await soon(wrong)).toEqual(await soon(page));
    expect(await from(wrong)).toEqual(await from(page));
  }).toPass({ timeout: 60_000 });
  await wrong.context().close();
});

test('chữ có mã HTML và dấu đảo chiều chỉ là chữ', async ({ page }) => {
  page.on('dialog', () => {
    throw new Error('a script of a bulletin ran');
  });
  await signIn(page, people.broadcaster);
  const title = '<img src=x onerror=alert(1)> Họp';
  await newBulletin(page, `\u202e${title}`);
  await expect(page.getByLabel('Tiêu đề')).toHaveValue(title);
  await page.getByLabel('Lời bản tin (Tiếng Việt)').fill('a'.repeat(100_000));
  await save(page);
  await expect(page.getByText(/Dài 100000 ký tự, nhiều nhất 20000/)).toBeVisible();
  await page.getByLabel('Lời bản tin (Tiếng Việt)').fill('Mời họp.');
  await save(page);
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
  expect(await page.locator('main img').count()).toBe(0);
});

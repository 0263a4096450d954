import { expect, test } from '@playwright/test';
import { people, signIn } from './people';
import { accessible, story } from './stage';

test('đường dẫn mời: xem thì không mất, đặt mật khẩu xong thì không dùng lại được', async ({ page, request }) => {
  test.skip(story.link === '', 'the province runs already, and its link is used');
  // What a chat program does with a link that somebody sends.
  for (let i = 0; i < 3; i++) expect((await request.get(story.link, { headers: { Accept: 'text/html' } })).ok()).toBe(true);

  await page.goto(story.link);
  await expect(page.getByText('một mật khẩu cho tất cả')).toBeVisible();
  await accessible(page);
  const [password, again] = await page.locator('input[type=password]').all();
  if (!password || !again) throw new Error('the page asks for no password');
  await password.fill('ngắn');
  await again.fill('ngắn');
  await page.getByRole('button', { name: 'Đặt mật khẩu' }).click();
  await expect(page.getByRole('heading', { name: 'Chào mừng đến với Loa' })).toBeVisible(); // still here
  await password.fill(story.password);
  await again.fill(story.password);
  await page.getByRole('button', { name: 'Đặt mật khẩu' }).click();
  await expect(page.getByRole('heading', { name: 'Đăng nhập' })).toBeVisible();
  await accessible(page);

  await page.goto(story.link);
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('đã được dùng');
});

test('sai mật khẩu thì nói rõ; đổi ngôn ngữ thì nhớ', async ({ page }) => {
  await page.goto(`${story.address}/sign-in`);
  await page.getByRole('radio', { name: people.technician.name }).check();
  await page.getByLabel('Mật khẩu').fill('không phải mật khẩu này');
  await page.getByRole('button', { name: 'Đăng nhập' }).click();
  await expect(page.getByRole('alert')).toContainText('Sai mật khẩu');
  await signIn(page, people.technician);
  await page.getByRole('button', { name: 'Ngôn ngữ: English' }).click();
  await expect(page.getByRole('navigation', { name: 'Pages' }).first()).toBeVisible();
  await page.reload();
  await expect(page.getByRole('navigation', { name: 'Pages' }).first()).toBeVisible();
});

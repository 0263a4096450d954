import { expect, test } from '@playwright/test';
import { secondsHeard } from './boards';
import { people, sign, signIn } from './people';
import { accessible, story } from './stage';
import { mp3 } from './voice';

const title = 'Họp tổ dân phố tối nay';

test.describe.configure({ mode: 'serial' });

test('biên tập viên đưa tệp mp3 lên, nghe lại, duyệt và ký', async ({ page }) => {
  await signIn(page, people.broadcaster);
  await page.goto(`${story.address}/bulletins`);
  await page.getByRole('link', { name: 'Bản tin mới' }).click();

  // What is missing is said at once, and nothing is sent.
  await page.getByRole('button', { name: 'Lưu bản tin' }).click();
  await expect(page.getByText('Còn 3 chỗ cần sửa')).toBeVisible();
  await accessible(page);

  await page.getByLabel('Tiêu đề').fill(title);
  await page.getByLabel('Lời bản tin (Tiếng Việt)').fill('Tối nay, mười chín giờ, mời bà con họp tại nhà văn hóa.');
  await page.locator('input[type=file]').setInputFiles(mp3('Tối nay, mười chín giờ, mời bà con đến nhà văn hóa họp tổ dân phố. Xin cảm ơn.'));
  await expect(page.getByRole('button', { name: 'Nghe Tiếng Việt' })).toBeEnabled({ timeout: 60_000 });
  await page.getByRole('checkbox', { name: /Phong Thổ/ }).check();
  await page.getByRole('button', { name: 'Lưu bản tin' }).click();

  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
  await expect(page.getByText('Chờ duyệt')).toBeVisible();
  await page.getByRole('button', { name: 'Nghe Tiếng Việt' }).click();
  await expect(page.getByRole('button', { name: 'Tạm dừng Tiếng Việt' })).toBeVisible();
  await page.getByRole('button', { name: 'Duyệt và ký' }).click();
  await sign(page, 'Ký và duyệt bản tin');
  await expect(page.getByText('Đã duyệt')).toBeVisible();
  await expect(page.getByText('5 / 5 cụm loa đã nhận')).toBeVisible({ timeout: 30_000 });
  await accessible(page);
});

test('đặt lịch cho một xã hai phút nữa: loa ở đó phát, và màn hình cho biết đã nghe tiếng', async ({ page }) => {
  test.setTimeout(10 * 60_000);
  await signIn(page, people.broadcaster);
  await page.goto(`${story.address}/bulletins`);
  await page.getByRole('link', { name: new RegExp(title) }).first().click();
  await page.getByRole('link', { name: 'Đưa vào lịch phát' }).click();

  // The wall clock in Vietnam, to the minute, at least 90 s from now.
  const due = Math.ceil((Date.now() + 90_000) / 60_000) * 60_000;
  const wall = new Date(due + 7 * 3_600_000).toISOString();
  const form = page.getByRole('dialog', { name: 'Chương trình mới' });
  await expect(form.getByLabel('Tên chương trình')).toHaveValue(title);
  await form.getByLabel('Ngày', { exact: true }).fill(wall.slice(0, 10));
  await form.getByLabel('Giờ phát').fill(wall.slice(11, 16));
  await form.getByLabel('Giờ phát').press('Tab');
  // Of the seeds' own programmes, which may play at this very time, it comes first.
  await form.getByLabel('Thứ tự ưu tiên').fill('-1');
  await accessible(page);
  await form.getByRole('button', { name: 'Lưu' }).click();
  const anyway = form.getByRole('button', { name: 'Vẫn lưu' });
  await expect(async () => {
    if (await anyway.isVisible()) await anyway.click();
    await expect(form).toBeHidden({ timeout: 1000 });
  }).toPass({ timeout: 30_000 });

  await expect.poll(() => secondsHeard('phong-tho-01', due), { timeout: 6 * 60_000, intervals: [2000] }).toBeGreaterThan(3);
  await page.goto(`${story.address}/clusters/phong-tho-01`);
  const entry = page.getByRole('listitem').filter({ hasText: title }).filter({ hasText: 'Nghe thấy tiếng' });
  await expect(entry.first()).toBeVisible({ timeout: 90_000 });
  await accessible(page);
});

import { expect, test } from '@playwright/test';
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

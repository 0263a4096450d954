import { expect, test } from '@playwright/test';
import { people, signIn } from './people';
import { accessible, story } from './stage';

const title = 'An toàn trên đường đèo';

test('kéo trên lịch tuần ra một chương trình; chỗ trùng giờ được nêu trước khi lưu; xem trước một ngày của một cụm', async ({ page }) => {
  test.setTimeout(300_000);
  await signIn(page, people.broadcaster);
  // Next week; the wall clock is Vietnam's.
  const week = `${story.address}/programmes?from=${new Date(Date.now() + (7 * 24 + 7) * 3_600_000).toISOString().slice(0, 10)}`;
  await page.goto(week);
  // The demo goes on being set up while its first boards sound already.
  await expect(page.getByRole('button', { name: /^17:00/ }).first()).toBeAttached({ timeout: 180_000 });

  // Half an hour of a Wednesday afternoon.
  const from = page.getByRole('button', { name: /^Thêm chương trình lúc 16:15 thứ Tư/i });
  await from.scrollIntoViewIfNeeded();
  await from.dragTo(page.getByRole('button', { name: /^Thêm chương trình lúc 16:30 thứ Tư/i }));
  const form = page.getByRole('dialog', { name: 'Chương trình mới' });
  await expect(form.getByLabel('Giờ phát')).toHaveValue('16:15');
  await expect(form.getByLabel('Phút')).toHaveValue('30');
  const day = await form.getByLabel('Ngày', { exact: true }).inputValue();
  expect(new Date(`${day}T12:00:00Z`).getUTCDay()).toBe(3);
  await form.getByLabel('Tên chương trình').fill(title);
  await form.getByLabel('Thêm bản tin').click();
  await page.getByRole('option', { name: 'An toàn giao thông trên đường đèo dốc', exact: true }).click();
  await form.getByLabel('Lặp lại').selectOption('Hằng ngày');
  await expect(form.getByText('Không trùng giờ với chương trình nào')).toBeVisible();
  // The seeds' own programmes begin at five.
  await form.getByLabel('Giờ phát').fill('16:50');
  await form.getByLabel('Giờ phát').press('Tab');
  await expect(form.getByText(/Trùng giờ với \d+ chương trình/)).toBeVisible();
  await accessible(page);
  await form.getByRole('button', { name: 'Lưu' }).click();
  await form.getByRole('button', { name: 'Vẫn lưu' }).click();
  await expect(form).toBeHidden();
  const drawn = page.getByRole('button', { name: new RegExp(title) });
  await expect(drawn).toHaveCount(5); // until Sunday
  await accessible(page);

  // Computed by what boards run, for one cluster.
  await page.goto(`${story.address}/programmes?view=day&cluster=phong-tho-01&on=${day}`);
  await expect(page.getByRole('listitem').filter({ hasText: title }).first()).toBeVisible();
  await accessible(page);

  await page.goto(week);
  await drawn.first().click();
  await page.getByRole('button', { name: 'Xóa chương trình' }).click();
  await page.getByRole('button', { name: 'Xóa hẳn' }).click();
  await expect(drawn).toHaveCount(0);
});

import { expect, test } from '@playwright/test';
import { secondsHeard } from './boards';
import { people, sign, signIn } from './people';
import { accessible, story } from './stage';

// A phone in the rain: 360 px, one hand.
test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

test('cán bộ xã phát báo động, thấy từng cụm loa, rồi hủy', async ({ page }) => {
  test.setTimeout(240_000);
  await signIn(page, people.officer);
  const began = Date.now();
  await page.getByRole('link', { name: /PHÁT BÁO ĐỘNG/ }).click();
  await page.getByRole('button', { name: 'Lũ quét', exact: true }).click();
  await expect(page.getByText('phường Đoàn Kết').first()).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'XEM LỆNH VÀ PHÁT' }).click();
  await sign(page, 'Giữ để phát báo động');

  await expect(page).toHaveURL(/\/alerts\/live\//);
  await expect(page.getByText('Đang có hiệu lực').first()).toBeVisible();
  // Sounding first, and heard when a whole repetition was, by each board's own sensors.
  await expect(page.getByText(/[1-5] đang phát/).first()).toBeVisible({ timeout: 30_000 });
  await accessible(page);
  await expect(page.getByText(/[1-5] đã nghe tiếng/).first()).toBeVisible({ timeout: 120_000 });
  expect(await secondsHeard('doan-ket-02', began), 'the board itself sounded').toBeGreaterThan(10);

  await page.getByRole('button', { name: /HỦY BÁO ĐỘNG/ }).click();
  await sign(page, 'Giữ để hủy báo động');
  await expect(page.getByText('Đã hủy').first()).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText(/[1-5] đang phát/)).toHaveCount(0, { timeout: 20_000 });
});

test('cán bộ xã không với tới xã khác', async ({ page }) => {
  await signIn(page, people.officer);
  await page.goto(`${story.address}/alerts/new?mode=live&hazard=flash-flood`);
  await expect(page.getByText('phường Đoàn Kết').first()).toBeVisible();
  await expect(page.getByText(/Phong Thổ/)).toHaveCount(0);
  await page.goto(`${story.address}/clusters`);
  await expect(page.getByText('5 cụm', { exact: false }).first()).toBeVisible();
  await expect(page.getByText(/Phong Thổ/)).toHaveCount(0);

  // And not by hand, either: the server says no, whatever a page would show.
  const answer = await page.request.post(`${story.address}/api/v1/alerts`, {
    data: {
      mode: 'live',
      audience: ['03549'],
      lifetimeSeconds: 600,
      hazard: 'flood',
      siren: { blasts: 1, seconds: 5, gap: 1 },
      phrase: 'phrase:flood',
      messages: [{ language: 'vi', text: 'Thử' }],
      repetitions: 1,
      pause: 1,
    },
  });
  expect(answer.status()).toBe(403);
});

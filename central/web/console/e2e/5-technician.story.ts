import { expect, test } from '@playwright/test';
import { fault } from './boards';
import { people, signIn } from './people';
import { accessible } from './stage';

const unplugged = 'phong-tho-02';

test.afterEach(() => fault(unplugged, 'none'));

test('kỹ thuật viên tìm ra vì sao một cụm loa im lặng, trong hai lần bấm', async ({ page }) => {
  await signIn(page, people.technician);
  const alarm = page.getByRole('link', { name: new RegExp(unplugged) }).or(page.locator(`a[href="/clusters/${unplugged}"]`)).first();
  await expect(alarm).toHaveCount(0);
  await fault(unplugged, 'unplugged');
  // It comes up by itself; the last will needs no time-out.
  await expect(alarm).toBeVisible({ timeout: 20_000 });
  await accessible(page);
  await alarm.click(); // one
  await expect(page.getByText(/Mất điện hoặc mất mạng/i).first()).toBeVisible();
  await accessible(page);

  await fault(unplugged, 'none');
  await expect(page.getByText(/Mất điện hoặc mất mạng/i)).toHaveCount(0, { timeout: 30_000 });
});

import { expect, type Page } from '@playwright/test';
import { story } from './stage';

/** People of the demo: seeds/demo/people.csv. */
export const people = {
  broadcaster: { id: 'nguyen-minh-duc', name: 'Nguyễn Minh Đức' },
  secondBroadcaster: { id: 'vang-thi-do', name: 'Vàng Thị Dợ' },
  administrator: { id: 'lo-van-an', name: 'Lò Văn An' },
  technician: { id: 'hoang-van-tho', name: 'Hoàng Văn Thọ' },
  officer: { id: 'lu-thi-may', name: 'Lù Thị Mây', commune: '03388' },
};

/** Signs a person in, as people of the demo do: chosen by name. */
export async function signIn(page: Page, person: { id: string; name: string }, address = story.address): Promise<void> {
  await page.goto(`${address}/sign-in`);
  await page.getByLabel('Tìm theo tên hoặc địa bàn').fill(person.name);
  await page.getByRole('radio', { name: person.name }).check();
  await page.getByLabel('Mật khẩu').fill(story.password);
  await page.getByRole('button', { name: 'Đăng nhập' }).click();
  await expect(page.getByRole('navigation', { name: 'Các trang' }).first()).toBeVisible();
}

/** Signs what the dialog shows, with a key that is made where there is none. */
export async function sign(page: Page, button: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Ký lệnh' });
  await expect(dialog.getByText('đọc từ chính các byte')).toBeVisible();
  const make = dialog.getByRole('button', { name: 'Tạo khóa ký' });
  const go = dialog.getByRole('button', { name: button });
  await expect(make.or(go)).toBeVisible();
  if (await make.isVisible()) await make.click();
  await expect(go).toBeEnabled({ timeout: 30_000 });
  // To be held, as a thumb does, for longer than it asks.
  await go.click(button.startsWith('Giữ') ? { delay: 2000 } : {});
  await expect(dialog).toBeHidden({ timeout: 20_000 });
}

import AxeBuilder from '@axe-core/playwright';
import { fileURLToPath } from 'node:url';
import { expect, type Page } from '@playwright/test';

/** The folder of the whole project. */
export const root = fileURLToPath(new URL('../../../..', import.meta.url));

function said(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing: e2e/province.ts did not run`);
  return value;
}

/** What `scripts/run` printed for these stories. */
export const story = {
  get address() {
    return said('STORY_ADDRESS');
  },
  get link() {
    return said('STORY_LINK');
  },
  get board() {
    return said('STORY_BOARD');
  },
  get data() {
    return said('STORY_DATA');
  },
  /** The folder whose `scripts/run` it was. */
  get checkout() {
    return said('STORY_CHECKOUT');
  },
  /** Seconds. */
  get firstSound() {
    return Number(said('STORY_FIRST_SOUND'));
  },
  /** What the newcomer of the first story chooses for all the demo's people. */
  password: 'mận-trắng-Tả-Lèng-2026',
};

/** Nothing that axe calls serious or worse. */
export async function accessible(page: Page): Promise<void> {
  // axe would copy the styles of shadow trees into elements that the policy of
  // the page forbids; it does without.
  const { violations } = await new AxeBuilder({ page }).options({ preload: false }).analyze();
  const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  expect(
    serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`),
    page.url(),
  ).toEqual([]);
}

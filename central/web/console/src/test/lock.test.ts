import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const at = (name: string) => readFileSync(join(import.meta.dirname, '../..', name), 'utf8');

it('package-lock.json names no host (npm run lock)', () => {
  expect(at('package-lock.json')).not.toMatch(/https?:\/\//);
});

it('package.json pins every version', () => {
  const { dependencies, devDependencies } = JSON.parse(at('package.json')) as Record<string, Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
});

it('index.html has no script and no style of its own: the policy would refuse them', () => {
  const page = new DOMParser().parseFromString(at('index.html'), 'text/html');
  expect([...page.querySelectorAll('script')].filter((s) => !s.src || s.textContent)).toHaveLength(0);
  expect(page.querySelectorAll('style, [style], [onclick]')).toHaveLength(0);
});

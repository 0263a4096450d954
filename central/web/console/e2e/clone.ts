import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { started } from './province';
import { root } from './stage';

/** Runs what is committed as `scripts/run` of a fresh clone. */
export default async function clone(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'loa-clone-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('git', ['clone', '--quiet', root, folder]);
    const end = await started(folder);
    return async () => {
      await end();
      remove();
    };
  } catch (e) {
    remove();
    throw e;
  }
}

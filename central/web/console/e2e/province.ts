import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './stage';

/** How long `scripts/run` may take from nothing to the first sound. */
const patience = 8 * 60_000;

/**
 * Runs `scripts/run` in a folder of its own, as a newcomer does, and hands the
 * stories what it prints. With LOA_DATA set the folder stays, for a look at it
 * afterwards; with STORY_ADDRESS set the stories are told to one that runs.
 */
export default async function province(): Promise<() => Promise<void>> {
  if (!process.env['STORY_ADDRESS']) return started(root);
  process.env['STORY_CHECKOUT'] ??= root;
  return () => Promise.resolve();
}

/** Runs the `scripts/run` of a checkout, and gives what ends it again. */
export async function started(checkout: string): Promise<() => Promise<void>> {
  const kept = process.env['LOA_DATA'];
  const data = kept ?? mkdtempSync(join(tmpdir(), 'loa-stories-'));
  const run = spawn('scripts/run', ['--record'], {
    cwd: checkout,
    env: { ...process.env, LOA_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = async () => {
    await ended(run);
    if (!kept) rmSync(data, { recursive: true, force: true });
  };
  try {
    const said = await heard(run);
    const find = (what: RegExp) => {
      const found = what.exec(said)?.[1];
      if (!found) throw new Error(`scripts/run did not say ${String(what)}:\n${said}`);
      return found;
    };
    process.env['STORY_ADDRESS'] = find(/open (http:\/\/127\.0\.0\.1:\d+)/);
    process.env['STORY_LINK'] = /(http:\/\/\S+#\S+)/.exec(said)?.[1] ?? '';
    process.env['STORY_BOARD'] = find(/cluster (\S+) is a real agent/);
    process.env['STORY_DATA'] = data;
    process.env['STORY_CHECKOUT'] = checkout;
    process.env['STORY_FIRST_SOUND'] = find(/first sound after (\d+) s/);
  } catch (e) {
    await end();
    throw e;
  }
  return end;
}

/** All that `scripts/run` says until the first sound. */
async function heard(run: ChildProcess): Promise<string> {
  if (!run.stdout) throw new Error('scripts/run has no output');
  const late = setTimeout(() => run.kill('SIGINT'), patience);
  let said = '';
  for await (const line of createInterface({ input: run.stdout })) {
    console.error(line);
    said += line + '\n';
    if (line.includes('first sound after')) {
      clearTimeout(late);
      run.stdout.resume();
      return said;
    }
  }
  clearTimeout(late);
  throw new Error(`scripts/run ended before the first sound:\n${said}`);
}

async function ended(run: ChildProcess): Promise<void> {
  if (run.exitCode !== null || run.signalCode !== null) return;
  const over = new Promise((done) => run.once('exit', done));
  run.kill('SIGINT');
  await over;
}

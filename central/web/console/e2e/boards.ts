import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { story } from './stage';

/** What an eye on a cluster's relay and an ear at its horns have noticed. */
export interface BoardRecord {
  cluster: string;
  edges: { relay: string; closed: boolean; at: string }[];
  /** Seconds that one level stands for. */
  step: number;
  /** Stretches that were not silent; levels in dB of full scale. */
  sound: { at: string; levels: number[] }[];
}

/** The board's own record of a simulated cluster, which no server has touched. */
export async function recordOf(cluster: string): Promise<BoardRecord> {
  const control = JSON.parse(readFileSync(join(story.data, 'sim/control.json'), 'utf8')) as { address: string };
  const answer = await fetch(`${control.address}/clusters/${cluster}/record`);
  if (!answer.ok) throw new Error(`record of ${cluster}: ${String(answer.status)}`);
  return (await answer.json()) as BoardRecord;
}

/** Seconds that a cluster sounded since a moment, by its record. */
export async function secondsHeard(cluster: string, since: number): Promise<number> {
  const { sound, step } = await recordOf(cluster);
  return sound
    .filter((s) => Date.parse(s.at) + s.levels.length * step * 1000 > since)
    .reduce((sum, s) => sum + s.levels.length * step, 0);
}

/** Breaks a simulated cluster, or mends it again: see `loa-sim fault --help`. */
export async function fault(cluster: string, kind: string): Promise<void> {
  await promisify(execFile)(join(story.checkout, 'build/run/loa-sim'), ['fault', '--data', join(story.data, 'sim'), cluster, kind]);
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real mp3 of a text that is spoken, as a broadcaster brings it on a stick. */
export function mp3(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'loa-voice-'));
  const [wav, file] = [join(dir, 'noi.wav'), join(dir, 'bản tin.mp3')];
  execFileSync('espeak-ng', ['-v', 'vi', '-w', wav, text]);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', wav, '-ac', '2', '-ar', '44100', '-b:a', '96k', file]);
  return file;
}

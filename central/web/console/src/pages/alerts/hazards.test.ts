import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import vietnamese from '@/i18n/vi/words.json';
import { clean } from './wish';
import { drillVoice, hazardIds, hazardOf, offered, phrases, sirenOf, sirens } from './hazards';

const voices = join(import.meta.dirname, '../../../../../../controller/playout/voices');
const built = new Map(readFileSync(join(voices, 'phrases.tsv'), 'utf8').trim().split('\n').map((line) => line.split('\t') as [string, string]));

describe('phrases', () => {
  it('are those that boards have built in, word for word', () => {
    const ours = new Map(Object.entries(phrases).map(([name, p]) => [`phrase:${name}`, p.text as string]));
    ours.set('drill', drillVoice.text);
    expect([...ours].sort()).toEqual([...built].sort());
  });
});

describe('hazards', () => {
  it.each(hazardIds)('%s: has words, a phrase that boards have, and limits that the contract allows', (id) => {
    const h = hazardOf(id);
    expect(vietnamese.hazard[id]).toBeTruthy();
    expect(built.has(`phrase:${h.phrase}`)).toBe(true);
    expect(h.text).toContain('{place}');
    expect(clean(h.text)).toEqual({ text: h.text, dropped: 0 });
    expect(h.repetitions).toBeGreaterThanOrEqual(1);
    expect(h.minutes).toBeLessThanOrEqual(24 * 60);
  });

  it('another tool may name others', () => {
    expect(hazardOf('volcano').id).toBe('other');
    expect(hazardOf('toString').id).toBe('other');
  });

  it('the test of loudspeakers is a drill, and the all-clear follows a cancel', () => {
    expect(offered('live')).not.toContain('test');
    expect(offered('drill')).toContain('test');
    for (const mode of ['live', 'drill'] as const) expect(offered(mode)).not.toContain('all-clear');
    expect(offered('live')[0]).toBe('flash-flood');
  });

  it('no siren wakes people for an all-clear or a test', () => {
    for (const id of ['all-clear', 'test'] as const) expect(hazardOf(id).siren).toBe('none');
  });
});

describe('sirens', () => {
  it.each([
    ['storm: 3 of 20 s with gaps of 10 s', { blasts: 3, seconds: 20, gap: 10 }, 'storm'],
    ['flood above II: 2 of 10 s', { blasts: 2, seconds: 10, gap: 5 }, 'short'],
    ['above III: 5 of 30 s with gaps of 5 s', { blasts: 5, seconds: 30, gap: 5 }, 'long'],
    ['none', { blasts: 0, seconds: 10, gap: 1 }, 'none'],
    ['another', { blasts: 4, seconds: 10, gap: 5 }, undefined],
  ] as const)('%s', (_, siren, name) => {
    expect(sirenOf(siren)).toBe(name);
  });

  it('are what the contract allows', () => {
    for (const s of Object.values(sirens)) {
      expect(s.blasts).toBeLessThanOrEqual(20);
      expect(s.seconds).toBeLessThanOrEqual(120);
      expect(s.gap).toBeLessThanOrEqual(120);
    }
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from '@/i18n/en/fates.json';
import enWords from '@/i18n/en/words.json';
import vi from '@/i18n/vi/fates.json';
import viWords from '@/i18n/vi/words.json';
import { alertOf, partOf, programmeOf, sourceOf, understand } from './detail';

// Sentences as the controller writes them.
const sentences: [string, [string, Record<string, string>?][]][] = [
  ['did not begin: the board was not running or did not know the time', [['notBegun'], ['notRunning']]],
  ['did not begin: output main was held by alert/live/7f3c', [['notBegun'], ['heldAlert']]],
  ['did not begin: output main was held by alert/drill/7f3c', [['notBegun'], ['heldDrill']]],
  ['did not begin: output main was held by local/live/button@2026-11-21T05:30:00', [['notBegun'], ['heldButton']]],
  ['did not begin: output main was held by tin-sang@2026-11-21T05:30:00', [['notBegun'], ['heldProgramme']]],
  ['did not begin: this board has no output yard', [['notBegun'], ['noOutput', { output: 'yard' }]]],
  ['did not begin: bulletin document 0123456789ab is not on the board yet', [['notBegun'], ['documentLate']]],
  ['did not begin: audio of bulletin tet is not on the board yet', [['notBegun'], ['audioLate', { bulletin: 'tet' }]]],
  ['did not begin: bulletin tet stands on a revoked key', [['notBegun'], ['revokedBulletin', { bulletin: 'tet' }]]],
  ['did not begin: bulletin tet has no hmn', [['notBegun'], ['noLanguage', { bulletin: 'tet', language: 'hmn' }]]],
  ['did not begin: something that is new', [['notBegun']]],
  ['was cut after 1m3s and did not go on: output main was held by alert/live/1', [['notResumed', { time: '1m3s' }], ['heldAlert']]],
  ['the board lost power, or its program ended, while it sounded', [['powerLost']]],
  ['an update took its place', [['updated']]],
  ['its time was over', [['timeOver']]],
  ["the cue's validity is over", [['timeOver']]],
  ['its order is not on the board any more', [['orderGone']]],
  ['no order for this button', [['noButtonOrder']]],
  ['its order is void: expired', [['buttonVoid']]],
  ['an administrator who signed it is no longer one, or lost the key', [['administratorGone']]],
  ['the relays were on for the longest time allowed', [['longestOn']]],
  ['no source is whole: audio:12: open audio: no such file', [['noSource']]],
  ['sound path error: the device took no samples for 2s', [['stalled', { time: '2s' }]]],
  ['self-test: no tone was sounded that it could follow', [['testNoTone']]],
  ['self-test: the amplifier takes too little by itself for it to tell', [['testIdleLow']]],
  ['self-test: a soft tone proves nothing to it, so it was not asked', [['testNotAsked']]],
  ['the mains are not fit for it: sensor grid measures mains of about 60 V, not 90 to 240 V', [['mainsVolts', { number: '60' }]]],
  ['sensor grid measures mains of about 280 V, not 90 to 240 V', [['mainsVolts', { number: '280' }]]],
  ['contact phases is open', [['mainsAway']]],
  ['the mains are not fit for it: contact phases is open', [['mainsAway']]],
  ['the mains have not been good for 10s yet', [['mainsNew', { time: '10s' }]]],
  ['the mains are not fit for it: something that is new', [['mainsUnfit']]],
  ['sensor grid of the mains measures nothing', [['mainsUnknown']]],
  ['a contact of the supply tells nothing', [['mainsUnknown']]],
  ['cabinet door is open', [['doorOpen']]],
  ['the amplifier tells of a fault', [['amplifierFault']]],
  ['sound path error: write speaker main: speaker is lost', [['soundPath']]],
  ['it is not open yet', [['soundPath']]],
  ['its contact did not close', [['contactOpen']]],
  ['its contact is still closed after it was opened', [['contactStuck']]],
  ['open watchdog /dev/watchdog: no such file or directory: this machine has none, or its driver is not loaded', [['noWatchdog']]],
  ['relay error: close relay 1: line cannot be driven', [['relay']]],
  ['write journal: write /var/lib/loa/db: no space left on device', [['diskFull']]],
  ['open db: read-only file system', [['readOnly']]],
  ['download 0123456789abcdef: GET: connection refused', [['download']]],
  ['took no order for 2s', [['storeSlow', { time: '2s' }]]],
  ['expired at 2026-11-21T00:00:00Z', [['expired', { at: '2026-11-21T00:00:00Z' }]]],
  ['expired at 2026-11-21T00:00:00Z, and the button plays nothing', [['buttonExpired', { at: '2026-11-21T00:00:00Z' }]]],
  ['expires at 2026-11-21T00:00:00Z', [['expires', { at: '2026-11-21T00:00:00Z' }]]],
  ["the board's clock and central's differ by more than 10m0s; the board goes by its own", [['clockDiffers']]],
  ['its line was lost: watch input button: line is lost', [['lineLost']]],
  ['more than 60 were refused in the minute from 2026-11-21T00:00:00Z on; the rest is not told', [['flood', { number: '60' }]]],
  ['too little was sent to judge by', [['tooLittleSent']]],
  ['too little was measured', [['tooLittleMeasured']]],
  ['what was measured does not follow what was sent', [['unlike']]],
  ['no answer', [['sensorBroken']]],
  ['read sensor horn-sound: no answer: context deadline exceeded', [['sensorBroken']]],
  ['', []],
  ['the moon is in the seventh house', []],
  ['I said: no answer', []],
];

describe('understand', () => {
  it.each(sentences)('%s', (detail, want) => {
    expect(understand(detail)).toEqual(want.map(([key, params = {}]) => ({ key, params })));
  });

  it('has words in both languages for all that it understands', () => {
    const keys = new Set(sentences.flatMap(([, want]) => want.map(([key]) => key)));
    for (const words of [vi, en]) expect(Object.keys(words.detail).sort()).toEqual([...keys].sort());
  });
});

describe('partOf', () => {
  it.each([
    ['sound card main', 'sound', 'main'],
    ['relay main', 'relay', 'main'],
    ['sound yard', 'sound', 'yard'],
    ['local/live/button', 'local', 'live/button'],
    ['store', 'store', ''],
    ['goat', 'other', 'goat'],
    ['Tên lạ\u202e', 'other', 'Tên lạ\u202e'],
  ])('%s', (part, want, name) => expect(partOf(part)).toEqual({ part: want, name }));
});

describe('names', () => {
  it.each([
    ['audio:0123', 'audio', '0123'],
    ['chime', 'chime', ''],
    ['siren', 'siren', ''],
    ['phrase:flash-flood', 'phrase', 'flash-flood'],
    ['drill', 'drill', ''],
    ['nothing', 'other', 'nothing'],
  ])('source %s', (source, kind, name) => expect(sourceOf(source)).toEqual({ kind, name }));

  it.each([
    ['alert/live/7f3c', { mode: 'live', id: '7f3c' }],
    ['alert/drill/lu-1/2#3', { mode: 'drill', id: 'lu-1' }],
    ['tin-sang@2026-11-21T05:30:00', undefined],
    ['local/live/button', undefined],
  ])('alert %s', (subject, want) => expect(alertOf(subject)).toEqual(want));

  it('of a programme', () => {
    expect(programmeOf('tin-sang@2026-11-21T05:30:00')).toBe('tin-sang');
    expect(programmeOf('tin-sang')).toBe('tin-sang');
  });
});

// What the server and the boards can say has words: their source is read.
describe('every code has words', () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, '../../../../..', path), 'utf8');
  const named = (path: string, type: string) => [...read(path).matchAll(new RegExp(`^\\s+\\w+\\s+(?:${type}\\s+)?= "([a-z-]+)"`, 'gm'))].map((m) => m[1] ?? '');
  const all: [string, string[], (w: typeof viWords, f: typeof vi) => object][] = [
    ['causes of silence', named('central/fleet/silence.go', 'Code'), (w) => w.silence],
    ['causes of silence, at length', named('central/fleet/silence.go', 'Code'), (_, f) => f.silence],
    ['reasons of refusals', named('controller/protocol/refusal.go', 'Reason'), (w) => w.reason],
    ['fates', [...read('controller/protocol/message.go').matchAll(/Fate\w+\s+Fate = "([a-z-]+)"/g)].map((m) => m[1] ?? ''), (w) => w.fate],
    ['verdicts', [...read('controller/protocol/message.go').matchAll(/Verdict\w+\s+Verdict = "([a-z-]+)"/g)].map((m) => m[1] ?? ''), (w) => w.verdict],
    ['deliveries', [...read('central/orders/store.go').matchAll(/Handling = "([a-z-]+)"/g)].map((m) => m[1] ?? ''), (_, f) => f.handling],
  ];
  it.each(all)('%s', (_, codes, of) => {
    expect(codes.length).toBeGreaterThan(2);
    for (const words of [of(viWords, vi), of(enWords, en as unknown as typeof vi)]) {
      for (const code of codes) expect(words).toHaveProperty([code]);
    }
  });
});

// What boards say in English, for their log, is understood here, so that the
// console can say it in the words of whoever reads. What is not understood is
// shown as it came.

/** What goes into sentences. */
type Filling = 'at' | 'bulletin' | 'language' | 'number' | 'output' | 'time';

/** Said is a sentence of a board: a key of fates:detail, and what goes into it. */
export interface Said {
  key: string;
  params: Partial<Record<Filling, string>>;
}

type Reading = [RegExp, string, ...Filling[]];

/** The first that fits counts. Names after the key are those of the groups. */
const readings: Reading[] = [
  [/^output \S+ was held by alert\/live\//, 'heldAlert'],
  [/^output \S+ was held by alert\/drill\//, 'heldDrill'],
  [/^output \S+ was held by local\//, 'heldButton'],
  [/^output \S+ was held by /, 'heldProgramme'],
  [/^the board was not running or did not know the time/, 'notRunning'],
  [/^this board has no output (.+)$/, 'noOutput', 'output'],
  [/^bulletin document \S+ is not on the board yet/, 'documentLate'],
  [/^audio of bulletin (\S+) is not on the board yet/, 'audioLate', 'bulletin'],
  [/^bulletin (\S+) stands on a revoked key/, 'revokedBulletin', 'bulletin'],
  [/^bulletin (\S+) has no (\S+)/, 'noLanguage', 'bulletin', 'language'],
  [/^the board lost power, or its program ended, while it sounded/, 'powerLost'],
  [/^an update took its place/, 'updated'],
  [/^its time was over|the cue's validity is over/, 'timeOver'],
  [/^its order is not on the board any more/, 'orderGone'],
  [/^no order for this button/, 'noButtonOrder'],
  [/^its order is void/, 'buttonVoid'],
  [/an administrator who signed it is no longer one/, 'administratorGone'],
  [/the relays were on for the longest time allowed/, 'longestOn'],
  [/no source is whole/, 'noSource'],
  [/the device took no samples for (\S+)/, 'stalled', 'time'],
  [/no space left on device/, 'diskFull'],
  [/read-only file system/, 'readOnly'],
  [/relay error|^(?:close|open|set) relay/, 'relay'],
  [/sound path error|sound device is lost/, 'soundPath'],
  [/^it is not open yet/, 'soundPath'],
  [/^its contact did not close/, 'contactOpen'],
  [/^its contact is still closed/, 'contactStuck'],
  [/^open watchdog /, 'noWatchdog'],
  [/^download [0-9a-f]+: /, 'download'],
  [/^took no order for (\S+)/, 'storeSlow', 'time'],
  [/^expired at (\S+), and the button plays nothing/, 'buttonExpired', 'at'],
  [/^expired at (\S+)/, 'expired', 'at'],
  [/^expires at (\S+)/, 'expires', 'at'],
  [/^the board's clock and central's differ/, 'clockDiffers'],
  [/its line was lost/, 'lineLost'],
  [/^self-test: no tone was sounded/, 'testNoTone'],
  [/^self-test: the amplifier takes too little by itself/, 'testIdleLow'],
  [/^self-test: a soft tone proves nothing/, 'testNotAsked'],
  [/^cabinet door is open/, 'doorOpen'],
  [/^the amplifier tells of a fault/, 'amplifierFault'],
  [/^(?:the mains are not fit for it: )?sensor \S+ measures mains of about (\d+) V/, 'mainsVolts', 'number'],
  [/^(?:the mains are not fit for it: )?contact \S+ is open/, 'mainsAway'],
  [/^the mains have not been good for (\S+) yet/, 'mainsNew', 'time'],
  [/the mains are not fit for it/, 'mainsUnfit'],
  [/^(?:sensor \S+ of the mains|a contact of the supply tells nothing|contact \S+ cannot be read)/, 'mainsUnknown'],
  [/^too little was sent to judge by/, 'tooLittleSent'],
  [/^too little was measured/, 'tooLittleMeasured'],
  [/^what was measured does not follow what was sent/, 'unlike'],
  [/^no answer$|^read sensor /, 'sensorBroken'],
  [/^more than (\d+) were refused in the minute/, 'flood', 'number'],
];

/** understand reads what a board says: one sentence, or two where the first
 * tells what happened and the second why. Empty where nothing is understood. */
export function understand(detail: string): Said[] {
  const late = /^did not begin: (.*)$/s.exec(detail);
  if (late) return [{ key: 'notBegun', params: {} }, ...read(late[1] ?? '')];
  const cut = /^was cut after (\S+) and did not go on: (.*)$/s.exec(detail);
  if (cut) return [{ key: 'notResumed', params: { time: cut[1] ?? '' } }, ...read(cut[2] ?? '')];
  return read(detail);
}

function read(text: string): Said[] {
  for (const [pattern, key, ...names] of readings) {
    const found = pattern.exec(text);
    if (found) return [{ key, params: Object.fromEntries(names.map((n, i) => [n, found[i + 1] ?? ''])) }];
  }
  return [];
}

/** Parts of a board that can be wrong, as the agent names them. */
const parts = ['relay', 'sound', 'speaker', 'sensor', 'store', 'database', 'audio', 'clock', 'plan', 'orders', 'root', 'keyset', 'areas', 'input', 'local', 'mains', 'microphone', 'watchdog'] as const;
export type Part = (typeof parts)[number] | 'other';

/** partOf sorts a board's part, as in "relay main" or "local/live/button". */
export function partOf(part: string): { part: Part; name: string } {
  const [, kind = '', name = ''] = /^([a-z]+)(?: card)?(?:[ /](.*))?$/s.exec(part) ?? [];
  const known = parts.find((p) => p === kind);
  return known ? { part: known, name } : { part: 'other', name: part };
}

/** Source is what sounded: recorded speech, or what boards have built in. */
export function sourceOf(source: string): { kind: (typeof sources)[number] | 'other'; name: string } {
  const [, kind = '', name = ''] = /^([a-z]+)(?::(.*))?$/s.exec(source) ?? [];
  const known = sources.find((s) => s === kind);
  return known ? { kind: known, name } : { kind: 'other', name: source };
}
const sources = ['audio', 'chime', 'siren', 'drill', 'phrase', 'tone'] as const;

/** programmeOf is the programme of an occurrence or a plan's item, as in
 * news-am@2026-11-21T05:30:00. */
export function programmeOf(occurrence: string): string {
  return occurrence.split('@')[0] ?? occurrence;
}

/** alertOf reads an alert's subject, as in alert/drill/7f3c, or its repetition. */
export function alertOf(subject: string): { mode: 'live' | 'drill'; id: string } | undefined {
  const found = /^alert\/(live|drill)\/([^/#@~]+)/.exec(subject);
  return found ? { mode: found[1] as 'live' | 'drill', id: found[2] ?? '' } : undefined;
}

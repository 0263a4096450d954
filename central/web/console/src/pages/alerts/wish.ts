import type { Area, Areas } from '@/api/areas';
import type { Schema } from '@/api/client';
import type { Me } from '@/api/me';
import { drillVoice, hazardOf, phrases, sirenOf, sirens, type HazardId, type Level, type Phrase, type Siren, type SirenName } from './hazards';

export type Mode = 'live' | 'drill';
export type AlertWish = Schema<'AlertWish'>;
export type Renewal = Schema<'Renewal'>;

/** Said is a message in one language: text, and perhaps a recording. */
export interface Said {
  language: string;
  text: string;
  /** The person changed the text: it is not filled in anew. */
  own: boolean;
  audio?: { sha256: string; seconds: number; name: string };
}

/** Wish is an alert as it is being put together. */
export interface Wish {
  mode: Mode;
  hazard: HazardId;
  level: Level;
  audience: string[];
  siren: Siren;
  phrase: Phrase;
  messages: Said[];
  repetitions: number;
  pause: number;
  minutes: number;
}

export const limits = { text: 4000, minutes: 24 * 60, repetitions: 100, pause: 3600 };

/** wide tells whether an audience reaches beyond one commune: boards then want
 * two persons (controller/protocol: Wide). */
export function wide(audience: string[]): boolean {
  const communes = new Set(audience.map((code) => (code.length >= 5 ? code.slice(0, 5) : '')));
  return audience.length === 0 || communes.size > 1 || communes.has('');
}

/** alone tells whether a person's own signature is enough, as key sets are made:
 * a live alert is raised by one officer of its commune, and by two persons where
 * it reaches further, or where somebody of the province raises it. */
export function alone(mode: Mode, audience: string[], me: Pick<Me, 'roles'>): boolean {
  if (mode === 'drill') return true;
  if (wide(audience)) return false;
  const own = me.roles.filter((r) => r.name === 'officer').map((r) => r.area);
  return audience.every((code) => own.includes(code) || own.includes(code.slice(0, 5)));
}

const kindWords: Record<string, string> = {
  province: 'tỉnh',
  city: 'thành phố',
  commune: 'xã',
  ward: 'phường',
  special_zone: 'đặc khu',
};
const beginsWithKind = /^(bản|thôn|tổ|khu|buôn|làng|ấp|xóm|phum|sóc|tiểu khu|xã|phường|đặc khu|tỉnh|thành phố)\s/i;

/** called is an area's name as it is said: "xã Mường Tè", "bản Nậm Củm". */
export function called(area: Area): string {
  if (beginsWithKind.test(area.nameVi)) return area.nameVi.charAt(0).toLowerCase() + area.nameVi.slice(1);
  const kind = kindWords[area.kind];
  return kind ? `${kind} ${area.nameVi}` : area.nameVi;
}

/** placeOf names an audience in Vietnamese, for the message: at most four by
 * name. */
export function placeOf(audience: string[], areas: Pick<Areas, 'get'>): string {
  const names = audience.map((code) => {
    const area = areas.get(code);
    return area ? called(area) : code;
  });
  const communes = new Set(audience.map((code) => code.slice(0, 5)));
  const first = audience[0];
  const commune = first && first.length > 5 && communes.size === 1 ? areas.get(first.slice(0, 5)) : undefined;
  const listed = names.length <= 4 ? joined(names) : `${joined([...names.slice(0, 3), `${String(names.length - 3)} nơi khác`])}`;
  return commune ? `${listed}, ${called(commune)}` : listed;
}

function joined(names: string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} và ${names.at(-1) ?? ''}`;
}

/** textOf is what is written for a hazard, before anybody changes it. */
export function textOf(hazard: HazardId, mode: Mode, place: string): string {
  const text = hazardOf(hazard).text.replace('{place}', place);
  return mode === 'drill' ? `DIỄN TẬP. ${text} Đây là diễn tập, không phải báo động thật.` : text;
}

/** A drill is heard once, and is over within half an hour. */
const drillMinutes = 30;

/** newWish is an alert with all that is at hand for its hazard. */
export function newWish(mode: Mode, hazard: HazardId, audience: string[], place: string): Wish {
  const h = hazardOf(hazard);
  return {
    mode, hazard, audience,
    level: 0,
    siren: { ...sirens[h.siren] },
    phrase: h.phrase,
    messages: [{ language: 'vi', text: textOf(hazard, mode, place), own: false }],
    repetitions: mode === 'drill' ? 1 : h.repetitions,
    pause: h.pause,
    minutes: mode === 'drill' ? Math.min(drillMinutes, h.minutes) : h.minutes,
  };
}

/** moved is a wish for another audience: what nobody wrote is written anew. */
export function moved(w: Wish, audience: string[], place: string): Wish {
  return {
    ...w, audience,
    messages: w.messages.map((m) => (m.language === 'vi' && !m.own ? { ...m, text: textOf(w.hazard, w.mode, place) } : m)),
  };
}

/** wishOf takes up an alert that was raised, to replace what it says. */
export function wishOf(a: Schema<'Alert'>): Wish {
  const h = hazardOf(a.hazard);
  return {
    mode: a.mode, hazard: h.id, audience: a.audience,
    level: (a.level ?? 0) as Level,
    siren: a.siren,
    phrase: a.phrase in phrases ? (a.phrase as Phrase) : h.phrase,
    messages: a.messages.map((m) => ({
      language: m.language, text: m.text, own: true,
      // How long it is, is not told; it is heard as it was.
      ...(m.audio && { audio: { sha256: m.audio, seconds: phrases[h.phrase].seconds, name: '' } }),
    })),
    repetitions: a.repetitions,
    pause: a.pause,
    minutes: a.mode === 'drill' ? Math.min(drillMinutes, h.minutes) : h.minutes,
  };
}

/** withMessage puts a message in a language in, or takes one out that has
 * neither text nor recording. Vietnamese stays first. */
export function withMessage(w: Wish, said: Said): Wish {
  const others = w.messages.filter((m) => m.language !== said.language);
  const keep = said.language === 'vi' || said.text.trim() !== '' || said.audio;
  const messages = keep ? [...others, said] : others;
  return { ...w, messages: messages.sort((a, b) => Number(b.language === 'vi') - Number(a.language === 'vi')) };
}

// The contract refuses what is not seen or changes how its neighbours are seen
// (controller/protocol: checkText). It comes along when text is pasted.
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

/** clean is text without what is not seen, and how many such characters there
 * were. */
export function clean(text: string): { text: string; dropped: number } {
  let dropped = 0;
  let kept = '';
  for (const c of text.replace(/\r\n?|\u2028|\u2029/g, '\n').replace(/\t/g, ' ').normalize('NFC')) {
    if (hidden.test(c) && c !== '\n' && c !== '\u200c' && c !== '\u200d') dropped++;
    else kept += c;
  }
  return { text: kept, dropped };
}

export type Fault = 'audience' | 'text' | 'long' | 'minutes' | 'repetitions';

/** faults is what keeps a wish from being drafted. */
export function faults(w: Wish): Fault[] {
  const found: Fault[] = [];
  if (w.audience.length === 0) found.push('audience');
  if (!w.messages.some((m) => m.text.trim() !== '')) found.push('text');
  if (w.messages.some((m) => [...m.text].length > limits.text)) found.push('long');
  if (!(w.minutes >= 1 && w.minutes <= limits.minutes)) found.push('minutes');
  if (!(w.repetitions >= 1 && w.repetitions <= limits.repetitions && w.pause >= 0 && w.pause <= limits.pause)) found.push('repetitions');
  return found;
}

/** recorded is what stands for the text of a message that was only recorded. It
 * is signed, so it is Vietnamese whatever language the console shows. */
export function recorded(language: string): string {
  return `Bản ghi âm ${new Intl.DisplayNames('vi', { type: 'language' }).of(language) ?? language}.`;
}

/** announcementOf is what is asked for of the server. */
function announcementOf(w: Wish): Renewal {
  return {
    hazard: w.hazard,
    ...(w.level > 0 && { level: w.level }),
    siren: w.siren,
    phrase: w.phrase,
    messages: w.messages
      .filter((m) => m.text.trim() !== '' || m.audio)
      .map((m) => ({ language: m.language, text: clean(m.text).text.trim() || recorded(m.language), ...(m.audio && { audio: m.audio.sha256 }) })),
    repetitions: w.repetitions,
    pause: w.pause,
    lifetimeSeconds: Math.round(w.minutes * 60),
  };
}

export function bodyOf(w: Wish): AlertWish {
  return { mode: w.mode, audience: w.audience, ...announcementOf(w) };
}

export function renewalOf(w: Wish): Renewal {
  return announcementOf(w);
}

/** The pause that a board makes after siren and after words, seconds. */
const breath = 0.5;

/** lasts is how long one round is, and all of them, in seconds: about, as other
 * languages' recordings are left out. */
export function lasts(w: Wish): { round: number; all: number } {
  const siren = w.siren.blasts > 0 ? w.siren.blasts * w.siren.seconds + (w.siren.blasts - 1) * w.siren.gap + breath : 0;
  const recorded = w.messages.filter((m) => m.audio).reduce((sum, m) => sum + (m.audio?.seconds ?? 0) + breath, 0);
  const words = recorded || phrases[w.phrase].seconds + breath;
  const wrapped = w.mode === 'drill' ? 2 * drillVoice.seconds : 0;
  const round = siren + words + wrapped;
  const all = round * w.repetitions + w.pause * (w.repetitions - 1);
  return { round, all: Math.min(all, w.minutes * 60) };
}

export function sirenName(w: Wish): SirenName | 'other' {
  return sirenOf(w.siren) ?? 'other';
}

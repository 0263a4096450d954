// What an officer has at hand for each hazard: the words, the siren, how long
// and how often. All of it can be changed before it is signed.

/** Phrases are the sentences that every board has built in, as
 * controller/playout/voices/phrases.tsv has them: what is heard where no audio
 * was recorded. A test compares them. seconds is how long each is. */
export const phrases = {
  general: { seconds: 10.1, text: 'Khẩn cấp. Chú ý, chú ý. Có cảnh báo khẩn cấp. Bà con hãy theo dõi và làm theo hướng dẫn của chính quyền địa phương.' },
  evacuate: {
    seconds: 14.4,
    text: 'Khẩn cấp. Chú ý, chú ý. Lệnh sơ tán. Bà con hãy rời khỏi nhà ngay, đi theo hướng dẫn của chính quyền đến nơi an toàn. Hãy giúp đỡ người già, trẻ em và người khuyết tật.',
  },
  flood: {
    seconds: 15.6,
    text: 'Khẩn cấp. Chú ý, chú ý. Cảnh báo lũ lụt. Nước đang dâng cao. Bà con hãy rời khỏi vùng trũng thấp, ven sông, ven suối và lên nơi cao. Không đi qua chỗ nước ngập, nước chảy xiết.',
  },
  'flash-flood': {
    seconds: 14.1,
    text: 'Khẩn cấp. Chú ý, chú ý. Cảnh báo lũ quét. Bà con ở ven sông, ven suối hãy chạy ngay lên nơi cao. Không mang theo đồ đạc. Không qua suối, qua ngầm tràn.',
  },
  storm: {
    seconds: 13.4,
    text: 'Khẩn cấp. Chú ý, chú ý. Cảnh báo bão. Bà con hãy ở trong nhà kiên cố, tránh xa cửa kính, cây to và cột điện. Không ra ngoài khi gió còn mạnh.',
  },
  landslide: {
    seconds: 14.6,
    text: 'Khẩn cấp. Chú ý, chú ý. Cảnh báo sạt lở đất. Bà con ở sườn dốc, chân núi, ven suối hãy rời khỏi nhà ngay và đến nơi an toàn. Không quay lại khi chưa có thông báo.',
  },
  fire: {
    seconds: 13.8,
    text: 'Khẩn cấp. Chú ý, chú ý. Cháy rừng. Bà con ở gần rừng hãy rời xa đám cháy, đi ngược hướng khói, đến nơi an toàn và báo ngay cho chính quyền. Tuyệt đối không đốt lửa.',
  },
  'all-clear': { seconds: 8.6, text: 'Chú ý, chú ý. Tình hình đã an toàn. Lệnh báo động đã được hủy bỏ. Cảm ơn bà con đã hợp tác.' },
  test: { seconds: 8.8, text: 'Đây là hệ thống truyền thanh cơ sở. Chúng tôi đang kiểm tra loa. Không có báo động. Mong bà con yên tâm.' },
} as const;
export type Phrase = keyof typeof phrases;

/** drillVoice is what a board says before and after each round of a drill. */
export const drillVoice = { seconds: 3.3, text: 'Đây là diễn tập. Không phải báo động thật.' };

/** Sirens are the cadences laid down for Huế (storm; flood above alarm level II;
 * above III, emergency storm or tsunami), and none. */
export const sirens = {
  none: { blasts: 0, seconds: 0, gap: 0 },
  short: { blasts: 2, seconds: 10, gap: 5 },
  storm: { blasts: 3, seconds: 20, gap: 10 },
  long: { blasts: 5, seconds: 30, gap: 5 },
} as const;
export type SirenName = keyof typeof sirens;
export const sirenNames = Object.keys(sirens) as SirenName[];

export interface Siren {
  blasts: number;
  seconds: number;
  gap: number;
}

/** sirenOf is the name of a cadence, or undefined for another. */
export function sirenOf(s: Siren): SirenName | undefined {
  if (s.blasts === 0 || s.seconds === 0) return 'none';
  return sirenNames.find((n) => sirens[n].blasts === s.blasts && sirens[n].seconds === s.seconds && sirens[n].gap === s.gap);
}

export interface Hazard {
  id: HazardId;
  phrase: Phrase;
  siren: SirenName;
  /** How often siren and words are repeated, and seconds of silence between. */
  repetitions: number;
  pause: number;
  /** How long the alert is in force: a cluster that comes back later, while it
   * is, still sounds it. */
  minutes: number;
  /** What is written in the order and shown on boards; {place} is filled in. */
  text: string;
}

export const hazardIds = [
  'flash-flood',
  'landslide',
  'flood',
  'dam',
  'storm',
  'forest-fire',
  'evacuate',
  'hail',
  'earthquake',
  'fire',
  'cold',
  'epidemic',
  'other',
  'all-clear',
  'test',
] as const;
export type HazardId = (typeof hazardIds)[number];

// Where no cadence is laid down the short one sounds: seconds count, and the
// words come after it.
const table: Record<HazardId, Omit<Hazard, 'id'>> = {
  'flash-flood': {
    phrase: 'flash-flood', siren: 'short', repetitions: 10, pause: 20, minutes: 120,
    text: 'Khẩn cấp! Nguy cơ lũ quét tại {place}. Bà con ở ven sông, ven suối chạy ngay lên nơi cao. Không mang theo đồ đạc. Không qua suối, qua ngầm tràn.',
  },
  landslide: {
    phrase: 'landslide', siren: 'short', repetitions: 10, pause: 20, minutes: 180,
    text: 'Khẩn cấp! Nguy cơ sạt lở đất tại {place}. Bà con ở sườn dốc, chân núi, ven suối rời khỏi nhà ngay và đến nơi an toàn. Không quay lại khi chưa có thông báo.',
  },
  flood: {
    phrase: 'flood', siren: 'short', repetitions: 6, pause: 60, minutes: 360,
    text: 'Khẩn cấp! Nước lũ đang lên tại {place}. Bà con rời khỏi vùng trũng thấp, ven sông, ven suối và lên nơi cao. Không đi qua chỗ nước ngập, nước chảy xiết.',
  },
  dam: {
    phrase: 'flood', siren: 'short', repetitions: 10, pause: 20, minutes: 360,
    text: 'Khẩn cấp! Hồ chứa xả lũ, nước về {place} sẽ lên rất nhanh. Bà con rời ngay khỏi lòng sông, bãi bồi, ven sông, ven suối và lên nơi cao.',
  },
  storm: {
    phrase: 'storm', siren: 'storm', repetitions: 5, pause: 120, minutes: 720,
    text: 'Khẩn cấp! Bão đang ảnh hưởng đến {place}. Bà con ở trong nhà kiên cố, tránh xa cửa kính, cây to và cột điện. Không ra ngoài khi gió còn mạnh.',
  },
  'forest-fire': {
    phrase: 'fire', siren: 'short', repetitions: 6, pause: 60, minutes: 360,
    text: 'Khẩn cấp! Cháy rừng tại {place}. Bà con ở gần rừng rời xa đám cháy, đi ngược hướng khói, đến nơi an toàn và báo ngay cho chính quyền. Tuyệt đối không đốt lửa.',
  },
  evacuate: {
    phrase: 'evacuate', siren: 'storm', repetitions: 10, pause: 20, minutes: 180,
    text: 'Khẩn cấp! Lệnh sơ tán tại {place}. Bà con rời khỏi nhà ngay, đi theo hướng dẫn của chính quyền đến nơi an toàn. Hãy giúp đỡ người già, trẻ em và người khuyết tật.',
  },
  hail: {
    phrase: 'general', siren: 'short', repetitions: 4, pause: 60, minutes: 120,
    text: 'Khẩn cấp! Dông, lốc, sét, mưa đá đang đến {place}. Bà con vào ngay nhà kiên cố, tránh xa cây to, cột điện và mái tôn. Không đứng ở nơi trống trải.',
  },
  earthquake: {
    phrase: 'general', siren: 'short', repetitions: 5, pause: 30, minutes: 60,
    text: 'Khẩn cấp! Động đất tại {place}. Bà con ra nơi trống trải, tránh xa nhà cao, cột điện và sườn dốc. Nếu còn ở trong nhà, hãy chui xuống gầm bàn và che đầu. Đề phòng dư chấn.',
  },
  fire: {
    phrase: 'general', siren: 'short', repetitions: 5, pause: 30, minutes: 120,
    text: 'Khẩn cấp! Đang có cháy tại {place}. Bà con rời xa đám cháy, gọi ngay 114 và nhường đường cho lực lượng chữa cháy.',
  },
  cold: {
    phrase: 'general', siren: 'none', repetitions: 2, pause: 120, minutes: 720,
    text: 'Rét hại tại {place}. Bà con giữ ấm cho người già và trẻ em, đưa trâu bò về chuồng, che chắn chuồng trại. Không đốt than sưởi trong phòng kín.',
  },
  epidemic: {
    phrase: 'general', siren: 'none', repetitions: 3, pause: 120, minutes: 720,
    text: 'Thông báo khẩn về dịch bệnh tại {place}. Bà con theo dõi sức khỏe, báo ngay cho trạm y tế khi có dấu hiệu bệnh và làm theo hướng dẫn của chính quyền địa phương.',
  },
  other: {
    phrase: 'general', siren: 'short', repetitions: 5, pause: 30, minutes: 120,
    text: 'Khẩn cấp! Có cảnh báo khẩn cấp tại {place}. Bà con hãy theo dõi và làm theo hướng dẫn của chính quyền địa phương.',
  },
  'all-clear': {
    phrase: 'all-clear', siren: 'none', repetitions: 2, pause: 20, minutes: 30,
    text: 'Tình hình tại {place} đã an toàn. Lệnh báo động đã được hủy bỏ. Cảm ơn bà con đã hợp tác.',
  },
  test: {
    phrase: 'test', siren: 'none', repetitions: 1, pause: 0, minutes: 15,
    text: 'Kiểm tra loa tại {place}. Không có báo động. Mong bà con yên tâm.',
  },
};

/** hazardOf is what is at hand for a hazard; another tool may have named one
 * that is not in the table. */
export function hazardOf(id: string): Hazard {
  const known = isHazard(id) ? id : 'other';
  return { id: known, ...table[known] };
}

export function isHazard(id: string): id is HazardId {
  return (hazardIds as readonly string[]).includes(id);
}

/** offered are the hazards that are chosen from: the test of the loudspeakers is
 * a drill, and the all-clear follows a cancel. */
export function offered(mode: 'live' | 'drill'): HazardId[] {
  return hazardIds.filter((id) => id !== 'all-clear' && (id !== 'test' || mode === 'drill'));
}

/** levels of risk (Decision 18/2021/QĐ-TTg, article 4); 0 is none announced. */
export const levels = [0, 1, 2, 3, 4, 5] as const;
export type Level = (typeof levels)[number];

import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { whenIn } from '@/app/when';
import { partOf, understand } from './detail';
import { lengthIn, secondsOf } from './length';
import { drilling, standOf, type Brief } from './stand';
import type { Schema } from '@/api/client';

export type Silence = Schema<'Silence'>;
type Code = Silence['code'];

const codes: Record<Code, true> = {
  'never-enrolled': true,
  'never-seen': true,
  offline: true,
  'relay-fault': true,
  'sound-fault': true,
  'store-fault': true,
  'clock-untrusted': true,
  'mains-unfit': true,
  'no-plan': true,
  'last-silent': true,
  'test-silent': true,
  'other-fault': true,
};

/** codeOf is a cause that there are words for: a newer server may know more. */
export function codeOf(code: string): Code {
  return code in codes ? (code as Code) : 'other-fault';
}

/** useFates has the words for how clusters are and for what became of orders. */
export function useFates() {
  const { t, i18n } = useTranslation(['fates', 'words']);
  return useMemo(() => {
    const { language } = i18n;
    const when = whenIn(language);

    /** said is what a board says, in the reader's words; undefined where it is
     * not understood. */
    const said = (detail: string | undefined): string | undefined => {
      const all = understand(detail ?? '');
      if (all.length === 0) return undefined;
      return all
        .map(({ key, params }) => {
          const given = { ...params };
          if (given.at) given.at = Number.isNaN(Date.parse(given.at)) ? given.at : when.moment(given.at);
          const seconds = given.time === undefined ? undefined : secondsOf(given.time);
          if (seconds !== undefined) given.time = lengthIn(language, seconds);
          if (given.language) given.language = t(`words:language.${given.language as 'vi'}`, { defaultValue: given.language });
          return t(`detail.${key as 'relay'}`, given);
        })
        .join(' ');
    };

    const part = (name: string): string => {
      const found = partOf(name);
      const word = t(`part.${found.part}`, { name: found.name });
      return found.part === 'other' || ['', 'main'].includes(found.name) ? word : t('part.named', { part: word, name: found.name });
    };

    return {
      said,
      part,
      stand: (b: Brief): string => {
        const stand = standOf(b);
        return t(`words:stand.${stand === 'onAir' && drilling(b) ? 'drill' : stand}`);
      },
      /** short is a cause in a few words. */
      short: (s: { code: string; params?: Record<string, string> }): string => {
        const code = codeOf(s.code);
        const which = s.params?.part;
        return code === 'other-fault' && which ? `${t('words:silence.other-fault')}: ${part(which)}` : t(`words:silence.${code}`);
      },
      text: (s: { code: string }): string => t(`silence.${codeOf(s.code)}.text`),
      steps: (s: { code: string }): string[] => t(`silence.${codeOf(s.code)}.steps`, { returnObjects: true }),
      tested: {
        verdict: (v: string): string => t(`words:tested.verdict.${v as 'unknown'}`, { defaultValue: v }),
        fate: (f: string): string => t(`words:tested.fate.${f as 'missed'}`, { defaultValue: f }),
      },
      verdict: (v: string): string => t(`words:verdict.${v as 'unknown'}`, { defaultValue: v }),
      fate: (f: string): string => t(`words:fate.${f as 'missed'}`, { defaultValue: f }),
      handling: (h: string): string => t(`handling.${h as 'waiting'}`, { defaultValue: h }),
      reason: (r: string): string => t(`words:reason.${r as 'unknown'}`, { defaultValue: r }),
      language: (l: string): string => t(`words:language.${l as 'vi'}`, { defaultValue: l }),
    };
  }, [t, i18n]);
}

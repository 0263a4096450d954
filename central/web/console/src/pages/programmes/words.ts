import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { momentOf, whenIn } from '@/app/when';
import { lengthIn } from '@/fleet/length';
import type { Case } from './conflict';
import { repeatOf, weekdays, type Programme, type Repeat, type Weekday } from './recurrence';
import type { Skip } from './skipped';

/** useWords has the words for when programmes play and what comes between them. */
export function useWords() {
  const { t, i18n } = useTranslation(['programmes', 'words']);
  return useMemo(() => {
    const when = whenIn(i18n.language);
    const list = new Intl.ListFormat(i18n.language, { type: 'conjunction' });

    const days = (some: Weekday[]) => list.format(weekdays.filter((d) => some.includes(d)).map((d) => t(`weekday.${d}`)));

    /** clock is a wall time, with its seconds where it has any. */
    const clock = (local: string) => (local.endsWith(':00') ? local.slice(11, 16) : local.slice(11));

    /** day is a local day with its day of the week. */
    const day = (local: string) => (Number.isNaN(momentOf(local).getTime()) ? '' : when.weekday(momentOf(local)));

    const repeat = (r: Repeat, start: string): string => {
      const at = clock(start);
      const from = when.day(momentOf(start));
      const until = 'until' in r && r.until ? t('says.until', { day: when.day(momentOf(r.until)) }) : '';
      switch (r.kind) {
        case 'once':
          return t('says.once', { at, day: `${day(start)}/${start.slice(0, 4)}` });
        case 'daily':
        case 'weekdays':
          return t(`says.${r.kind}`, { at, from }) + until;
        case 'days':
          return t('says.days', { at, from, days: days(r.days) }) + until;
        case 'other':
          return t('says.other', { at, from, rule: r.rule });
      }
    };

    return {
      clock,
      day,
      length: (seconds: number) => lengthIn(i18n.language, seconds),
      /** volume says how much softer a programme sounds than it was made. */
      volume: (gain: number) => (gain < 0 ? t('gain.softer', { dB: new Intl.NumberFormat(i18n.language).format(-gain) }) : t('gain.full')),
      repeat,
      /** plays says when a programme plays. */
      plays: (p: Pick<Programme, 'rule' | 'start'>) => repeat(repeatOf(p.rule, p.start), p.start),
      /** conflict says what comes of an overlap. name is how a programme is
       * called; the one that is looked at is called this. */
      conflict: (c: Case, name: (id: string) => string): string => {
        const [other = ''] = c.others;
        const others = c.others.length === 1 ? t('conflict.one', { title: name(other) }) : t('conflict.many', { count: c.others.length });
        const self = t('conflict.self');
        const at = 'at' in c.outcome ? when.clock(c.outcome.at) : '';
        const [first, second] = c.first ? [self, others] : [others, self];
        const said = t(`conflict.${c.outcome.kind}`, { first, second, at });
        return said.charAt(0).toLocaleUpperCase(i18n.language) + said.slice(1);
      },
      /** often says when an overlap first happens and how often. */
      often: (c: Case) => (c.times > 1 ? t('conflict.often', { at: when.clock(c.at), day: when.weekday(c.at), count: c.times }) : t('conflict.once', { at: when.clock(c.at), day: when.weekday(c.at) })),
      /** skip says why an occurrence does not sound. */
      skip: (s: Skip, name: (id: string) => string): string => {
        const why = s.why.kind === 'held' ? t('skip.held', { title: name(s.why.by) }) : t(`skip.${s.why.kind}`);
        return s.heard === undefined ? why : t('skip.cut', { length: lengthIn(i18n.language, s.heard), why });
      },
    };
  }, [t, i18n.language]);
}

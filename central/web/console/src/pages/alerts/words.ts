import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';

/** useAlertWords names what alerts are about, in the language that is shown. */
export function useAlertWords() {
  const { t, i18n } = useTranslation(['alerts', 'words']);
  const areas = useAreas();
  return useMemo(() => {
    const kind = (code: string) => {
      const area = areas.get(code);
      return area && area.kind !== 'village' ? t(`kind.${area.kind as 'commune'}`, { name: areas.name(code), defaultValue: areas.name(code) }) : areas.name(code);
    };
    const list = new Intl.ListFormat(i18n.language, { type: 'conjunction' });
    const place = (audience: string[]) => {
      const [first] = audience;
      if (first === undefined) return '';
      const communes = [...new Set(audience.map((c) => c.slice(0, 5)))];
      const villages = audience.filter((c) => c.length > 5);
      if (communes.length === 1 && villages.length === audience.length) {
        const commune = kind(first.slice(0, 5));
        return villages.length > 2 ? t('place.villages', { count: villages.length, commune }) : t('place.village', { villages: list.format(villages.map(kind)), commune });
      }
      return audience.length > 3 ? t('place.many', { count: audience.length, first: kind(first) }) : list.format(audience.map(kind));
    };
    return {
      hazard: (id: string) => t(`words:hazard.${id as 'other'}`, { defaultValue: id }),
      /** area is an area as it is called: "xã Mường Tè". */
      area: kind,
      /** place names an audience in a few words; villages with their commune. */
      place,
      /** line is place where it stands by itself. */
      line: (audience: string[]) => upper(place(audience)),
      name: (names: { id: string; name: string }[] | undefined, id: string) => names?.find((n) => n.id === id)?.name ?? id,
      list: (items: string[]) => list.format(items),
    };
  }, [t, i18n.language, areas]);
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useAreas, type Areas } from '@/api/areas';

/** usePlaces names areas with what they are, as in Xã Bản Bo. */
export function usePlaces(): { areas: Areas; place: (code: string) => string; where: (code: string) => string } {
  const { t } = useTranslation('fates');
  const areas = useAreas();
  const place = useCallback(
    (code: string) => {
      const kind = areas.get(code)?.kind;
      const name = areas.name(code);
      return kind ? t(`place.${kind}`, { name }) : name;
    },
    [areas, t],
  );
  /** where is the way to an area from the nearest: village, commune. */
  const where = useCallback(
    (code: string) =>
      areas
        .path(code)
        .filter((_, i, path) => i > 0 || path.length === 1)
        .reverse()
        .map(place)
        .join(', '),
    [areas, place],
  );
  return { areas, place, where };
}

import type { HazardId } from './hazards';

// A picture finds the tile faster than a word does, in rain and under stress.
const paths: Record<HazardId, string> = {
  'flash-flood': 'M3 9 8 3l4 5 3-3 6 6M3 15c2-2 4-2 6 0s4 2 6 0 4-2 6 0M3 20c2-2 4-2 6 0s4 2 6 0 4-2 6 0',
  landslide: 'M3 20h18M3 20 13 5l4 4M12 12a2 2 0 1 0 .01 0M17 14a2.500 2.500 0 1 0 .01 0M10 16.500h.01',
  flood: 'M5 12V7l7-4 7 4v5M3 16c2-2 4-2 6 0s4 2 6 0 4-2 6 0M3 20.500c2-2 4-2 6 0s4 2 6 0 4-2 6 0',
  dam: 'M4 4h6l3 16H4zM13 9c2-1.500 3-1.500 4 0s3 1.500 4 0M14.500 15c2-1.500 2.500-1.500 3.500 0s2 1.500 3 0',
  storm: 'M12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM12 5c-4 0-7 3-7 7M12 19c4 0 7-3 7-7M19 12c0-5-3-8-8-9M5 12c0 5 3 8 8 9',
  'forest-fire': 'M7 20V9M7 4 3.500 10h7zM7 8l-4.500 7h9zM17 20c-2.500 0-4-1.700-4-4 0-3 3-4 3-8 3 2 5 5 5 8 0 2.300-1.500 4-4 4z',
  evacuate: 'M14 5.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3zM6 21l3.500-5 .5-4 3 2.500V21M10 12l1-4.500-4 1.500-1.500 3M11 7.500l3 1.500 1.500 2.500H18M19 8l2.500 3.500L19 15',
  hail: 'M7 14a4 4 0 0 1-.5-7.900A5.500 5.500 0 0 1 17 7.500 3.300 3.300 0 0 1 17.500 14M9 18h.01M13 17h.01M11 21h.01M15.500 20.500h.01',
  earthquake: 'M2 13h4l2-7 3 13 3-11 2 6 1.500-1H22',
  fire: 'M12 21c-4 0-6.500-2.700-6.500-6.500C5.500 10 10 8 10 3c4.500 2.500 8.500 6.500 8.500 11.500C18.500 18.300 16 21 12 21zM12 21c-1.800 0-2.800-1.200-2.800-3 0-2 1.800-3 2-5 2 1.200 3.600 3 3.600 5 0 1.800-1 3-2.800 3z',
  cold: 'M12 2.500v19M3.800 7.200l16.400 9.600M20.200 7.200 3.800 16.800M9.500 4 12 6l2.500-2M9.500 20 12 18l2.500 2',
  epidemic: 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12 7V3.500M12 20.500V17M7 12H3.500M20.500 12H17M8.500 8.500 6 6M18 18l-2.500-2.500M15.500 8.500 18 6M6 18l2.500-2.500',
  other: 'M12 4 3 20h18zM12 10v5M12 17.400v.2',
  'all-clear': 'M12 3 4.500 6v5.500c0 4.500 3 7.500 7.500 9.500 4.500-2 7.500-5 7.500-9.500V6zM8.500 12l2.500 2.500 4.500-5',
  test: 'M4 9.500v5h3.500L12 19V5L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
};

export function HazardIcon({ hazard, size = 28 }: { hazard: string; size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} fill="none" stroke="currentColor" strokeWidth={1.7} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={hazard in paths ? paths[hazard as HazardId] : paths.other} />
    </svg>
  );
}

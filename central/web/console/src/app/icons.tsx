import type { SVGProps } from 'react';

// Drawn here, so that no library of thousands is loaded for a dozen.
const paths = {
  home: 'M4 11.5 12 4l8 7.5M6 10v10h4.5v-6h3v6H18V10',
  clusters: 'M12 21V9m-4 12h8M4 5l8 4 8-4M4 5v4l8 0M20 5v4l-8 0',
  bulletins: 'M5 4h10l4 4v12H5zM14 4v5h5M8 13h8M8 16.5h6',
  programmes: 'M4 6h16v14H4zM4 10h16M8 3.5v4M16 3.5v4M8 14h3M8 17h7',
  alerts: 'M12 4 3 20h18zM12 10v5M12 17.4v.2',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.6 2.6-6 6-6s6 2.4 6 6M16 4.6a3.5 3.5 0 0 1 0 6M17.5 14.4c2.2.8 3.5 2.8 3.5 5.6',
  me: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.4-4 3.4-6.2 7.5-6.2s7.1 2.2 7.5 6.2',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  close: 'M6 6l12 12M18 6 6 18',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  key: 'M8 15a4 4 0 1 1 3.6-5.7H21v3h-2.5v3h-3v-3h-3.9A4 4 0 0 1 8 15z',
  check: 'M5 12.5 10 17.5 19 7',
  left: 'M14.5 5 8 12l6.5 7',
  right: 'M9.5 5 16 12l-6.5 7',
  plus: 'M12 5v14M5 12h14',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20',
  sound: 'M4 9.5v5h3.5L12 19V5L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  silent: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  stop: 'M6.500 6.500h11v11h-11z',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4.500 19 12 7 19.500z',
  upload: 'M12 16V5M7 9.500 12 4.500l5 5M4.500 19.500h15',
  clock: 'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM12 7.500V12l3 2',
  down: 'M5 9.5 12 16l7-6.500',
  plug: 'M9 3.500V8M15 3.500V8M6.500 8h11v3.500a5.500 5.500 0 0 1-11 0zM12 17v4',
  list: 'M4 6.500h16M4 12h16M4 17.500h16',
  tree: 'M5 4v13.500h6M5 9.500h6M14 9.500h6M14 17.500h6',
  wrench: 'M14.500 6.500a4 4 0 0 0 5 5L11 20a2.100 2.100 0 0 1-3-3l8.500-8.500',
};
export type IconName = keyof typeof paths;

/** Icon stands beside words and says nothing by itself. */
export function Icon({ name, size = 22, ...rest }: { name: IconName; size?: number } & SVGProps<SVGSVGElement>) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      {...rest}
    >
      <path d={paths[name]} />
    </svg>
  );
}

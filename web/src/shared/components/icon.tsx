// Icons as strokes on a grid of 24.
const PATHS = {
  phone: 'M5 4h4l1.5 5-2.5 1.5a11 11 0 0 0 5.5 5.5l1.5-2.5 5 1.5v4a1.5 1.5 0 0 1-1.5 1.5A15.5 15.5 0 0 1 3.5 5.5 1.5 1.5 0 0 1 5 4z',
  hangup: 'M3 14.5c5-5 13-5 18 0l-2 2.5-4-1.5v-3a13 13 0 0 0-6 0v3L5 17z',
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4',
  micOff: 'M9 9v2a3 3 0 0 0 4.5 2.6M15 11V6a3 3 0 0 0-5.7-1.3M6 11a6 6 0 0 0 9.5 4.900M18 11a6 6 0 0 1-.4 2M12 17v4M4 4l16 16',
  pause: 'M9 5v14M15 5v14',
  play: 'M8 5l11 7-11 7z',
  keypad: 'M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01',
  record: 'M12 12m-8 0a8 8 0 1 0 16 0 8 8 0 1 0-16 0M12 12m-3 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0',
  swap: 'M4 8h14l-3-3M20 16H6l3 3',
  together: 'M9 8m-3 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0M3 19c.6-3.3 3-5 6-5s5.4 1.7 6 5M16 5.5a3 3 0 0 1 0 5M17.5 14.3c2 .8 3.200 2.4 3.5 4.7',
  back: 'M9 7l-5 5 5 5M4 12h10a6 6 0 0 1 6 6',
  leave: 'M14 4h5v16h-5M4 12h11M11 8l4 4-4 4',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M11 11m-6 0a6 6 0 1 0 12 0 6 6 0 1 0-12 0M16 16l4 4',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  clock: 'M12 12m-8 0a8 8 0 1 0 16 0 8 8 0 1 0-16 0M12 8v4l3 2',
  user: 'M12 8m-4 0a4 4 0 1 0 8 0 4 4 0 1 0-8 0M4 21c.8-4.5 4-7 8-7s7.200 2.5 8 7',
  sun: 'M12 12m-4 0a4 4 0 1 0 8 0 4 4 0 1 0-8 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19',
  gear: 'M12 12m-3 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1',
  help: 'M12 12m-9 0a9 9 0 1 0 18 0 9 9 0 1 0-18 0M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 17h.01',
  warn: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  redial: 'M20 11a8 8 0 1 0-2.5 6.5M20 5v6h-6',
  in: 'M17 7L7 17M7 9v8h8',
  out: 'M7 17L17 7M9 7h8v8',
  speaker: 'M4 10v4h4l5 4V6l-5 4zM16.5 8.5a5 5 0 0 1 0 7M19 6a9 9 0 0 1 0 12',
  headset: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v5H5a1 1 0 0 1-1-1zM20 14h-3v5h2a1 1 0 0 0 1-1zM19 19c0 1.5-2 2.5-5 2.5',
  down: 'M6 9l6 6 6-6',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4',
  board: 'M4 5h16v14H4zM4 10h16M10 10v9',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The icons' lines, on a square of 16 (the brand: of 20). */
export interface IconPath {
  readonly d: string;
  readonly solid?: boolean;
  readonly width?: number;
  readonly dash?: string;
}

export const ICON_PATHS = {
  brand: [{ d: "M3 6h8M14 6h3M3 10h3M9 10h8M3 14h11M17 14h0", width: 2.4 }],
  grid: [{ d: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z" }],
  list: [{ d: "M5 4h9M5 8h9M5 12h9M2 4h.01M2 8h.01M2 12h.01" }],
  object: [{ d: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.1 13.5 5M8 8v6" }],
  play: [{ d: "M4 2.8v10.4L13 8z" }],
  box: [{ d: "M2 5.5 8 2l6 3.5L8 9zM2 8.5 8 12l6-3.5M2 11.3l6 3.4 6-3.4" }],
  search: [{ d: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.5 10.5 14 14" }],
  theme: [{ d: "M8 2a6 6 0 1 0 0 12z", solid: true }, { d: "M8 2a6 6 0 0 1 0 12" }],
  help: [
    { d: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M6 6.2C6 4 10 4 10 6.3c0 1.4-2 1.4-2 3M8 11.6h.01" },
  ],
  copy: [{ d: "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3" }],
  clock: [{ d: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4.8V8l2.2 1.6" }],
  queue: [{ d: "M2.5 3.5h11M2.5 8h7M2.5 12.5h4" }],
  ring: [{ d: "M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3", dash: "2.2 2.4" }],
  run: [{ d: "M4.5 3v10L13 8z", solid: true }],
  moon: [{ d: "M13 9.6A5.6 5.6 0 1 1 6.4 3a4.6 4.6 0 0 0 6.6 6.6z" }],
  retry: [{ d: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3" }],
  pause: [{ d: "M5.5 3v10M10.5 3v10", width: 2.6 }],
  check: [{ d: "m3 8.5 3.4 3.3L13 4.8", width: 2 }],
  cross: [{ d: "m4 4 8 8M12 4l-8 8", width: 2 }],
  slash: [{ d: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M4.2 4.2l7.6 7.6" }],
  chev: [{ d: "m6 3.5 4.5 4.5L6 12.5" }],
  down: [{ d: "m3.5 6 4.5 4.5L12.5 6" }],
  step: [{ d: "M3 3h10v10H3z" }],
  call: [{ d: "M4 12 12 4M6 4h6v6" }],
  send: [{ d: "M2 8h8M7 4.5 10.5 8 7 11.5M14 3v10" }],
  state: [{ d: "M3 4c0-1.9 10-1.9 10 0s-10 1.9-10 0M3 4v8c0 1.9 10 1.9 10 0V4M3 8c0 1.9 10 1.9 10 0" }],
  sleep: [{ d: "M4 2h8M4 14h8M5 2c0 4 6 4 6 6s-6 2-6 6M11 2c0 4-6 4-6 6s6 2 6 6" }],
  bell: [{ d: "M4 11V7a4 4 0 0 1 8 0v4l1 1H3zM7 14h2" }],
  diamond: [{ d: "M8 2l6 6-6 6-6-6z" }],
  in: [{ d: "M2 8h9M7.5 4.5 11 8l-3.5 3.5M14 3v10" }],
  out: [{ d: "M5 8h9M10.5 4.5 14 8l-3.5 3.5M2 3v10" }],
  turn: [{ d: "M2 5h12v6H2zM6 5v6" }],
  warn: [{ d: "M8 2.2 14.3 13H1.7zM8 6.5v3M8 11.4h.01" }],
  bolt: [{ d: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z" }],
  twice: [{ d: "M2 4h8v6H2zM6 12.5h8V6.5" }],
  ff: [{ d: "M2 3.5v9L8 8zM8 3.5v9L14 8z" }],
  failnext: [{ d: "M2.5 2.5h11v11h-11zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" }],
  lock: [{ d: "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5" }],
  link: [
    { d: "M6.5 9.5 9.5 6.5M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3 8.5L4.5 7" },
  ],
  edit: [{ d: "m3 13 .6-2.8L11 2.8l2.2 2.2-7.4 7.4z" }],
  dots: [{ d: "M3 8h.01M8 8h.01M13 8h.01", width: 2.6 }],
  plus: [{ d: "M8 3v10M3 8h10" }],
  menu: [{ d: "M2 4h12M2 8h12M2 12h12" }],
  code: [{ d: "m5 4.5-3.5 3.5L5 11.5M11 4.5l3.5 3.5-3.5 3.5M9 3 7 13" }],
  dollar: [{ d: "M8 1.5v13M11 4.5C10 3 5 3 5 5.6c0 3 6 1.8 6 4.8 0 2.6-5 2.6-6.2.8" }],
  user: [{ d: "M8 2.5a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2M2.8 14c0-5.6 10.4-5.6 10.4 0" }],
} as const satisfies Readonly<Record<string, readonly IconPath[]>>;
export type IconName = keyof typeof ICON_PATHS;

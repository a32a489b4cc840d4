/** Times and durations in words. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const GREATER: readonly (readonly [string, number, string, number])[] = [
  ["d", DAY, "h", HOUR],
  ["h", HOUR, "min", MINUTE],
  ["min", MINUTE, "s", SECOND],
];

/** `84 ms`, `1.6 s`, `10 min 57 s`, `2 d 4 h`: no more than two units. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < SECOND) return `${Math.round(whole)} ms`;
  if (whole < MINUTE) return `${Number((whole / SECOND).toPrecision(whole < 10 * SECOND ? 2 : 3))} s`;
  for (const [unit, size, lesser, part] of GREATER) {
    if (whole < size) continue;
    const count = Math.floor(whole / size);
    const rest = Math.floor((whole % size) / part);
    return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${lesser}`;
  }
  return "0 s";
}

/** Whole seconds below a minute: what ticks must not flicker. */
export const ticking = (ms: number): string =>
  ms < MINUTE ? `${Math.max(0, Math.floor(ms / SECOND))} s` : duration(ms);

const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY_AND_TIME = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const WHOLE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/** The time of day; another day's with its date. In the zone of the reader. */
export function clockTime(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  if (Number.isNaN(at.getTime())) return "beyond all dates";
  const time = TIME.format(at);
  return new Date(nowMs).toDateString() === at.toDateString() ? time : `${DAY_AND_TIME.format(at)}, ${time}`;
}

/** The same without its seconds. */
export const minuteTime = (atMs: number, nowMs: number): string =>
  clockTime(atMs, nowMs).replace(/:\d\d$/u, "");

/** Date, time and zone: for a title. */
export const wholeTime = (atMs: number): string =>
  Number.isNaN(new Date(atMs).getTime()) ? "beyond all dates" : WHOLE.format(atMs);

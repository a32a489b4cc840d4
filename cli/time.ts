/** Times and durations as people read them. Scripts take them from `--json`, where times are ISO 8601. */
import { parseDuration, TIME_UNITS } from "../lib/duration.ts";
import { UsageError } from "./exit.ts";

export const TIME_FORMATS = ["human", "iso", "relative"] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

const SECOND = 1000;

/** Its two greatest units: `3m12s`, `2d4h`, `450ms`. */
export function shortDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < SECOND) return `${whole}ms`;
  const first = TIME_UNITS.findIndex(([, size]) => whole >= size);
  const [[unit, size] = ["s", SECOND], next] = TIME_UNITS.slice(first);
  const count = Math.floor(whole / size);
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1]);
  return `${count}${unit}${rest === 0 || next === undefined ? "" : `${rest}${next[0]}`}`;
}

/** `undefined`: the text is no time. */
export function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `human`: in the zone of this machine, which it names. */
export function shownTime(atMs: number, format: TimeFormat, nowMs = Date.now()): string {
  if (format === "relative") {
    return atMs > nowMs ? `in ${shortDuration(atMs - nowMs)}` : `${shortDuration(nowMs - atMs)} ago`;
  }
  const date = new Date(atMs);
  if (Number.isNaN(date.getTime())) return "beyond all dates";
  return format === "iso" ? date.toISOString() : human(date);
}

function human(date: Date): string {
  const parts = new Map(FORMAT.formatToParts(date).map(({ type, value }) => [type, value]));
  const of = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? "";
  const day = `${of("year")}-${of("month")}-${of("day")}`;
  return `${day} ${of("hour")}:${of("minute")}:${of("second")} ${of("timeZoneName")}`;
}

const FORMAT = new Intl.DateTimeFormat("en-GB", {
  ...{ year: "numeric", month: "2-digit", day: "2-digit" },
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" },
});

/** An option that is a duration, `2h`, or a time, `2026-11-29` or `2026-11-29T10:00:00Z`. A duration: so long ago. */
export function momentIn(option: string, text: string, nowMs = Date.now()): number {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  const atMs = /^\d{4}-\d\d-\d\d/u.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new UsageError(
    `${option} takes a duration such as 2h or a time such as 2026-11-29T10:00:00Z, not "${text}"`,
  );
}

/** In milliseconds. Throws {@link UsageError} for what is no duration. */
export function durationIn(option: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new UsageError(`${option} takes a duration such as 90s, 2h or 1d 12h, not "${text}"`);
}

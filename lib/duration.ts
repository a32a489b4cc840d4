/**
 * A duration: milliseconds, or a sum of units. Cut to whole milliseconds, as Restate does, and to a hundred years: a longer
 * one means "for ever", and no store or scheduler has to take dates that are farther away.
 */
import { DELAY_MS_MAX, DURATION_CHARS_MAX } from "./limits.ts";

export type Duration =
  | number
  | { days?: number; hours?: number; minutes?: number; seconds?: number; milliseconds?: number };

const MS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 } as const;

/** As people write them, the largest first, with their milliseconds. */
export const TIME_UNITS = [
  ["d", MS.days],
  ["h", MS.hours],
  ["m", MS.minutes],
  ["s", MS.seconds],
] as const;

/** In whole milliseconds, at most {@link DELAY_MS_MAX}. Throws `RangeError` if it is negative or not a finite number. */
export function toMs(duration: Duration): number {
  const ms = signedMs(duration);
  if (ms < 0) throw notADuration(duration);
  return Math.min(Math.trunc(ms), DELAY_MS_MAX);
}

/** The delay until a time that may have passed: what is negative is 0. */
export const toDelayMs = (duration: Duration): number => {
  const ms = signedMs(duration);
  return ms < 0 ? 0 : toMs(duration);
};

/** The delay that an error asks for, which may be anything: it may come from a library. `undefined`: it asks for none. */
export function askedDelayMs(asked: unknown): number | undefined {
  if (typeof asked !== "number" || Number.isNaN(asked)) return undefined;
  return Math.min(Math.max(Math.trunc(asked), 0), DELAY_MS_MAX);
}

function signedMs(duration: Duration): number {
  assertUnits(duration);
  const ms = typeof duration === "number" ? duration : sumMs(duration);
  if (!Number.isFinite(ms)) throw notADuration(duration);
  return ms;
}

const sumMs = (duration: Exclude<Duration, number>): number =>
  (Object.keys(MS) as (keyof typeof MS)[]).reduce((sum, unit) => sum + (duration[unit] ?? 0) * MS[unit], 0);

const notADuration = (duration: Duration): RangeError =>
  new RangeError(`A duration must be a finite number of milliseconds, not negative; got ${shown(duration)}`);

/** A value as it is called in an error: JSON has no word for `NaN` and none for a BigInt. */
export const shown = (value: unknown): string | undefined =>
  typeof value === "number" || typeof value === "bigint" ? String(value) : JSON.stringify(value);

/** A misspelt unit would count as nothing, and nobody would notice. */
function assertUnits(duration: unknown): void {
  if (typeof duration === "number") return;
  const isObject = typeof duration === "object" && duration !== null;
  if (
    isObject &&
    Object.keys(duration).length > 0 &&
    Object.keys(duration).every((unit) => Object.hasOwn(MS, unit))
  )
    return;
  throw new RangeError(
    `A duration is a number of milliseconds or { ${Object.keys(MS).join(", ")} }; got ${shown(duration)}`,
  );
}

const UNIT_NAMES: readonly (readonly [ms: number, ...names: string[]])[] = [
  [0.000_001, "ns", "nsec", "nanosecond"],
  [0.001, "us", "µs", "μs", "usec", "microsecond"],
  [1, "ms", "msec", "milli", "millisecond"],
  [MS.seconds, "s", "sec", "second"],
  [MS.minutes, "m", "min", "minute"],
  [MS.hours, "h", "hr", "hour"],
  [MS.days, "d", "day"],
  [7 * MS.days, "w", "wk", "week"],
];
/** Names of more than two letters may have an "s". */
const UNIT_MS = new Map(
  UNIT_NAMES.flatMap(([ms, ...names]) =>
    names
      .flatMap((name) => (name.length > 2 ? [name, `${name}s`] : [name]))
      .map((name) => [name, ms] as const),
  ),
);
const ISO =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;

/** Parses `10s`, `500ms`, `1h 30m`, `2 weeks` or ISO 8601 (`PT10S`, `P1W`) to milliseconds. Answers
 * `undefined` for any other text. */
export function parseDuration(text: string): number | undefined {
  if (text.length > DURATION_CHARS_MAX) return undefined;
  const unsigned = text.trim().replace(/^\+/, "");
  const iso = /\d/.test(unsigned) ? ISO.exec(unsigned) : null;
  if (!iso) return parseHuman(unsigned);
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = iso
    .slice(1)
    .map((part) => Number(part ?? 0));
  return Math.trunc(sumMs({ days: 7 * weeks + days, hours, minutes, seconds }));
}

function parseHuman(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zµμ]+)\s*/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text) return undefined;
  let ms = 0;
  for (const [, count, unit = ""] of parts) {
    const factor = UNIT_MS.get(unit);
    if (factor === undefined) return undefined;
    ms += Number(count) * factor;
  }
  return Math.trunc(ms);
}

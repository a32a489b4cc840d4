/** `INTERVAL '1 hour 30 minutes'`, in milliseconds, and times in the form in which they are stored. */
const UNITS: Readonly<Record<string, number>> = {
  ...{ millisecond: 1, ms: 1, second: 1000, sec: 1000, s: 1000 },
  ...{ minute: 60_000, min: 60_000, m: 60_000, hour: 3_600_000, h: 3_600_000 },
  ...{ day: 86_400_000, d: 86_400_000, week: 604_800_000, w: 604_800_000 },
  // Of calendars' months and years nothing here depends.
  ...{ month: 30 * 86_400_000, mon: 30 * 86_400_000, year: 365 * 86_400_000, y: 365 * 86_400_000 },
};
const unitOf = (name: string): number | undefined => UNITS[name] ?? UNITS[name.replace(/s$/, "")];

/** `undefined` for what is none. `unit`: of a number alone, as in `INTERVAL '1' HOUR`. */
export function intervalMs(text: string, unit?: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) {
    const size = unitOf(unit ?? "second");
    return size === undefined ? undefined : Number(trimmed) * size;
  }
  const clock = /^(\d+):(\d\d)(?::(\d\d))?$/.exec(trimmed);
  if (clock) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)) * 1000;
  let sum = 0;
  const rest = trimmed.replaceAll(/(-?\d+(?:\.\d+)?)\s*([a-z]+)/g, (part, count: string, name: string) => {
    const size = unitOf(name);
    if (size === undefined) return part;
    sum += Number(count) * size;
    return "";
  });
  return rest.trim() === "" && trimmed !== "" ? sum : undefined;
}
export const isIntervalUnit = (word: string): boolean => unitOf(word) !== undefined && word.length > 2;

/** A time as people write it, in the form in which times are stored; `undefined` for any other text. Without a zone it is UTC. */
export function storedTime(text: string): string | undefined {
  const [, day, time = "00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ??
    [];
  if (day === undefined) return undefined;
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

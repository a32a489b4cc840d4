/**
 * Functions of Restate's dialect that SQLite lacks. Times are texts as `toISOString` makes them, and durations are
 * milliseconds. A function whose arguments hold a null answers null.
 *
 * These functions are sent to another process as texts (sandbox-program.ts), so each uses nothing from outside of it.
 */
export type SqlFunction = (...values: unknown[]) => unknown;

export function timeFunctions(nowMs: number): Record<string, SqlFunction> {
  const units: Record<string, number> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
  const msOf = (value: unknown): number => {
    if (typeof value !== "string") return Number(value);
    const text = value.trim().replace(" ", "T");
    const isZoned = /T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes("T");
    return Date.parse(isZoned ? text : `${text}Z`);
  };
  const timeOf = (ms: number): string | null => {
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? null : date.toISOString();
  };
  const strict =
    (run: SqlFunction): SqlFunction =>
    (...values) =>
      values.includes(null) ? null : run(...values);
  const truncated = (unit: string, value: unknown): string | null => {
    const ms = msOf(value);
    const size = units[unit];
    if (size !== undefined || Number.isNaN(ms)) return timeOf(Math.floor(ms / (size ?? 1)) * (size ?? 1));
    const date = new Date(ms);
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
    const starts: Record<string, number> = {
      week: Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7)),
      month: Date.UTC(year, month, 1),
      quarter: Date.UTC(year, month - (month % 3), 1),
      year: Date.UTC(year, 0, 1),
    };
    const start = starts[unit];
    if (start !== undefined) return timeOf(start);
    const known = [...Object.keys(units), ...Object.keys(starts)].join(", ");
    throw new Error(`date_trunc knows no '${unit}'; it knows ${known}`);
  };
  const partOf = (unit: string, value: unknown): number => {
    // A difference of two times.
    if (typeof value === "number")
      return unit === "epoch" ? value / 1000 : Math.floor(value / (units[unit] ?? 1));
    const date = new Date(msOf(value));
    const parts: Record<string, number> = {
      ...{ epoch: date.getTime() / 1000, year: date.getUTCFullYear(), month: date.getUTCMonth() + 1 },
      ...{ day: date.getUTCDate(), hour: date.getUTCHours(), minute: date.getUTCMinutes() },
      ...{ second: date.getUTCSeconds(), millisecond: date.getUTCMilliseconds(), dow: date.getUTCDay() },
    };
    const found = parts[unit];
    if (found === undefined)
      throw new Error(`date_part knows no '${unit}'; it knows ${Object.keys(parts).join(", ")}`);
    return found;
  };
  const minus = (a: unknown, b: unknown): unknown => {
    if (typeof b === "string") return msOf(a) - msOf(b);
    return typeof a === "string" ? timeOf(msOf(a) - Number(b)) : Number(a) - Number(b);
  };
  const plus = (a: unknown, ms: unknown): unknown =>
    typeof a === "string" ? timeOf(msOf(a) + Number(ms)) : Number(a) + Number(ms);
  return {
    now: () => timeOf(nowMs),
    perdure_time: strict((value) => timeOf(msOf(value))),
    perdure_add: strict(plus),
    perdure_minus: strict(minus),
    date_trunc: strict((unit, value) => truncated(String(unit).toLowerCase(), value)),
    date_part: strict((unit, value) => partOf(String(unit).toLowerCase(), value)),
    to_timestamp: strict((value) => timeOf(typeof value === "number" ? value * 1000 : msOf(value))),
    to_timestamp_millis: strict((value) => timeOf(msOf(value))),
    to_unixtime: strict((value) => Math.floor(msOf(value) / 1000)),
  };
}

export function textFunctions(): Record<string, SqlFunction> {
  const strict =
    (run: (...values: string[]) => unknown): SqlFunction =>
    (...values) =>
      values.includes(null) ? null : run(...values.map(String));
  const likePattern = (pattern: string): RegExp => {
    const escaped = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    return new RegExp(`^${escaped.replaceAll("%", "[^]*").replaceAll("_", "[^]")}$`, "iu");
  };
  const found = (isFound: boolean): number => (isFound ? 1 : 0);
  return {
    // Operators: `x REGEXP y` asks for regexp(y, x). ILIKE becomes the one, and `~` the other.
    regexp: strict((pattern = "", value = "") => found(likePattern(pattern).test(value))),
    match: strict((pattern = "", value = "") => found(new RegExp(pattern, "u").test(value))),
    regexp_like: strict((value = "", pattern = "", flags = "") =>
      found(new RegExp(pattern, `u${flags}`).test(value)),
    ),
    regexp_replace: strict((value = "", pattern = "", by = "") =>
      value.replace(new RegExp(pattern, "u"), by),
    ),
    starts_with: strict((value = "", prefix = "") => found(value.startsWith(prefix))),
    ends_with: strict((value = "", suffix = "") => found(value.endsWith(suffix))),
    contains: strict((value = "", part = "") => found(value.includes(part))),
    strpos: strict((value = "", part = "") => value.indexOf(part) + 1),
    split_part: strict((value = "", by = "", at = "1") => value.split(by)[Number(at) - 1] ?? ""),
    perdure_left: strict((value = "", count = "0") => value.slice(0, Number(count))),
    perdure_right: strict((value = "", count = "0") =>
      Number(count) > 0 ? value.slice(-Number(count)) : "",
    ),
    char_length: strict((value = "") => Array.from(value).length),
  };
}

export function listFunctions(): Record<string, SqlFunction> {
  const strict =
    (run: SqlFunction): SqlFunction =>
    (...values) =>
      values.includes(null) ? null : run(...values);
  const listOf = (value: unknown): unknown[] => {
    const list: unknown = JSON.parse(String(value));
    return Array.isArray(list) ? list : [];
  };
  /** Of those that are not null. */
  const extreme = (values: unknown[], isBetter: (a: string, b: string) => boolean): unknown => {
    let found: unknown = null;
    for (const value of values)
      if (value !== null && (found === null || isBetter(value as string, found as string))) found = value;
    return found;
  };
  const has = strict((list, value) => (listOf(list).includes(value) ? 1 : 0));
  const length = strict((list) => listOf(list).length);
  return {
    greatest: (...values) => extreme(values, (a, b) => a > b),
    least: (...values) => extreme(values, (a, b) => a < b),
    array_length: length,
    cardinality: length,
    array_to_string: strict((list, by) => listOf(list).join(String(by))),
    array_has: has,
    array_contains: has,
  };
}

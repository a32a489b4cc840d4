/**
 * Functions of Restate's dialect that SQLite lacks. Times are texts as `toISOString` makes them, and durations are
 * milliseconds. This function is sent to another process as a text (sandbox-program.ts), so it uses nothing from outside.
 */
export type SqlFunction = (...values: unknown[]) => unknown;

export function sqlFunctions(nowMs: number): Record<string, SqlFunction> {
  const units: Record<string, number> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
  const msOf = (value: unknown): number => {
    if (typeof value !== "string") return Number(value);
    const text = value.trim().replace(" ", "T");
    return Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes("T") ? text : `${text}Z`);
  };
  const timeOf = (ms: number): string | null =>
    Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
  const isNull = (value: unknown): value is null => value === null || value === undefined;
  /** Null if one of the values is. */
  const strict =
    (run: SqlFunction): SqlFunction =>
    (...values) =>
      values.some(isNull) ? null : run(...values);
  const truncated = (unit: string, value: unknown): string | null => {
    const date = new Date(msOf(value));
    if (Number.isNaN(date.getTime())) return null;
    const size = units[unit];
    if (size !== undefined) return timeOf(Math.floor(date.getTime() / size) * size);
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
    if (unit === "week") return timeOf(Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7)));
    if (unit === "month") return timeOf(Date.UTC(year, month, 1));
    if (unit === "quarter") return timeOf(Date.UTC(year, month - (month % 3), 1));
    if (unit === "year") return timeOf(Date.UTC(year, 0, 1));
    throw new Error(
      `date_trunc knows no '${unit}': second, minute, hour, day, week, month, quarter and year`,
    );
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
      throw new Error(`date_part knows no '${unit}': ${Object.keys(parts).join(", ")}`);
    return found;
  };
  const listOf = (value: unknown): unknown[] => {
    const list: unknown = JSON.parse(String(value));
    return Array.isArray(list) ? list : [];
  };
  const likePattern = (pattern: unknown): RegExp => {
    const escaped = String(pattern).replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    return new RegExp(`^${escaped.replaceAll("%", "[\\s\\S]*").replaceAll("_", "[\\s\\S]")}$`, "iu");
  };
  /** Of those that are not null. */
  const extreme = (values: unknown[], isBetter: (a: string, b: string) => boolean): unknown => {
    let found: unknown = null;
    for (const value of values)
      if (!isNull(value) && (isNull(found) || isBetter(value as string, found as string))) found = value;
    return found;
  };
  return {
    now: () => timeOf(nowMs),
    perdure_time: strict((value) => timeOf(msOf(value))),
    perdure_add: strict((value, ms) =>
      typeof value === "string" ? timeOf(msOf(value) + Number(ms)) : Number(value) + Number(ms),
    ),
    perdure_minus: strict((a, b) =>
      typeof b === "string"
        ? msOf(a) - msOf(b)
        : typeof a === "string"
          ? timeOf(msOf(a) - Number(b))
          : Number(a) - Number(b),
    ),
    date_trunc: strict((unit, value) => truncated(String(unit).toLowerCase(), value)),
    date_part: strict((unit, value) => partOf(String(unit).toLowerCase(), value)),
    to_timestamp: strict((value) => timeOf(typeof value === "number" ? value * 1000 : msOf(value))),
    to_timestamp_millis: strict((value) => timeOf(msOf(value))),
    to_unixtime: strict((value) => Math.floor(msOf(value) / 1000)),
    // Operators: `x REGEXP y` asks for regexp(y, x). ILIKE becomes the one, and `~` the other.
    regexp: strict((pattern, value) => (likePattern(pattern).test(String(value)) ? 1 : 0)),
    match: strict((pattern, value) => (new RegExp(String(pattern), "u").test(String(value)) ? 1 : 0)),
    regexp_like: strict((value, pattern, flags) =>
      new RegExp(String(pattern), `u${isNull(flags) ? "" : String(flags)}`).test(String(value)) ? 1 : 0,
    ),
    regexp_replace: strict((value, pattern, by) =>
      String(value).replace(new RegExp(String(pattern), "u"), String(by)),
    ),
    starts_with: strict((value, prefix) => (String(value).startsWith(String(prefix)) ? 1 : 0)),
    ends_with: strict((value, suffix) => (String(value).endsWith(String(suffix)) ? 1 : 0)),
    contains: strict((value, part) => (String(value).includes(String(part)) ? 1 : 0)),
    strpos: strict((value, part) => String(value).indexOf(String(part)) + 1),
    split_part: strict((value, by, at) => String(value).split(String(by))[Number(at) - 1] ?? ""),
    perdure_left: strict((value, count) => [...String(value)].slice(0, Number(count)).join("")),
    perdure_right: strict((value, count) =>
      Number(count) <= 0 ? "" : [...String(value)].slice(-Number(count)).join(""),
    ),
    char_length: strict((value) => [...String(value)].length),
    greatest: (...values) => extreme(values, (a, b) => a > b),
    least: (...values) => extreme(values, (a, b) => a < b),
    array_length: strict((list) => listOf(list).length),
    cardinality: strict((list) => listOf(list).length),
    array_to_string: strict((list, by) => listOf(list).join(String(by))),
    array_has: strict((list, value) => (listOf(list).includes(value) ? 1 : 0)),
    array_contains: strict((list, value) => (listOf(list).includes(value) ? 1 : 0)),
    json_get_str: strict((json, key) => {
      const value = (JSON.parse(String(json)) as Record<string, unknown> | null)?.[String(key)];
      return typeof value === "string" ? value : null;
    }),
  };
}

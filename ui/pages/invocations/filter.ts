/**
 * The list's filter: as the address has it, and as the admin API is asked. How it is typed: typing.ts.
 *
 * The address is the only place where it is kept: a link shows the same list to everybody.
 */
import { parseDuration } from "../../../lib/duration.ts";
import type { Status } from "../../words/status.ts";

export const FIELDS = [
  ...["id", "service", "key", "handler", "status", "error", "age", "created_after", "created_before"],
  ...["deployment", "caller", "text"],
] as const;
/** By field, as the address has it. */
export type Filter = Readonly<Partial<Record<string, string>>>;

/** A status as the filter names it: `completed` is told apart by its result. */
export type StatusWord = Exclude<Status, "completed"> | "succeeded" | "failed";
/** In the order of an invocation's life. */
export const STATUS_WORDS: readonly StatusWord[] = [
  ...(["scheduled", "pending", "ready", "running", "suspended", "backing-off", "paused"] as const),
  ...(["succeeded", "failed"] as const),
];
export const OPEN_WORDS = STATUS_WORDS.slice(0, 7);
export const ENDED_WORDS = STATUS_WORDS.slice(7);

/** Other words for a status, and words for several. */
export const ALIASES: Readonly<Record<string, readonly StatusWord[]>> = {
  retrying: ["backing-off"],
  waiting: ["pending"],
  parked: ["pending"],
  completed: ENDED_WORDS,
  ended: ENDED_WORDS,
  open: OPEN_WORDS,
  cancelled: ["failed"],
};

export const isStatusWord = (word: string): word is StatusWord =>
  (STATUS_WORDS as readonly string[]).includes(word);

/** What `status` in the address means; words that are none are left out. `undefined`: all. */
export function statusesOf({ status }: Filter): readonly StatusWord[] | undefined {
  if (status === undefined) return undefined;
  const words = status.split(",").flatMap((word) => (isStatusWord(word) ? [word] : (ALIASES[word] ?? [])));
  return STATUS_WORDS.filter((word) => words.includes(word));
}

/** The fields of an address; whatever else it has is not the filter's. */
export function filterOf(search: URLSearchParams): Filter {
  const found = FIELDS.map((field) => [field, search.get(field) ?? undefined] as const);
  return withoutUndefined(Object.fromEntries(found));
}

/** The address with another filter. What only belonged to the old one, the page of it, goes. */
export function withFilter(search: URLSearchParams, filter: Filter): URLSearchParams {
  const next = new URLSearchParams();
  for (const field of FIELDS) {
    const value = filter[field];
    if (value !== undefined) next.set(field, value);
  }
  for (const [name, value] of search) {
    if (!(FIELDS as readonly string[]).includes(name) && name !== "after") next.set(name, value);
  }
  return next;
}

export const isSameFilter = (a: Filter, b: Filter): boolean =>
  FIELDS.every((field) =>
    field === "status" ? String(statusesOf(a)) === String(statusesOf(b)) : a[field] === b[field],
  );

const withoutUndefined = (filter: Filter): Filter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
export const without = (filter: Filter, field: string): Filter =>
  withoutUndefined({ ...filter, [field]: undefined });

/** Everything but the status, as `GET /invocations` and the bulk operations name it. `id` is not among it: that one is read by itself. */
export function askedOf(filter: Filter, nowMs: number): Readonly<Record<string, string>> {
  const { service, handler, key, error, deployment, caller, text } = filter;
  const [after, before] = timesOf(filter, nowMs);
  const isPattern = key !== undefined && /[*?]/u.test(key);
  const asked = {
    ...{ service, handler, error, deployment, text },
    ...(isPattern ? { key_glob: key } : { key }),
    invoked_by_id: caller,
    created_after: after === undefined ? undefined : new Date(after).toISOString(),
    created_before: before === undefined ? undefined : new Date(before).toISOString(),
  };
  return Object.fromEntries(
    Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** An age that is asked for again each second must not be another question each time. */
const AGE_GRAIN_MS = 1000;
function timesOf(
  { age, created_after, created_before }: Filter,
  nowMs: number,
): readonly (number | undefined)[] {
  const ms = parseDuration(age?.slice(1) ?? "");
  const at = ms === undefined ? undefined : Math.floor((nowMs - ms) / AGE_GRAIN_MS) * AGE_GRAIN_MS;
  const after = [localTime(created_after), age?.startsWith("<") === true ? at : undefined];
  const before = [localTime(created_before), age?.startsWith(">") === true ? at : undefined];
  return [tightest(after, Math.max), tightest(before, Math.min)];
}
const tightest = (
  times: readonly (number | undefined)[],
  choose: (...times: number[]) => number,
): number | undefined => {
  const given = times.filter((time) => time !== undefined);
  return given.length === 0 ? undefined : choose(...given);
};
/** A day begins where the reader is. */
function localTime(text: string | undefined): number | undefined {
  const ms = Date.parse(text !== undefined && text.length === 10 ? `${text}T00:00:00` : (text ?? ""));
  return Number.isNaN(ms) ? undefined : ms;
}

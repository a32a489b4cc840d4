/** The filter as it is typed: `service:Order key:"a b" age>10m -status:succeeded boom`. */
import { parseDuration } from "../../../lib/duration.ts";
import {
  ALIASES,
  FIELDS,
  type Filter,
  isStatusWord,
  STATUS_WORDS,
  statusesOf,
  type StatusWord,
} from "./filter.ts";

/** The text cannot be read as a filter. The message says what is meant instead. */
export class FilterError extends Error {
  override readonly name = "FilterError";
}

/** Names that may be typed, and the fields they set. */
export const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(FIELDS.map((field) => [field, field])),
  created: "created",
  is: "status",
  "called-by": "caller",
};

const WORD = /(-?)([a-z_-]+)(:|>|<)("(?:[^"\\]|\\.)*"?|\S*)|("(?:[^"\\]|\\.)*"?|\S+)/gu;

/** The filter with what was typed. Throws {@link FilterError}. */
export function typedInto(filter: Filter, typed: string, nowMs: number): Filter {
  let result = filter;
  const rest: string[] = [];
  for (const [word, not = "", name, sign, value = "", plain] of typed.matchAll(WORD)) {
    if (name === undefined || sign === undefined) rest.push(unquoted(plain ?? word));
    else if (!isNameLike(name, sign)) rest.push(word);
    else
      result = {
        ...result,
        ...fieldOf(result, { not: not !== "", name, sign, value: unquoted(value) }, nowMs),
      };
  }
  if (rest.length === 0) return result;
  const text = rest.join(" ");
  return INVOCATION_ID.test(text) ? { ...result, id: text } : { ...result, text };
}

export const INVOCATION_ID = /^inv_[A-Za-z0-9_-]{10,}$/u;

/** A word before a colon that is near no name is a part of a text: `Error: boom`, `http://…`. */
const isNameLike = (name: string, sign: string): boolean =>
  name in NAMES || (sign === ":" && nearest(name, Object.keys(NAMES)) !== undefined);

interface Typed {
  readonly not: boolean;
  readonly name: string;
  readonly sign: string;
  readonly value: string;
}

function fieldOf(filter: Filter, { not, name, sign, value }: Typed, nowMs: number): Filter {
  const field = NAMES[name];
  if (field === undefined) {
    const meant = nearest(name, Object.keys(NAMES)) ?? "text";
    throw new FilterError(`There is no filter “${name}”. Did you mean ${meant}:?`);
  }
  if (not && field !== "status") throw new FilterError("Only a status can be excluded: -status:succeeded.");
  if (value === "" && field !== "key")
    throw new FilterError(`What should ${name} be? For example ${EXAMPLES[field] ?? ""}.`);
  if (field === "age") return { age: ageOf(sign, value) };
  if (field === "created")
    return { [sign === "<" ? "created_before" : "created_after"]: dayOf(value, nowMs) };
  if (field === "created_after" || field === "created_before") return { [field]: dayOf(value, nowMs) };
  if (field === "status") return { status: statusText(filter, value, not) };
  return { [field]: value };
}

/** By field, or by `created`: what may be typed. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  id: "id:inv_1a…",
  service: "service:Order",
  handler: "handler:checkout",
  key: "key:ord-* (* any characters, ? one)",
  status: "status:paused, or -status:succeeded",
  error: "error:ECONNREFUSED",
  age: "age>10m, age<1h",
  created: "created>2026-11-26, created<today",
  created_after: "created>2026-11-26",
  created_before: "created<2026-11-26",
  deployment: "deployment:dp_1a…",
  caller: "caller:inv_1a…",
  text: "ord-77",
};

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  const inner = text.length > 1 && text.endsWith('"') ? text.slice(1, -1) : text.slice(1);
  return inner.replaceAll(/\\(.)/gu, "$1");
}
/** A value as it must be typed. */
export const quoted = (value: string): string =>
  /^[^\s"]+$/u.test(value) ? value : `"${value.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;

function ageOf(sign: string, value: string): string {
  const [, inner = sign === ":" ? ">" : sign, amount = value] = /^([<>])(.*)$/u.exec(value) ?? [];
  if (parseDuration(amount) === undefined)
    throw new FilterError(`“${amount}” is no duration. Write age>10m, age>2h or age<1d.`);
  return `${inner}${amount}`;
}

const DAY_MS = 86_400_000;
function dayOf(value: string, nowMs: number): string {
  const days: Readonly<Record<string, number>> = { today: 0, yesterday: 1 };
  const back = days[value.toLowerCase()];
  if (back !== undefined) return localDay(new Date(nowMs - back * DAY_MS));
  if (TIME.test(value) && !Number.isNaN(Date.parse(value))) return value;
  throw new FilterError(`“${value}” is no time. Write today, 2026-11-26 or 2026-11-26T15:48:42Z.`);
}
const TIME = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/u;
const two = (count: number): string => String(count).padStart(2, "0");
const localDay = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

function statusText(filter: Filter, value: string, not: boolean): string {
  const words = value.split(",").flatMap((word): readonly StatusWord[] => {
    const lower = word.toLowerCase();
    if (isStatusWord(lower)) return [lower];
    const several = ALIASES[lower];
    if (several) return several;
    const meant = nearest(lower, [...STATUS_WORDS, ...Object.keys(ALIASES)]);
    throw new FilterError(
      `“${word}” is no status. ${meant === undefined ? `There are ${STATUS_WORDS.join(", ")}.` : `Did you mean ${meant}?`}`,
    );
  });
  const before = statusesOf(filter);
  const chosen = not
    ? (before ?? STATUS_WORDS).filter((word) => !words.includes(word))
    : STATUS_WORDS.filter((word) => words.includes(word));
  if (chosen.length === 0) throw new FilterError("That would leave no status.");
  return chosen.join(",");
}

/** The nearest of some names, if one is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const far = Math.max(1, Math.floor(name.length / 3));
  const near = names
    .map((other) => [editsBetween(name.toLowerCase(), other.toLowerCase()), other] as const)
    .filter(([edits, other]) => edits <= far || (name.length > 1 && other.startsWith(name)))
    .toSorted(([a], [b]) => a - b);
  return near[0]?.[1];
}

/** Names longer than this are compared by their start. */
const COMPARED_CHARS_MAX = 40;
function editsBetween(a: string, b: string): number {
  const [from, into] = [a.slice(0, COMPARED_CHARS_MAX), b.slice(0, COMPARED_CHARS_MAX)];
  let row = Array.from({ length: into.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= into.length; j++) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === into[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

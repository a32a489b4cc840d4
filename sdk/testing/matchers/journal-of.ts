/** A journal as lines that are the same in each run of a test: for snapshots of any test runner. */
import { TIME_UNITS } from "../../../lib/duration.ts";
import { JOURNAL_VALUE_CHARS_MAX } from "../../../lib/limits/local.ts";
import { type EndedEntry, resultText } from "../entry-text.ts";
import type { JournalEntry, TestInvocation } from "../invocation.ts";

export interface JournalOfOptions {
  /** What else differs from run to run: each match of one becomes `…`. */
  readonly mask?: readonly RegExp[];
}

/**
 * A line for each entry: what it is, its name, how it ended. Ids, times and UUIDs in it are masked, and a sleep has its length:
 *
 *     run charge: "receipt 1"
 *     sleep the right to return it, 14 d
 *     sleep the right to return it is over
 */
export async function journalOf(
  invocation: TestInvocation,
  { mask = [] }: JournalOfOptions = {},
): Promise<readonly string[]> {
  const entries = await invocation.journal();
  const commands = new Map(
    entries.filter(({ type }) => type !== "completion").map((entry) => [entry["command"], entry]),
  );
  return entries.map((entry) => {
    const command = entry.type === "completion" ? commands.get(entry["command"]) : undefined;
    const what = command ? `${whatIs(command)} is over` : `${whatIs(entry)}${lengthOf(entry)}`;
    return masked(`${what}${resultText(entry as EndedEntry, JOURNAL_VALUE_CHARS_MAX)}`, mask);
  });
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const whatIs = ({ type, name, invoked_target }: JournalEntry): string =>
  [type, name ?? text(invoked_target)].filter((part) => part !== undefined && part !== "").join(" ");

/** To the unit, since it is measured by a clock that goes on. */
function lengthOf({ due_at, at }: JournalEntry): string {
  const [due, began] = [text(due_at), text(at)];
  if (due === undefined || began === undefined) return "";
  const ms = Date.parse(due) - Date.parse(began);
  const [unit, size] = TIME_UNITS.find(([, each]) => ms >= each / 2) ?? ["ms", 1];
  return `, ${Math.round(ms / size)} ${unit}`;
}

/** Ids of invocations, promises and signals; UUIDs; times. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/\b(inv|prom|sign)_[\w-]+/gu, "$1_…"],
  [/\b[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\b/giu, "<uuid>"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/gu, "<time>"],
  // Milliseconds since 1970, from 2001 to 2286.
  [/\b\d{13}\b/gu, "<time>"],
];

function masked(line: string, mask: readonly RegExp[]): string {
  const own = mask.map((each) => [each, "…"] as const);
  return [...own, ...VOLATILE].reduce(
    (masked_, [pattern, by]) => masked_.replaceAll(globally(pattern), by),
    line,
  );
}

const globally = (pattern: RegExp): RegExp =>
  pattern.global ? pattern : new RegExp(pattern, `${pattern.flags}g`);

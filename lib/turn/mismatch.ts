/** Whether a command that the code issues is the one that the journal recorded (D1), and how to say that it is not. */
import { type CommandEntry, ENTRY_NAMES } from "../model/entry.ts";
import { JournalMismatchError } from "../errors.ts";
import { namesContent } from "../model/value-ref.ts";
import { equalValues, type Value } from "../model/value.ts";

/** What must be the same on replay: kind, name, and the parameters that others see. Not results, not durations. */
export function identityOf(entry: CommandEntry): Value[] {
  if (entry[0] === "c" || entry[0] === "o") {
    const [service, handler, key, input, headers, idempotencyKey] = entry[3];
    return [entry[0], service, handler, key, input, headers, idempotencyKey];
  }
  const parts = entry as readonly Value[];
  return [entry[0], ...COMPARED[entry[0]].map((at) => parts[at] ?? null)];
}

/** The places of the parts that are compared. */
const COMPARED: Record<Exclude<CommandEntry[0], "c" | "o">, readonly number[]> = {
  r: [2],
  g: [2],
  q: [2],
  d: [2],
  p: [2],
  h: [2],
  y: [2],
  a: [2],
  k: [],
  D: [],
  s: [2, 3],
  v: [2, 3],
  z: [3],
  t: [2, 4, 5],
};

/** What the compared parts are, where the name does not say it all. */
const PARTS: Partial<Record<CommandEntry[0], readonly string[]>> = {
  c: ["service", "handler", "key", "parameter", "headers", "idempotency key"],
  o: ["service", "handler", "key", "parameter", "headers", "idempotency key"],
  s: ["key", "value"],
  v: ["name", "value"],
  t: ["invocation", "name", "value"],
};

/** Throws {@link JournalMismatchError} unless both are the same operation. `count`: of the operations recorded. */
export function assertSameCommand(recorded: CommandEntry, issued: CommandEntry, count: number): void {
  const [expected, actual] = [identityOf(recorded), identityOf(issued)];
  const different = expected.flatMap((part, at) => (samePart(part, actual[at]) ? [] : [at]));
  if (expected.length === actual.length && different.length === 0) return;
  const [before, now] = [describeCommand(recorded), describeCommand(issued)];
  const parts = different.map((at) => PARTS[recorded[0]]?.[at - 1] ?? "name").join(" and ");
  const detail = recorded[0] === issued[0] ? `, with another ${parts}` : "";
  throw new JournalMismatchError(
    `${placeOf(recorded, count)} the journal recorded ${before}, but the code now does ${now}${detail}`,
    ADVICE,
  );
}

const placeOf = ([, command]: CommandEntry, count: number): string =>
  `Journal mismatch at operation ${command} of ${count} recorded:`;

/** A large value is recorded by a reference that names its content. */
function samePart(expected: Value | undefined, actual: Value | undefined): boolean {
  if (typeof expected === "string" && actual instanceof Uint8Array) return namesContent(expected, actual);
  return equalValues(expected, actual);
}

/** The code came to rest, or ended, before it did what the journal recorded. `last`: what it did before. */
export function missingCommand(
  recorded: CommandEntry,
  count: number,
  { doing, last }: { readonly doing: string; readonly last: CommandEntry | undefined },
): JournalMismatchError {
  const before = last
    ? `the last that it did was operation ${last[1]}, ${describeCommand(last)}`
    : "it did nothing";
  return new JournalMismatchError(
    `${placeOf(recorded, count)} the journal recorded ${describeCommand(recorded)}, but the code ${doing} without doing it; ${before}`,
    ADVICE,
  );
}

const ADVICE =
  "The code changed under an invocation in flight, or does not do the same on every run (time, random numbers, I/O outside ctx.run). " +
  "It is retried by its policy; deploy code that matches, or kill it.";

export function describeCommand(entry: CommandEntry): string {
  const kind = ENTRY_NAMES[entry[0]];
  if (entry[0] === "c" || entry[0] === "o") {
    const [service, handler, key] = entry[3];
    return `${kind} of ${service}${key === null ? "" : `/${key}`}/${handler}`;
  }
  const name = commandName(entry);
  return name === "" ? kind : `${kind} "${name}"`;
}

/** The name that the user gave the operation, or "". */
export function commandName(entry: CommandEntry): string {
  if (entry[0] === "z") return entry[3];
  if (entry[0] === "k" || entry[0] === "D") return "";
  return typeof entry[2] === "string" || typeof entry[2] === "number" ? String(entry[2]) : "";
}

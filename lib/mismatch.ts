/** Whether a command that the code issues is the one that the journal recorded (D1), and how to say that it is not. */
import { type CommandEntry, ENTRY_NAMES } from "./entry.ts";
import { JournalMismatchError } from "./errors.ts";
import { namesContent } from "./value-ref.ts";
import { equalValues, type Value } from "./value.ts";

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

/** Throws {@link JournalMismatchError} unless both are the same operation. */
export function assertSameCommand(recorded: CommandEntry, issued: CommandEntry): void {
  const [expected, actual] = [identityOf(recorded), identityOf(issued)];
  if (expected.length === actual.length && expected.every((part, at) => samePart(part, actual[at]))) return;
  throw new JournalMismatchError(
    `Journal mismatch at operation ${recorded[1]}: the journal recorded ${describeCommand(recorded)}, ` +
      `but the code now does ${describeCommand(issued)}. ${ADVICE}`,
  );
}

/** A large value is recorded by a reference that names its content. */
function samePart(expected: Value | undefined, actual: Value | undefined): boolean {
  if (typeof expected === "string" && actual instanceof Uint8Array) return namesContent(expected, actual);
  return equalValues(expected, actual);
}

/** The code came to rest, or ended, before it did what the journal recorded. */
export function missingCommand(recorded: CommandEntry, doing: string): JournalMismatchError {
  return new JournalMismatchError(
    `Journal mismatch at operation ${recorded[1]}: the journal recorded ${describeCommand(recorded)}, ` +
      `but the code ${doing} without doing it. ${ADVICE}`,
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

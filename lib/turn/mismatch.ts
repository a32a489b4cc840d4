/** Compares the command that the code issues with the one that the journal has recorded (D1), and says how they differ. */
import { type CommandEntry, type Entry, isCommand } from "../model/entry.ts";
import { JournalMismatchError } from "../errors.ts";
import { targetText } from "../model/target-text.ts";
import { isOfTraces } from "../model/header-names.ts";
import { namesContent } from "../model/value-ref.ts";
import { equalValues, type Value } from "../model/value.ts";

/** What must be the same on replay: kind, name, and the parameters that others see. Results and durations may differ. */
export function identityOf(entry: CommandEntry): Value[] {
  const { kind } = entry;
  if (kind === "call" || kind === "send") {
    const { service, handler, key, input, idempotencyKey } = entry.call;
    const headers = Object.entries(entry.call.headers).filter(([name]) => !isOfTraces(name));
    return [kind, service, handler, key, input, Object.fromEntries(headers), idempotencyKey];
  }
  const identity: Value[] = [operationOf(entry)];
  if ("id" in entry) identity.push(entry.id);
  if ("name" in entry) identity.push(entry.name);
  if ("signal" in entry) identity.push(entry.signal);
  if (kind === "set") identity.push(entry.value);
  if (kind === "sendSignal" || kind === "promise.complete") identity.push(entry.outcome);
  return identity;
}

/** What the code calls it. A step that writes to the user's tables has an entry of its own only by a field (0052). */
const operationOf = (entry: CommandEntry): string =>
  entry.kind === "run" && entry.writes !== undefined ? "transact" : entry.kind;

/** What the compared parts are called, if there is more than a name. */
const CALL_PARTS = ["service", "handler", "key", "parameter", "headers", "idempotency key"];
const PARTS: Partial<Record<CommandEntry["kind"], readonly string[]>> = {
  call: CALL_PARTS,
  send: CALL_PARTS,
  set: ["key", "value"],
  "promise.complete": ["name", "value"],
  sendSignal: ["invocation", "name", "value"],
};

/** Throws {@link JournalMismatchError} unless both are the same operation. `count`: how many operations are recorded. */
export function assertSameCommand(recorded: CommandEntry, issued: CommandEntry, count: number): void {
  const [expected, actual] = [identityOf(recorded), identityOf(issued)];
  const different = expected.flatMap((part, at) => (samePart(part, actual[at]) ? [] : [at]));
  if (expected.length === actual.length && different.length === 0) return;
  const [before, now] = [describeCommand(recorded), describeCommand(issued)];
  const parts = different.map((at) => PARTS[recorded.kind]?.[at - 1] ?? "name").join(" and ");
  const isSame = operationOf(recorded) === operationOf(issued);
  const detail = isSame ? `, with another ${parts}` : "";
  throw new JournalMismatchError(
    `${placeOf(recorded, count)} the journal recorded ${before}, but the code now does ${now}${detail}`,
    ADVICE,
  );
}

const placeOf = ({ command }: CommandEntry, count: number): string =>
  `Journal mismatch at operation ${command} of ${count} recorded:`;

/** A large value is recorded by a name that is made of its content. */
function samePart(expected: Value | undefined, actual: Value | undefined): boolean {
  if (typeof expected === "string" && actual instanceof Uint8Array) return namesContent(expected, actual);
  return equalValues(expected, actual);
}

/** The error for code that came to rest, or ended, before it did what the journal has recorded. `last`: what it did last. */
export function missingCommand(
  recorded: CommandEntry,
  count: number,
  { doing, last }: { readonly doing: string; readonly last: CommandEntry | undefined },
): JournalMismatchError {
  const before = last
    ? `the last that it did was operation ${last.command}, ${describeCommand(last)}`
    : "it did nothing";
  return new JournalMismatchError(
    `${placeOf(recorded, count)} the journal recorded ${describeCommand(recorded)}, but the code ${doing} without doing it; ${before}`,
    ADVICE,
  );
}

/** The error for code that rests although the log has something next. */
export function stalledBefore(next: Entry | undefined): JournalMismatchError {
  const what = next && isCommand(next) ? describeCommand(next) : `event ${JSON.stringify(next?.kind)}`;
  return new JournalMismatchError(
    `Journal mismatch: the code came to rest before ${what}, which the journal recorded next`,
  );
}

export const ADVICE =
  "The code changed under an invocation in flight, or does not do the same on every run (time, random numbers, I/O outside ctx.run).";

export function describeCommand(entry: CommandEntry): string {
  const { kind } = entry;
  // Its number is for those alone that were given its id (0024).
  if (kind === "signal" && typeof entry.signal === "number") return "awakeable";
  if (kind === "call" || kind === "send") {
    return `${kind} of ${targetText(entry.call)}`;
  }
  const name = nameOf(entry);
  const operation = operationOf(entry);
  return name === "" ? operation : `${operation} "${name}"`;
}

/** The name that the user gave to the operation, or the id of the invocation that it concerns. */
function nameOf(entry: Exclude<CommandEntry, { kind: "call" | "send" }>): string {
  if ("name" in entry) return entry.name;
  if ("id" in entry) return entry.id;
  return entry.kind === "signal" && typeof entry.signal === "string" ? entry.signal : "";
}

/**
 * Journal entries (J1). An entry is a list whose first element says what it is: short, since the head is billed by
 * the KB and rewritten by every append. `docs/journal-format.md` shows them with examples.
 *
 * `command` numbers the operations that the handler issues, in program order from 0; it is what replay matches (D1).
 * Some entries describe a command, some complete one, a run and a read do both. The order of the completing entries
 * is the truth on every replay: `race` always picks the same winner.
 */
import type { Value } from "./value.ts";

/** A completed `ctx.run`: ["r", command, name, outcome]. */
export type RunEntry = ["r", number, string, Value];
/** A state read: ["g", command, name, bytes | ref | null]. */
export type GetEntry = ["g", number, string, Value];
/** The state's keys: ["k", command, names]. */
export type KeysEntry = ["k", number, string[]];
/** A look at a durable promise: ["q", command, name, outcome | null]; null: not completed. */
export type PeekEntry = ["q", number, string, Value];
/** ["s", command, name, bytes | ref]. */
export type SetEntry = ["s", number, string, Value];
/** ["d", command, name]. */
export type ClearEntry = ["d", number, string];
/** ["D", command, names that existed]. */
export type ClearAllEntry = ["D", number, string[]];
/** ["z", command, due at (epoch ms), name]. */
export type SleepEntry = ["z", number, number, string];
/** A call that awaits its result: ["c", command, callee id, call]. */
export type CallEntry = ["c", number, string, CallValue];
/** A one-way call: ["o", command, callee id, call]. */
export type SendEntry = ["o", number, string, CallValue];
/** An awakeable or signal was asked for: ["a", command, index | name]. */
export type SignalEntry = ["a", number, Value];
/** A signal (or awakeable) of another invocation was completed: ["t", command, id, incarnation | null, index | name, outcome]. */
export type SendSignalEntry = ["t", number, string, number | null, Value, Value];
/** Waits for a durable promise: ["p", command, name]. */
export type PromiseEntry = ["p", number, string];
/** Completes a durable promise: ["v", command, name, outcome]. */
export type ResolveEntry = ["v", number, string, Value];
/** Attaches to another invocation: ["h", command, id]. */
export type AttachEntry = ["h", number, string];
/** Cancels another invocation: ["y", command, id]. */
export type CancelEntry = ["y", number, string];
/** Command completed from outside, a reply, a timer, a promise: ["n", command, outcome]. */
export type CompletionEntry = ["n", number, Value];
/** A signal was delivered: ["i", index | name, unique id of the delivery, outcome]. */
export type SignalledEntry = ["i", Value, string, Value];
/** Cancellation was delivered: ["x", unique id, callee ids that are cancelled with it]. */
export type CancelledEntry = ["x", string, string[]];

export type CommandEntry =
  | RunEntry
  | GetEntry
  | KeysEntry
  | PeekEntry
  | SetEntry
  | ClearEntry
  | ClearAllEntry
  | SleepEntry
  | CallEntry
  | SendEntry
  | SignalEntry
  | SendSignalEntry
  | PromiseEntry
  | ResolveEntry
  | AttachEntry
  | CancelEntry;
export type EventEntry = CompletionEntry | SignalledEntry | CancelledEntry;
export type Entry = CommandEntry | EventEntry;

/** What arrives from outside and awaits its place in the log. A cancellation has no callees yet. */
export type Note = CompletionEntry | SignalledEntry | ["x", string];

/**
 * The rest of a call: [service, handler, key | null, input (bytes | ref), headers, idempotency key | null,
 * due at (epoch ms) | null, name | null, accepted at (epoch ms), incarnation of the callee that it would create].
 */
export type CallValue = [
  string,
  string,
  string | null,
  Value,
  Record<string, string>,
  string | null,
  number | null,
  string | null,
  number,
  number,
];

const COMMAND_KINDS = "rgkqsdDzcoatpvhy";
const KINDS = `${COMMAND_KINDS}nix`;

export const isCommand = (entry: Entry): entry is CommandEntry => COMMAND_KINDS.includes(entry[0]);

/** Checks the outline of entries read from a store; throws `TypeError` for what a newer version might have written. */
export function parseEntries(value: Value | undefined): Entry[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TypeError("journal entries are not a list");
  for (const entry of value) {
    if (
      !Array.isArray(entry) ||
      typeof entry[0] !== "string" ||
      !KINDS.includes(entry[0]) ||
      entry[0].length !== 1
    ) {
      throw new TypeError(`unknown journal entry: ${JSON.stringify(entry).slice(0, 100)}`);
    }
  }
  return value as unknown as Entry[];
}

/** What people call it: in errors, the CLI and the UI. */
export const ENTRY_NAMES: Record<Entry[0], string> = {
  r: "run",
  g: "get",
  k: "stateKeys",
  q: "peek",
  s: "set",
  d: "clear",
  D: "clearAll",
  z: "sleep",
  c: "call",
  o: "send",
  a: "signal",
  t: "sendSignal",
  p: "promise.get",
  v: "promise.complete",
  h: "attach",
  y: "cancel",
  n: "completion",
  i: "signalled",
  x: "cancelled",
};

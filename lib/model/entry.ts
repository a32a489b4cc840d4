/**
 * Journal entries (J1) and notes.
 *
 * Job: the types of what an invocation's log consists of, and the codec of their stored form. The stored form is a list. Its
 * first element is a letter for the kind. It is short because the head is billed by the KB and every append rewrites it.
 * docs/journal-format.md shows it with examples. No other file knows the letters or the positions.
 *
 * A *command* is an operation that the handler issues. `command` numbers the commands in program order, from 0, and
 * replay matches by it (D1). Some entries describe a command, some complete one. A run or a read does both. The order
 * of the completing entries is the truth on every replay, so `race` always picks the same winner.
 *
 * A *note* is what arrives from outside and waits for its place in the log.
 */
import type { When } from "./entry-times.ts";
import type { Incarnation, InvocationId } from "./ids.ts";
import { sizeOfValue } from "./item.ts";
import {
  type Formats,
  type Kind,
  largeValue,
  number,
  numberOrNull,
  numberOrText,
  optionalBytes as mark,
  optionalNumber,
  optionalText,
  record,
  text,
  textMap,
  textOrNull,
  texts,
  TupleCodec,
} from "./tuple-codec.ts";
import type { Value } from "./value.ts";

/** An awakeable's index or a signal's name. */
export type SignalKey = number | string;

/** For people alone (entry-times.ts). */
interface Timed<Name extends string> extends Kind<Name> {
  readonly mark?: Uint8Array;
  /** Of one that has yet to be stored. Filled in when it is made. */
  when?: When;
}
interface Command<Name extends string> extends Timed<Name> {
  readonly command: number;
}

/** A `ctx.run` or a `ctx.transact` that has ended. */
export interface RunEntry extends Command<"run"> {
  readonly name: string;
  readonly outcome: Value;
  /** Of a `ctx.transact` alone: how many writes to the user's tables took effect with this entry (X1). */
  readonly writes?: number;
}
export interface GetEntry extends Command<"get"> {
  readonly name: string;
  /** Bytes, the name of a stored value, or `null` if the state has no such name. */
  readonly value: Value;
}
export interface StateKeysEntry extends Command<"stateKeys"> {
  readonly names: readonly string[];
}
/** A look at a durable promise. `outcome` is `null` if the promise was not completed. */
export interface PeekEntry extends Command<"peek"> {
  readonly name: string;
  readonly outcome: Value;
}
export interface SetEntry extends Command<"set"> {
  readonly name: string;
  readonly value: Value;
}
export interface ClearEntry extends Command<"clear"> {
  readonly name: string;
}
export interface ClearAllEntry extends Command<"clearAll"> {
  /** The names that existed. Filled in just before the append. */
  names: readonly string[];
}
export interface SleepEntry extends Command<"sleep"> {
  readonly dueAtMs: number;
  readonly name: string;
}
/** A call that awaits its result. */
export interface CallEntry extends Command<"call"> {
  /** Filled in just before the append. */
  callee: InvocationId;
  readonly call: Call;
}
/** A one-way call. */
export interface SendEntry extends Command<"send"> {
  /** Filled in just before the append. */
  callee: InvocationId;
  readonly call: Call;
}
/** The code asked for an awakeable or a signal. */
export interface SignalEntry extends Command<"signal"> {
  readonly signal: SignalKey;
  /** What the user calls the awakeable: for people, so a replay does not compare it. */
  readonly label?: string;
}
/** Completes a signal or an awakeable of another invocation. */
export interface SendSignalEntry extends Command<"sendSignal"> {
  readonly id: InvocationId;
  /** `null`: the current one, because the sender knows only the id. */
  readonly incarnation: Incarnation | null;
  readonly signal: SignalKey;
  readonly outcome: Value;
}
/** Waits for a durable promise. */
export interface GetPromiseEntry extends Command<"promise.get"> {
  readonly name: string;
}
export interface CompletePromiseEntry extends Command<"promise.complete"> {
  readonly name: string;
  readonly outcome: Value;
}
/** Waits for the end of another invocation. */
export interface AttachEntry extends Command<"attach"> {
  readonly id: InvocationId;
}
/** Cancels another invocation. */
export interface CancelEntry extends Command<"cancel"> {
  readonly id: InvocationId;
}
/** A command was completed from outside: by a reply, a timer or a promise. */
export interface CompletionEntry extends Command<"completion"> {
  readonly outcome: Value;
}
export interface SignalledEntry extends Timed<"signalled"> {
  readonly signal: SignalKey;
  /** Unique id of the delivery. */
  readonly delivery: string;
  readonly outcome: Value;
  /** Of a note: when it came to the list, for people. One that a message has brought has none: it is taken at once. An entry's mark
   * says it; handlers of an earlier version write the note as it is. */
  readonly comeAtMs?: number;
}
export interface CancelledEntry extends Timed<"cancelled"> {
  readonly delivery: string;
  /** The open calls, which are cancelled with it. Filled in just before the append. */
  callees: readonly InvocationId[];
}
/** A request to cancel. Its entry is a {@link CancelledEntry}. */
export interface CancellationNote extends Kind<"cancellation"> {
  readonly delivery: string;
}

export type ReadEntry = GetEntry | StateKeysEntry | PeekEntry;
export type CommandEntry =
  | RunEntry
  | ReadEntry
  | SetEntry
  | ClearEntry
  | ClearAllEntry
  | SleepEntry
  | CallEntry
  | SendEntry
  | SignalEntry
  | SendSignalEntry
  | GetPromiseEntry
  | CompletePromiseEntry
  | AttachEntry
  | CancelEntry;
export type EventEntry = CompletionEntry | SignalledEntry | CancelledEntry;
/** The kinds are what people call them, in errors, the CLI and the UI. */
export type Entry = CommandEntry | EventEntry;
export type Note = CompletionEntry | SignalledEntry | CancellationNote;

/** What a call or send asks for. */
export interface Call {
  readonly service: string;
  readonly handler: string;
  readonly key: string | null;
  /** Bytes, or the name of a stored value. */
  readonly input: Value;
  readonly headers: Record<string, string>;
  readonly idempotencyKey: string | null;
  /** Of a delayed send. */
  readonly dueAtMs: number | null;
  /** What the user calls the operation. */
  readonly name: string | null;
  readonly acceptedAtMs: number;
  /** Of the callee, if this creates it. Filled in just before the append. */
  incarnation: Incarnation;
}

export const isCommand = (entry: Entry): entry is CommandEntry =>
  entry.kind !== "completion" && entry.kind !== "signalled" && entry.kind !== "cancelled";
export const isRead = (entry: Entry): entry is ReadEntry =>
  entry.kind === "get" || entry.kind === "stateKeys" || entry.kind === "peek";

// --- stored form -----------------------------------------------------------------------------------------------

const call = record<Call>({
  service: text,
  handler: text,
  key: textOrNull,
  input: largeValue,
  headers: textMap,
  idempotencyKey: textOrNull,
  dueAtMs: numberOrNull,
  name: textOrNull,
  acceptedAtMs: number,
  incarnation: number,
});
const signal = numberOrText;

const NOTES: Formats<Note> = {
  completion: { letter: "n", fields: { command: number, outcome: largeValue, mark } },
  signalled: {
    letter: "i",
    fields: { signal, delivery: text, outcome: largeValue, mark, comeAtMs: optionalNumber },
  },
  cancellation: { letter: "x", fields: { delivery: text } },
};
const ENTRIES: Formats<Entry> = {
  run: {
    letter: "r",
    fields: { command: number, name: text, outcome: largeValue, mark, writes: optionalNumber },
  },
  get: { letter: "g", fields: { command: number, name: text, value: largeValue, mark } },
  stateKeys: { letter: "k", fields: { command: number, names: texts, mark } },
  peek: { letter: "q", fields: { command: number, name: text, outcome: largeValue, mark } },
  set: { letter: "s", fields: { command: number, name: text, value: largeValue, mark } },
  clear: { letter: "d", fields: { command: number, name: text, mark } },
  clearAll: { letter: "D", fields: { command: number, names: texts, mark } },
  sleep: { letter: "z", fields: { command: number, dueAtMs: number, name: text, mark } },
  call: { letter: "c", fields: { command: number, callee: text, call, mark } },
  send: { letter: "o", fields: { command: number, callee: text, call, mark } },
  signal: { letter: "a", fields: { command: number, signal, mark, label: optionalText } },
  sendSignal: {
    letter: "t",
    fields: { command: number, id: text, incarnation: numberOrNull, signal, outcome: largeValue, mark },
  },
  "promise.get": { letter: "p", fields: { command: number, name: text, mark } },
  "promise.complete": { letter: "v", fields: { command: number, name: text, outcome: largeValue, mark } },
  attach: { letter: "h", fields: { command: number, id: text, mark } },
  cancel: { letter: "y", fields: { command: number, id: text, mark } },
  completion: NOTES.completion,
  signalled: NOTES.signalled,
  cancelled: { letter: "x", fields: { delivery: text, callees: texts, mark } },
};

const entries = new TupleCodec<Entry>("journal entry", ENTRIES);
const notes = new TupleCodec<Note>("note", NOTES);
const both = new TupleCodec<Entry | Note>("journal entry or note", { ...ENTRIES, ...NOTES });

export const encodeEntry = (entry: Entry): Value[] => entries.encode(entry);
export const encodeNote = (note: Note): Value[] => notes.encode(note);
/** Throws `TypeError`, also for what a newer version might have written. */
export const decodeEntry = (stored: Value | undefined): Entry => entries.decode(stored);
export const decodeNote = (stored: Value | undefined): Note => notes.decode(stored);
export const decodeEntries = (stored: Value | undefined): Entry[] => listIn(stored).map(decodeEntry);
export const decodeNotes = (stored: Value | undefined): Note[] => listIn(stored).map(decodeNote);

function listIn(stored: Value | undefined): Value[] {
  if (stored === undefined) return [];
  if (!Array.isArray(stored)) throw new TypeError("journal entries are not a list");
  return stored;
}

/** The possibly large value of an entry or a note: bytes, or the name of the item that holds them. `undefined`: its kind has
 * none. */
export const largeValueOf = (entry: Entry | Note): Value | undefined => both.largeValueOf(entry);
/** The same entry or note with another value in that place. */
export const withLargeValue = <E extends Entry | Note>(entry: E, value: Value): E =>
  both.withLargeValue(entry, value);

/** The same entry without its times. Those of another invocation count from its acceptance. */
export function withoutMark(entry: Entry): Entry {
  if (entry.mark === undefined && !("comeAtMs" in entry)) return entry;
  const { mark: _, ...timeless } = entry;
  if (timeless.kind !== "signalled") return timeless;
  const { comeAtMs: _come, ...signalled } = timeless;
  return signalled;
}

/** The size of an entry as it is stored, in bytes. */
export const sizeOfEntry = (entry: Entry): number => sizeOfValue(encodeEntry(entry));

/** The result in an entry or a note; `null` if it has none. */
export function resultIn(entry: Entry | Note): Value {
  const { kind } = entry;
  if (kind === "run" || kind === "peek" || kind === "completion" || kind === "signalled")
    return entry.outcome;
  if (kind === "stateKeys") return [...entry.names];
  return kind === "get" ? entry.value : null;
}

/** Tells notes apart; the entry that a note has become has the key of the note. */
export function noteKey(entry: Entry | Note): string | undefined {
  if (entry.kind === "completion") return `n${entry.command}`;
  if (entry.kind === "signalled") return `i${entry.delivery}`;
  return entry.kind === "cancelled" || entry.kind === "cancellation" ? `x${entry.delivery}` : undefined;
}

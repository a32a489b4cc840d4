/**
 * What a suspended invocation waits for, as a tree. The invocation is woken only when the tree can progress. So 100 awaited
 * children cost one resume, not 100. A leaf says all that is needed to arrange for its completion. So that can be done
 * again from the head alone (R2).
 */
import type { Note, SignalKey } from "./entry.ts";
import type { InvocationId } from "./ids.ts";
import { type Formats, number, numberOrText, text, TupleCodec } from "./tuple-codec.ts";
import type { Value } from "./value.ts";
import { depthOf, waitIn, waitText } from "./wait-text.ts";
import { sizeOfValue } from "./item.ts";
import { DYNAMO_DEPTH_MAX } from "../limits/aws.ts";
import { WAIT_BYTES_MAX, WAIT_LISTS_BYTES_MAX, WAIT_LISTS_DEPTH_MAX } from "../limits.ts";

export interface SleepLeaf {
  readonly kind: "sleep";
  readonly command: number;
  /** A replay takes it from the log, where the first attempt has recorded it (T1). */
  dueAtMs: number;
}
/** A leaf has the kind of the entry that it stands for. */
export type Leaf =
  | SleepLeaf
  | { readonly kind: "promise.get"; readonly command: number; readonly name: string }
  | { readonly kind: "attach"; readonly command: number; readonly id: InvocationId }
  | { readonly kind: "call"; readonly command: number }
  /** A signal or awakeable. */
  | { readonly kind: "signal"; readonly signal: SignalKey };

export interface Combined {
  /** `mapped`: a failure may become a success, and the reverse. `also`: only the first part counts; the others are
   * sleeps that run beside it. */
  readonly kind: "all" | "any" | "race" | "settled" | "mapped" | "also";
  readonly parts: readonly Wait[];
}
export type Wait = Leaf | Combined;

type Progress = "pending" | "ok" | "failed" | "unknown";

const isCombined = (wait: Wait): wait is Combined => "parts" in wait;

export function leavesOf(wait: Wait): Leaf[] {
  return isCombined(wait) ? wait.parts.flatMap(leavesOf) : [wait];
}

/** Whether awaiting the tree would end, given these notes. A cancellation ends any wait. */
export function canProgress(wait: Wait, notes: readonly Note[]): boolean {
  if (notes.some((note) => note.kind === "cancellation")) return true;
  return progressOf(wait, arrivedIn(notes)) !== "pending";
}

/** Names a leaf: a signal by its key, any other by its command. */
const nameOf = (leaf: Leaf): string =>
  leaf.kind === "signal" ? signalName(leaf.signal) : `c${leaf.command}`;
const signalName = (key: SignalKey): string => `i${JSON.stringify(key)}`;

function arrivedIn(notes: readonly Note[]): Map<string, boolean> {
  const arrived = new Map<string, boolean>();
  for (const note of notes) {
    if (note.kind === "completion") arrived.set(`c${note.command}`, !Array.isArray(note.outcome));
    else if (note.kind === "signalled") arrived.set(signalName(note.signal), !Array.isArray(note.outcome));
  }
  return arrived;
}

function progressOf(wait: Wait, arrived: ReadonlyMap<string, boolean>): Progress {
  if (!isCombined(wait)) {
    const ok = arrived.get(nameOf(wait));
    return ok === undefined ? "pending" : ok ? "ok" : "failed";
  }
  return RULES[wait.kind](wait.parts.map((part) => progressOf(part, arrived)));
}

const RULES: Record<Combined["kind"], (parts: readonly Progress[]) => Progress> = {
  all(parts) {
    if (parts.includes("unknown")) return "unknown";
    if (parts.includes("failed")) return "failed";
    return parts.includes("pending") ? "pending" : "ok";
  },
  any(parts) {
    if (parts.includes("unknown")) return "unknown";
    if (parts.includes("ok")) return "ok";
    return parts.includes("pending") ? "pending" : "failed";
  },
  race: (parts) => (parts.every((part) => part === "pending") ? "pending" : "unknown"),
  settled: (parts) => (parts.includes("pending") ? "pending" : "ok"),
  mapped: ([part]) => (part === "pending" ? "pending" : "unknown"),
  also: ([part]) => part ?? "pending",
};

// --- stored form -----------------------------------------------------------------------------------------------

const LEAVES: Formats<Leaf> = {
  sleep: { letter: "z", fields: { command: number, dueAtMs: number } },
  "promise.get": { letter: "p", fields: { command: number, name: text } },
  attach: { letter: "h", fields: { command: number, id: text } },
  call: { letter: "c", fields: { command: number } },
  signal: { letter: "i", fields: { signal: numberOrText } },
};
const leaves = new TupleCodec<Leaf>("leaf of a wait tree", LEAVES);

/** How a combinator is stored: its name, and the list of its parts. */
const COMBINED_NAMES: Record<Combined["kind"], string> = {
  all: "all",
  any: "any",
  race: "race",
  settled: "settled",
  mapped: "~",
  also: "also",
};
const COMBINED_KINDS = new Map(
  (Object.keys(COMBINED_NAMES) as Combined["kind"][]).map((kind) => [COMBINED_NAMES[kind], kind]),
);

/** As lists; as text (wait-text.ts) if it is deep or wide. `isKnown`: those who read it know of the text. If they do not, it is
 * lists while an item takes them. */
export function encodeWait(wait: Wait, isKnown = false): Value {
  const lists = listsOf(wait);
  const isWide = sizeOfValue(lists) > (isKnown ? WAIT_LISTS_BYTES_MAX : WAIT_BYTES_MAX);
  const isDeep = depthOf(lists) > (isKnown ? WAIT_LISTS_DEPTH_MAX : DYNAMO_DEPTH_MAX);
  return isWide || isDeep ? waitText(lists) : lists;
}

function listsOf(wait: Wait): Value[] {
  return isCombined(wait) ? [COMBINED_NAMES[wait.kind], wait.parts.map(listsOf)] : leaves.encode(wait);
}

/** Throws `TypeError` for what is not the stored form of a tree. */
export const decodeWait = (stored: Value): Wait =>
  waitOf(typeof stored === "string" && stored.startsWith("[") ? waitIn(stored) : stored);

function waitOf(stored: Value): Wait {
  const [name, parts] = Array.isArray(stored) ? stored : [];
  const kind = typeof name === "string" ? COMBINED_KINDS.get(name) : undefined;
  return kind && Array.isArray(parts) ? { kind, parts: parts.map(waitOf) } : leaves.decode(stored);
}

/**
 * What a suspended invocation waits for, as a tree: it is woken only when the tree can progress, so that 100 awaited
 * children cost one resume, not 100. Leaves carry what is needed to arrange for their completion (R2), so that
 * anyone can do so again from the head alone.
 */
import type { Note } from "./entry.ts";
import type { Value } from "./value.ts";

/** A sleep: ["z", command, due at (epoch ms)]; a durable promise: ["p", command, name]; an attachment: ["h", command,
 * invocation id]; a reply: ["c", command]; a signal or awakeable: ["i", index | name]. */
export type Leaf =
  | ["z", number, number]
  | ["p", number, string]
  | ["h", number, string]
  | ["c", number]
  | ["i", Value];
/** A combinator; a promise that is mapped (`~`: a failure may become a success, and the reverse); or a tree and sleeps
 * that run beside it (`also`: only the first part counts). */
export type Wait = Leaf | [Node, Wait[]];
type Node = "all" | "any" | "race" | "settled" | "~" | "also";

type Progress = "pending" | "ok" | "failed" | "unknown";

const isLeaf = (wait: Wait): wait is Leaf => !isNode(wait);
const isNode = (wait: Wait): wait is [Node, Wait[]] => Array.isArray(wait[1]);

export function leavesOf(wait: Wait): Leaf[] {
  return isNode(wait) ? wait[1].flatMap(leavesOf) : [wait];
}

/** Whether awaiting the tree would end, given these notes. A cancellation ends any wait. */
export function canProgress(wait: Wait, notes: readonly Note[]): boolean {
  if (notes.some((note) => note[0] === "x")) return true;
  return progressOf(wait, arrivedIn(notes)) !== "pending";
}

/** A leaf's name: of a signal by its key, of anything else by its command. */
const nameOf = (leaf: Leaf): string => (leaf[0] === "i" ? signalName(leaf[1]) : `c${leaf[1]}`);
const signalName = (key: Value): string => `i${JSON.stringify(key)}`;

function arrivedIn(notes: readonly Note[]): Map<string, boolean> {
  const arrived = new Map<string, boolean>();
  for (const note of notes) {
    if (note[0] === "n") arrived.set(`c${note[1]}`, !Array.isArray(note[2]));
    else if (note[0] === "i") arrived.set(signalName(note[1]), !Array.isArray(note[3]));
  }
  return arrived;
}

function progressOf(wait: Wait, arrived: ReadonlyMap<string, boolean>): Progress {
  if (isLeaf(wait)) {
    const ok = arrived.get(nameOf(wait));
    return ok === undefined ? "pending" : ok ? "ok" : "failed";
  }
  const [node, parts] = wait;
  return RULES[node](parts.map((part) => progressOf(part, arrived)));
}

const RULES: Record<Node, (parts: readonly Progress[]) => Progress> = {
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
  "~": ([part]) => (part === "pending" ? "pending" : "unknown"),
  also: ([part]) => part ?? "pending",
};

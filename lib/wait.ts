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
/** A combinator, or a promise that is mapped (`~`: a failure may become a success, and the reverse). */
export type Wait = Leaf | ["all" | "any" | "race" | "settled" | "~", Wait[]];

type Progress = "pending" | "ok" | "failed" | "unknown";

const isLeaf = (wait: Wait): wait is Leaf => !Array.isArray(wait[1]);

export function leavesOf(wait: Wait): Leaf[] {
  return isLeaf(wait) ? [wait] : (wait[1] as Wait[]).flatMap(leavesOf);
}

/** Whether awaiting the tree would end, given these notes. A cancellation ends any wait. */
export function canProgress(wait: Wait, notes: readonly Note[]): boolean {
  if (notes.some((note) => note[0] === "x")) return true;
  return progressOf(wait, arrivedIn(notes)) !== "pending";
}

function arrivedIn(notes: readonly Note[]): Map<string, boolean> {
  const arrived = new Map<string, boolean>();
  for (const note of notes) {
    if (note[0] === "n") arrived.set(`c${note[1]}`, !Array.isArray(note[2]));
    else if (note[0] === "i") arrived.set(`i${String(note[1])}`, !Array.isArray(note[3]));
  }
  return arrived;
}

function progressOf(wait: Wait, arrived: ReadonlyMap<string, boolean>): Progress {
  if (isLeaf(wait)) {
    const ok = arrived.get(wait[0] === "i" ? `i${String(wait[1])}` : `c${String(wait[1])}`);
    return ok === undefined ? "pending" : ok ? "ok" : "failed";
  }
  const parts = (wait[1] as Wait[]).map((part) => progressOf(part, arrived));
  const [pending, failed] = [parts.includes("pending"), parts.includes("failed")];
  const open = parts.includes("unknown");
  switch (wait[0] as "all" | "any" | "race" | "settled" | "~") {
    case "all":
      if (failed || open) return open ? "unknown" : "failed";
      return pending ? "pending" : "ok";
    case "any":
      if (parts.includes("ok") || open) return open ? "unknown" : "ok";
      return pending ? "pending" : "failed";
    case "race":
      return parts.find((part) => part !== "pending") === undefined ? "pending" : "unknown";
    case "settled":
      return pending ? "pending" : "ok";
    case "~":
      return pending ? "pending" : "unknown";
  }
}

/** What the journal says is waited for: a server that tells no tree of it is an older one. */
import { present } from "../../../admin/fields.ts";
import type { Waiting } from "../../../words/wait.ts";
import type { Operation } from "./operations.ts";

/** What is not yet done. */
export function openOf(operations: readonly Operation[]): Waiting | undefined {
  const parts = operations
    .filter(({ isOpen, kind }) => isOpen && AWAITED.has(kind))
    .map(({ kind, command, name, dueMs, invokedId, invokedTarget, awakeableId, signal }) => ({
      kind: kind === "awakeable" ? "signal" : kind,
      ...present("command", command),
      ...present("name", name),
      ...present("dueMs", dueMs),
      ...present("invocationId", invokedId),
      ...present("target", invokedTarget),
      ...present("awakeableId", awakeableId),
      ...present("signal", signal),
      parts: [],
    }));
  const [first] = parts;
  return parts.length > 1 ? { kind: "", parts } : first;
}
const AWAITED = new Set(["sleep", "call", "promise", "awakeable", "signal", "attach"]);

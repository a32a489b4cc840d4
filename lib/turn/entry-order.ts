/** What the kind of an entry says of when it must be in the log. */
import { type Entry, isRead, type ReadEntry, type RunEntry } from "../model/entry.ts";

/**
 * Whether the entry must be in the log before anything happens outside: it has an effect there, or a closure or a send may
 * depend on it. Consumed notes are among these entries. A note is durable in the head, but its place in the log is not, and
 * the place decides who wins a race (J2).
 */
export const mustAppend = (entry: Entry): boolean => !MAY_WAIT.has(entry.kind);
const MAY_WAIT: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  ...(["get", "stateKeys", "peek"] as const),
  ...(["sleep", "signal", "promise.get"] as const),
]);
/** Whether it must be in the log before the turn waits in memory: others see it, or a crash would do it again. A completion and a
 * signal are events that have been waited for: of them nobody else learns. */
export const mustAppendToWait = (entry: Entry): boolean =>
  mustAppend(entry) && entry.kind !== "completion" && entry.kind !== "signalled";
/** Whether it is the only entry of its command, which is written when the command has completed. */
export const isWhole = (entry: Entry): entry is RunEntry | ReadEntry => entry.kind === "run" || isRead(entry);

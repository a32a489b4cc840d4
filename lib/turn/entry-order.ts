/** What the kind of an entry says of when it must be in the log. */
import { type Entry, isCommand, isRead, type ReadEntry, type RunEntry } from "../model/entry.ts";
import { placeOfPart } from "../model/entry-parts.ts";

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

const WRITES: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>(["set", "clear", "clearAll"]);
const commandOf = (entry: Entry): number => ("command" in entry ? placeOfPart(entry.command).command : 0);

/** From the first write that stands before a read of an earlier command, up to the last such read. */
function writesBeforeReads(entries: readonly Entry[]): readonly [first: number, last: number] {
  let [first, last, earliest, latest] = [-1, -1, Number.POSITIVE_INFINITY, -1];
  entries.forEach((entry, at) => {
    if (WRITES.has(entry.kind)) latest = Math.max(latest, commandOf(entry));
    if (isRead(entry) && commandOf(entry) < latest) last = at;
  });
  for (let at = last; at >= 0; at--) {
    const entry = entries[at] as Entry;
    if (isRead(entry)) earliest = Math.min(earliest, commandOf(entry));
    if (WRITES.has(entry.kind) && commandOf(entry) > earliest) first = at;
  }
  return [first, last];
}

/**
 * The same entries, in an order in which any first ones of them can be appended without the others.
 *
 * A read stands where it has ended, and so it may stand behind state that the code has written since it asked (R4). In one append
 * that does not matter. But a turn can die between two: the next one would read again, and find what was written later. So here
 * these writes stand behind the read, and what others see since stands behind the writes. What the code was told keeps its order.
 */
export function readsFirst(entries: readonly Entry[]): readonly Entry[] {
  const [first, last] = writesBeforeReads(entries);
  const isLater = (entry: Entry, at: number): boolean =>
    at >= first && isCommand(entry) && !isWhole(entry) && mustAppend(entry);
  const upToRead = entries.slice(0, last + 1);
  return [
    ...upToRead.filter((entry, at) => !isLater(entry, at)),
    ...upToRead.filter(isLater),
    ...entries.slice(last + 1),
  ];
}

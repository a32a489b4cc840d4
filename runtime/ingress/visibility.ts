/**
 * Who was answered sees what was written. A result is durable with the completing append, and the state that this
 * append contains is written right after it (R1): an answer waits for that, by reading, since only the invocation's
 * own side may write.
 */
import { hasReached, stateKey } from "../../lib/model/fence.ts";
import type { Head } from "../../lib/model/head.ts";
import type { IngressPorts } from "./ports.ts";

/** An answer waits at most this long, milliseconds: then a dispatcher has died, and the write comes with the redelivery. */
const VISIBLE_MS_MAX = 10_000;
const WATCH_MS_MAX = 1000;
/** What has ended so long ago was written long ago, milliseconds. */
const RECENT_MS = 30 * 60 * 1000;

/** Resolves when the state of the last append can be read by anyone. */
export async function stateVisible({ items, watch, clock }: IngressPorts, head: Head): Promise<void> {
  const { token, target } = head;
  const endMs = clock.now() + VISIBLE_MS_MAX;
  if (token === undefined || clock.now() - head.modifiedAtMs > RECENT_MS) return;
  for (const [name, position] of lastWrites(head)) {
    const key = stateKey(target.service, target.key ?? "", name);
    for (;;) {
      const changed = watch.changed(key, WATCH_MS_MAX).catch(() => undefined);
      if (hasReached(await items.get(key), token, position)) break;
      if (clock.now() > endMs) return;
      await changed;
    }
  }
}

/** The position of the last write of each name, among the entries of the last append. */
function lastWrites(head: Head): Map<string, number> {
  const writes = new Map<string, number>();
  head.tail.forEach((entry, index) => {
    const position = head.paged + index;
    if (position < head.lastAppend) return;
    if (entry.kind === "set" || entry.kind === "clear") writes.set(entry.name, position);
    if (entry.kind === "clearAll") for (const name of entry.names) writes.set(name, position);
  });
  return writes;
}

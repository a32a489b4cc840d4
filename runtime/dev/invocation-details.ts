/** What an event of an invocation does not say by itself: read from its head and log, if somebody is to be told. */
import { readHead, readLog } from "../../lib/store/head-store.ts";
import type { Entry } from "../../lib/model/entry.ts";
import type { Outcome } from "../../lib/model/outcome.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { type Leaf, leavesOf, type Wait } from "../../lib/model/wait.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { quoted } from "./powers/words.ts";
import { DETAILS_ENTRIES_MAX } from "../../lib/limits/local.ts";
import type { InvocationEvent } from "./events.ts";

export interface InvocationDetails {
  readonly acceptedAtMs?: number;
  /** Steps that are recorded; absent if there are too many entries to count. */
  readonly steps?: number;
  readonly outcome?: Outcome;
  /** What it waits for, in words: `the sleep "pause"`, `Mailer/send`. */
  readonly waits: readonly string[];
  /** When the earliest of its sleeps is over. */
  readonly untilMs?: number;
}

export async function detailsOf(items: ItemStore, event: InvocationEvent): Promise<InvocationDetails> {
  const { id } = event;
  const head = (await readHead(items, id))?.head;
  const isShort = head !== undefined && head.length <= DETAILS_ENTRIES_MAX;
  const log = isShort ? await readLog(items, id, head) : [];
  const outcome = (event.kind === "completed" ? event.outcome : undefined) ?? head?.outcome;
  return {
    ...(head && { acceptedAtMs: head.acceptedAtMs }),
    ...(isShort && { steps: log.filter(({ kind }) => kind === "run").length }),
    ...(outcome && { outcome }),
    ...(event.kind === "suspended" ? waited(event.wait, log) : { waits: [] }),
  };
}

function waited(wait: Wait, log: readonly Entry[]): Pick<InvocationDetails, "waits" | "untilMs"> {
  const commands = new Map(
    log.flatMap((entry) =>
      "command" in entry && entry.kind !== "completion" ? [[entry.command, entry] as const] : [],
    ),
  );
  const leaves = leavesOf(wait);
  const dueMs = leaves.flatMap((leaf) => (leaf.kind === "sleep" ? [leaf.dueAtMs] : []));
  const words = leaves.map((leaf) =>
    leafInWords(leaf, "command" in leaf ? commands.get(leaf.command) : undefined),
  );
  return {
    waits: [...new Set(words)],
    ...(dueMs.length > 0 && { untilMs: Math.min(...dueMs) }),
  };
}

function leafInWords(leaf: Leaf, entry: Entry | undefined): string {
  switch (leaf.kind) {
    case "sleep":
      return entry?.kind === "sleep" && entry.name !== "" ? `the sleep ${quoted(entry.name)}` : "a sleep";
    case "call":
      return entry?.kind === "call" ? `${entry.call.service}/${entry.call.handler}` : "a call";
    case "signal":
      return typeof leaf.signal === "string" ? `the signal ${quoted(leaf.signal)}` : "an awakeable";
    case "promise.get":
      return `the promise ${quoted(leaf.name)}`;
    case "attach":
      return `the end of ${shownId(leaf.id)}`;
  }
}

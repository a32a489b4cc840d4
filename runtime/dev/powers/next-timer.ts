/** When time alone takes an invocation on: its sleep, its back-off, its delayed start; or that of an invocation that it waits for. */
import { readHead, readLog } from "../../../lib/store/head-store.ts";
import type { Head } from "../../../lib/model/head.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { leavesOf } from "../../../lib/model/wait.ts";
import type { ItemStore } from "../../../lib/ports.ts";
import { CALLEES_LOOKED_MAX } from "../../../lib/limits/local.ts";
import { quoted } from "./words.ts";

export interface NextTimer {
  readonly atMs: number;
  /** `its sleep "until then"` */
  readonly what: string;
}

/** The earliest one that is not due yet. Looks at the invocations that it waits for, as many as are allowed. */
export async function nextTimer(
  items: ItemStore,
  id: InvocationId,
  nowMs: number,
): Promise<NextTimer | undefined> {
  const found: NextTimer[] = [];
  const looked = new Set<InvocationId>();
  const left = [{ id, of: "its" }];
  for (let each = left.shift(); each && looked.size < CALLEES_LOOKED_MAX; each = left.shift()) {
    if (looked.has(each.id)) continue;
    looked.add(each.id);
    const head = (await readHead(items, each.id))?.head;
    if (!head || head.status === "completed") continue;
    const { timers, awaited } = await timersOf(items, each.id, head);
    found.push(...timers.map(({ atMs, what }) => ({ atMs, what: `${each.of} ${what}` })));
    left.push(...awaited);
  }
  return found.filter(({ atMs }) => atMs > nowMs).toSorted((a, b) => a.atMs - b.atMs)[0];
}

interface Timers {
  readonly timers: readonly NextTimer[];
  readonly awaited: readonly { readonly id: InvocationId; readonly of: string }[];
}

async function timersOf(items: ItemStore, id: InvocationId, head: Head): Promise<Timers> {
  const { dueAtMs, status } = head;
  if (dueAtMs !== undefined && status === "backing-off")
    return { timers: [{ atMs: dueAtMs, what: "next attempt" }], awaited: [] };
  if (dueAtMs !== undefined && status === "scheduled")
    return { timers: [{ atMs: dueAtMs, what: "delayed start" }], awaited: [] };
  const log = await readLog(items, id, head);
  const ended = new Set(log.flatMap((entry) => (entry.kind === "completion" ? [entry.command] : [])));
  const leaves = status === "suspended" && head.wait ? leavesOf(head.wait) : [];
  const waits = new Set(leaves.flatMap((leaf) => ("command" in leaf ? [leaf.command] : [])));
  const isOpen = (command: number): boolean =>
    !ended.has(command) && (leaves.length === 0 || waits.has(command));
  return {
    timers: log.flatMap((entry) => {
      if (entry.kind !== "sleep" || !isOpen(entry.command)) return [];
      return [{ atMs: entry.dueAtMs, what: entry.name === "" ? "sleep" : `sleep ${quoted(entry.name)}` }];
    }),
    awaited: log.flatMap((entry) => {
      if (!("command" in entry) || !isOpen(entry.command)) return [];
      if (entry.kind === "call") {
        const { service, handler } = entry.call;
        return [{ id: entry.callee, of: `${service}/${handler}'s` }];
      }
      return entry.kind === "attach" ? [{ id: entry.id, of: "the other invocation's" }] : [];
    }),
  };
}

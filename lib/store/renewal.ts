/**
 * Extends the time to live of what an invocation keeps outside its head: pages, input, values. For the run of a workflow
 * also its key's state and promises.
 *
 * All of it is written with a time to live that suffices for almost every invocation (docs/decisions/0011-retention.md), so
 * that nothing has to be written when one ends. An invocation that stays open longer is renewed: when one of its turns
 * begins, or when the reconciler, which looks at every head, pokes it.
 *
 * There is no list of these items. All of them were written after the invocation was accepted. So until the first renewal the
 * acceptance says how long they are safe; after it, the head's `ku` does.
 *
 * Crash points: the items are renewed first, the head last. A renewal that stops in between is done again. One that comes
 * after the invocation's end costs some days of storage.
 */
import { eachAtOnce } from "../at-once.ts";
import { isRun } from "./workflow-life.ts";
import { renewUntil } from "./head/transitions.ts";
import { type Head } from "../model/head.ts";
import { isExpired } from "../model/head-age.ts";
import { HEAD } from "../model/head-keys.ts";
import { HEADERS_AT } from "../model/header-names.ts";
import {
  type InvocationId,
  journalPartition,
  promisePartition,
  promiseValuePartition,
  statePartition,
  stateValuePartition,
} from "../model/ids.ts";
import type { Condition, ItemKey } from "../model/item.ts";
import { HEAD_OUTLIVES_MS, KEEP_MS, RENEWALS_AT_ONCE, RENEWAL_MARGIN_MS } from "../limits.ts";
import type { Clock, ItemStore } from "../ports.ts";
import { largeValueOf } from "../model/entry.ts";
import { leavesOf } from "../model/wait.ts";

export interface RenewalPorts {
  readonly items: ItemStore;
  readonly clock: Clock;
}

/** Whether what the invocation keeps might be deleted too soon. */
export function isRenewalDue(id: InvocationId, head: Head, nowMs: number): boolean {
  const { acceptedAtMs, keptUntilMs = acceptedAtMs + KEEP_MS, expiresAtMs } = head;
  if (isExpired(head, nowMs) || keptUntilMs >= (expiresAtMs ?? nowMs + RENEWAL_MARGIN_MS)) return false;
  return hasItems(head) || isRun({ id, target: head.target });
}

/** Whether it refers to anything outside its head. */
function hasItems({ paged, input, headers, tail, notes, outcome, wait }: Head): boolean {
  if (headers[HEADERS_AT] !== undefined) return true;
  if (paged > 0 || (input !== undefined && !(input instanceof Uint8Array))) return true;
  if (outcome?.ok && "ref" in outcome) return true;
  if (wait && leavesOf(wait).some(({ kind }) => kind === "promise.get")) return true;
  return [...tail, ...notes].some((entry) => typeof largeValueOf(entry) === "string");
}

/** Renews it if that is due. */
export async function renew(ports: RenewalPorts, id: InvocationId, head: Head): Promise<void> {
  const { items, clock } = ports;
  const nowMs = clock.now();
  if (!isRenewalDue(id, head, nowMs)) return;
  const { service, key = "" } = head.target;
  const untilMs = untilOf(head, nowMs);
  const until = Math.ceil(untilMs / 1000);
  await renewPartition(items, { table: "journal", pk: journalPartition(id) }, until);
  if (isRun({ id, target: head.target })) {
    for (const partition of [
      statePartition,
      stateValuePartition,
      promisePartition,
      promiseValuePartition,
    ] as const) {
      await renewPartition(items, { table: "state", pk: partition(service, key) }, until);
    }
  }
  // In which it is registered as one that waits.
  const pk = promisePartition(service, key);
  for (const leaf of head.wait ? leavesOf(head.wait) : []) {
    if (leaf.kind === "promise.get") await renewItem(items, { table: "state", pk, sk: leaf.name }, until);
  }
  await renewUntil(items, id, head, untilMs);
}

/** Beyond the end of its retention; or so long again from when it will move at the latest, as far as is known. */
function untilOf({ expiresAtMs, dueAtMs = 0, wait }: Head, nowMs: number): number {
  if (expiresAtMs !== undefined) return expiresAtMs + HEAD_OUTLIVES_MS;
  const sleeps = (wait ? leavesOf(wait) : []).map((leaf) => (leaf.kind === "sleep" ? leaf.dueAtMs : 0));
  return Math.max(nowMs, dueAtMs, ...sleeps) + KEEP_MS;
}

async function renewPartition(items: ItemStore, of: Omit<ItemKey, "sk">, until: number): Promise<void> {
  let after: string | undefined;
  do {
    const page = await items.query(of.table, of.pk, "", after === undefined ? {} : { after });
    const due = page.items.filter(
      ({ sk, attributes }) =>
        sk !== HEAD &&
        attributes["gone"] !== true &&
        typeof attributes["ttl"] === "number" &&
        attributes["ttl"] < until,
    );
    await eachAtOnce(due, RENEWALS_AT_ONCE, ({ sk }) => renewItem(items, { ...of, sk }, until));
    after = page.next;
  } while (after !== undefined);
}

/** Only ever longer, and never one that has been deleted, or cleared. */
async function renewItem(items: ItemStore, key: ItemKey, until: number): Promise<void> {
  const isShorter: Condition = { is: "lt", attribute: "ttl", value: until };
  await items.write({
    op: "update",
    key,
    changes: [{ do: "set", attribute: "ttl", value: until }],
    when: { is: "all", of: [isShorter, { is: "missing", attribute: "gone" }] },
  });
}

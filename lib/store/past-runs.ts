/**
 * Which records of event sources have started a workflow's run that another request has taken the place of.
 *
 * A run's id is its key's, and its head says whose request has made it. When its retention is over, another record of the key makes a
 * new life, and nothing tells of the first one. Delivered once more, that would run a second time (E1 of
 * docs/decisions/0042-events.md), with the incarnation that it had (R10).
 *
 * So whoever takes the place of a record's run writes down the record first, and no record takes a place that was written down for it.
 * It is kept for as long as the head would have been. Nothing is written or read but where a record's run gives way.
 *
 * Crash point: written down, and the place is not taken. The record has run all the same.
 */
import { HEAD_OUTLIVES_MS } from "../limits.ts";
import type { Head } from "../model/head.ts";
import { keptFor } from "../model/item.ts";
import type { Start } from "../model/message.ts";
import { pastRunKey, subscriptionOf } from "../model/source-record.ts";
import type { Clock, ItemStore } from "../ports.ts";

/** Of a head that is about to give way. */
export async function rememberRun(
  items: Pick<ItemStore, "write">,
  clock: Clock,
  { origin }: Head,
): Promise<void> {
  const subscription = subscriptionOf(origin);
  if (subscription === undefined) return;
  const attributes = keptFor(HEAD_OUTLIVES_MS, clock.now());
  await items.write({ op: "put", key: pastRunKey(subscription, origin), attributes });
}

/** The record has started a run of this workflow, whose place another request has taken since. */
export async function hasRunBefore(
  items: Pick<ItemStore, "get">,
  { origin }: Pick<Start, "origin">,
): Promise<boolean> {
  const subscription = subscriptionOf(origin);
  return subscription !== undefined && (await items.get(pastRunKey(subscription, origin))) !== undefined;
}

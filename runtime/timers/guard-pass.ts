/**
 * Passes look through the guards that are due soon (lib/store/guard-table.ts). Those that are needless are left to the table, which forgets
 * them; the others go to the delay queue, which has them come in time, or to the mailbox.
 *
 * Each pass is a message of the delay queue, and sends the next one, a minute later, while guards are many. A pass says that it is done only
 * when all it has found is on its way, and the next one is sent. So what dies is repeated, and a guard may be forwarded twice. Passes
 * have numbers: a second message for one that is done changes nothing, so they do not multiply.
 */
import { asError, OperationalError } from "../../lib/errors.ts";
import { eachAtOnce } from "../../lib/at-once.ts";
import {
  GUARD_AHEAD_MS,
  GUARD_BEHIND_MS,
  GUARD_BLOCK_MS,
  GUARD_KEPT_MS,
  GUARD_LOOKS_AT_ONCE,
  GUARD_PAGE,
  GUARD_PART_MS,
  GUARD_PASS_EVERY_MS,
  GUARD_PASSES_MS,
  GUARD_SHARDS,
  GUARDS_FOR_PASS_MIN,
} from "../../lib/limits/guards.ts";
import type { Condition } from "../../lib/model/item.ts";
import type { ItemStore, Logger, Timer, Timers } from "../../lib/ports.ts";
import {
  areOver,
  GUARD_PASS_KEY,
  guardBlock,
  guardIn,
  guardPartition,
  type GuardPasses,
  guardTime,
  passesIn,
  passesItem,
  passMessage,
} from "../../lib/store/guard-table.ts";
import { forwardGuard, type TimerPorts } from "./due-timer.ts";

export interface GuardPassPorts extends TimerPorts {
  /** Of passes themselves. */
  readonly passTimers: Timers;
  readonly items: Pick<ItemStore, "get" | "query" | "write">;
  readonly logger: Logger;
}

/** `deadlineMs`: by the clock, no part of it is begun later. Throws an operational error if it must come again. */
export async function passGuards(ports: GuardPassPorts, number: number, deadlineMs: number): Promise<void> {
  const { items, passTimers, clock, logger } = ports;
  const stored = passesIn(await items.get(GUARD_PASS_KEY));
  // It is done already; or the one before it is not, and sends it again.
  if (number !== (stored?.number ?? 0) + 1) return;
  const nowMs = clock.now();
  const aheadMs = nowMs + GUARD_AHEAD_MS;
  const isFirst = !stored || areOver(stored);
  // Before the first one nobody was promised any.
  const fromMs = isFirst ? aheadMs : Math.max(stored.doneMs, aheadMs - GUARD_KEPT_MS);
  const { looked, doneMs } = await lookThrough(ports, { fromMs, aheadMs, deadlineMs });
  const isWorth = isFirst || looked >= GUARDS_FOR_PASS_MIN;
  const untilMs = Math.max(stored?.untilMs ?? 0, isWorth ? nowMs + GUARD_PASSES_MS : 0);
  const behindMs = aheadMs - doneMs;
  if (behindMs > 0) logger.log("warn", "guards wait: their passes are behind", { behindMs, looked });
  if (doneMs < untilMs) {
    const nextMs = behindMs > 0 ? nowMs : nowMs + GUARD_PASS_EVERY_MS;
    await passTimers.schedule({ atMs: nextMs, message: passMessage(number + 1) });
  }
  // If another has done this one meanwhile, what that one has promised holds.
  await items.write({ ...passesItem({ number, doneMs, untilMs }), when: asItWas(stored) });
}

const asItWas = (stored: GuardPasses | undefined): Condition =>
  stored ? { is: "eq", attribute: "number", value: stored.number } : { is: "absent" };

export interface Stretch {
  /** What is due before this is done. */
  readonly fromMs: number;
  readonly aheadMs: number;
  readonly deadlineMs: number;
}

/** Returns how many guards it has looked at, and up to which time all are. */
export async function lookThrough(
  ports: GuardPassPorts,
  { fromMs, aheadMs, deadlineMs }: Stretch,
): Promise<{ readonly looked: number; readonly doneMs: number }> {
  let [looked, doneMs] = [0, fromMs];
  const look = async (guard: Timer): Promise<void> => {
    looked++;
    await forwarded(ports, guard);
  };
  // Where it is behind, it has something to show even if its time is up.
  const partMs = aheadMs - fromMs > GUARD_BEHIND_MS ? GUARD_PART_MS : GUARD_BLOCK_MS;
  const shards = Array.from({ length: GUARD_SHARDS }, (_, shard) => guardPartition(shard));
  while (doneMs < aheadMs) {
    const blockEndMs = (Number(guardBlock(doneMs)) + 1) * GUARD_BLOCK_MS;
    const part = { fromMs: doneMs, aheadMs: Math.min(aheadMs, blockEndMs, doneMs + partMs), deadlineMs };
    const areDone = await Promise.all(shards.map(async (shard) => await lookAt(ports, shard, part, look)));
    if (areDone.includes(false)) break;
    doneMs = part.aheadMs;
  }
  return { looked, doneMs };
}

/** The guards of a shard that are due within one block of time, a page at a time. `false`: its time was up before the end. */
async function lookAt(
  { items, clock }: GuardPassPorts,
  shard: string,
  { fromMs, aheadMs, deadlineMs }: Stretch,
  look: (guard: Timer) => Promise<void>,
): Promise<boolean> {
  let after = guardTime(fromMs);
  while (clock.now() < deadlineMs) {
    const page = await items.query("guards", shard, guardBlock(fromMs), { after, limit: GUARD_PAGE });
    // A handler may write there what is none.
    const guards = page.items.flatMap(({ sk, attributes }) => guardIn(sk, attributes) ?? []);
    const due = guards.filter(({ atMs }) => atMs < aheadMs);
    await eachAtOnce(due, GUARD_LOOKS_AT_ONCE, look);
    if (page.next === undefined || due.length < guards.length) return true;
    after = page.next;
  }
  return false;
}

async function forwarded(ports: GuardPassPorts, guard: Timer): Promise<void> {
  try {
    await forwardGuard(ports, guard);
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    const { dedup } = guard.message;
    // The queue tries it a thousand times, and then has a place for it. Here it would stop all others.
    ports.logger.log("error", "a guard cannot be read", { guard: dedup, error: asError(error) });
    await ports.timers.schedule(guard);
  }
}

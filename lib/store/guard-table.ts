/**
 * Guards that wait in a table of their own. Nearly all of them are needless when they are due: then an item was written, and nobody was
 * sent a message. docs/decisions/0056-guards-in-a-table.md has the rules and the crash points.
 *
 * Passes look through the table (runtime/timers/guard-pass.ts), while there are enough guards. What they have done, and for how long there
 * will be more of them, is an item. A guard goes to the table only if a pass is promised that comes to it, and if it is there in good time
 * before. In all other cases it goes to the delay queue, as any timer does. Both may have it: twice is harmless.
 */
import { digest } from "../hash.ts";
import { DELAY_QUEUE_MS_MAX } from "../limits.ts";
import {
  GUARD_AHEAD_MS,
  GUARD_BLOCK_MS,
  GUARD_ITEM_BYTES_MAX,
  GUARD_KEPT_MS,
  GUARD_PASS_KNOWN_MS,
  GUARD_PASS_LATE_MS,
  GUARD_SETTLED_MS,
  GUARD_SHARDS,
  GUARD_TABLE_MS_MIN,
} from "../limits/guards.ts";
import { type Attributes, type ItemKey, type Put, sizeOf } from "../model/item.ts";
import type { Outgoing } from "../model/message.ts";
import type { Clock, ItemStore, Timer, Timers } from "../ports.ts";
import { mayBeGuard } from "./guard.ts";

export interface GuardTablePorts {
  readonly items: Pick<ItemStore, "get" | "write">;
  /** What takes all other timers, and guards that cannot go to the table. */
  readonly timers: Timers;
  readonly clock: Pick<Clock, "now">;
}

/** Throws what its timers throw. */
export class GuardTable implements Timers {
  readonly #ports: GuardTablePorts;
  /** What is due before this is passed. */
  #promisedMs = Number.NEGATIVE_INFINITY;
  #knownUntilMs = Number.NEGATIVE_INFINITY;

  constructor(ports: GuardTablePorts) {
    this.#ports = ports;
  }

  async schedule(timer: Timer): Promise<void> {
    if (!(await this.#takes(timer))) await this.#ports.timers.schedule(timer);
  }

  async cancel(timer: Timer): Promise<void> {
    await this.#ports.timers.cancel?.(timer);
  }

  /** Whether it is durable there, and will be seen. */
  async #takes(timer: Timer): Promise<boolean> {
    const { items, clock } = this.#ports;
    const inMs = timer.atMs - clock.now();
    if (inMs < GUARD_TABLE_MS_MIN || inMs > DELAY_QUEUE_MS_MAX || !mayBeGuard(timer.message.body))
      return false;
    const put = guardItem(timer);
    if (sizeOf({ ...put.attributes, pk: put.key.pk, sk: put.key.sk }) > GUARD_ITEM_BYTES_MAX) return false;
    try {
      if ((await this.#until()) <= timer.atMs) return false;
      await items.write(put);
    } catch {
      // Whatever is wrong with the table, the queue takes it.
      this.#believe(Number.NEGATIVE_INFINITY);
      return false;
    }
    return timer.atMs - clock.now() >= GUARD_AHEAD_MS + GUARD_SETTLED_MS;
  }

  /** A guard that is due before this may go to the table. */
  async #until(): Promise<number> {
    return this.#ports.clock.now() < this.#knownUntilMs ? this.#promisedMs : await this.look();
  }

  /** Looks what is promised now. */
  async look(): Promise<number> {
    const { items, clock } = this.#ports;
    const passes = passesIn(await items.get(GUARD_PASS_KEY, { mayLag: true }));
    return this.#believe(passes && !areLate(passes, clock.now()) ? passes.untilMs : Number.NEGATIVE_INFINITY);
  }

  #believe(promisedMs: number): number {
    this.#promisedMs = promisedMs;
    this.#knownUntilMs = this.#ports.clock.now() + GUARD_PASS_KNOWN_MS;
    return promisedMs;
  }
}

// --- what the passes say --------------------------------------------------------------------------------------------

export interface GuardPasses {
  /** The last one. Each has one more. */
  readonly number: number;
  /** What was due before this is done. */
  readonly doneMs: number;
  /** There are more of them until they have done what is due before this. */
  readonly untilMs: number;
}

export const GUARD_PASS_KEY: ItemKey = { table: "guards", pk: "pass", sk: "pass" };

export const passesItem = ({ number, doneMs, untilMs }: GuardPasses): Put => ({
  op: "put",
  key: GUARD_PASS_KEY,
  attributes: { number, doneMs, untilMs },
});

/** `undefined`: there was none. */
export function passesIn(item: Attributes | undefined): GuardPasses | undefined {
  const { number, doneMs, untilMs } = item ?? {};
  if (typeof number !== "number" || typeof doneMs !== "number" || typeof untilMs !== "number")
    return undefined;
  return { number, doneMs, untilMs };
}

/** They have done what they have promised. */
export const areOver = ({ doneMs, untilMs }: GuardPasses): boolean => doneMs >= untilMs;
/** They have more to do than they can, or have stopped. */
export const areLate = ({ doneMs }: GuardPasses, nowMs: number): boolean =>
  doneMs < nowMs + GUARD_AHEAD_MS - GUARD_PASS_LATE_MS;

/** The message of the pass with this number, which the delay queue brings. It is for the timers' function itself. */
export const passMessage = (number: number): Outgoing => ({
  group: "guards",
  dedup: `pass.${number}`,
  // An earlier timers' function takes it for a guard that it cannot read, and gives it back.
  body: JSON.stringify({ pass: number, guard: null }),
});

/** The number of the pass that the message is for. `undefined`: it is another message. */
export function passIn({ group, body }: Outgoing): number | undefined {
  if (group !== "guards") return undefined;
  const { pass } = JSON.parse(body) as { readonly pass?: unknown };
  return Number.isSafeInteger(pass) ? Number(pass) : undefined;
}

// --- the items ------------------------------------------------------------------------------------------------------

/** What the names of their partitions begin with. */
export const GUARD_PARTITIONS = "guard.";
/** What is due first comes first in each. */
export const guardPartition = (shard: number): string => `${GUARD_PARTITIONS}${shard.toString(GUARD_SHARDS)}`;

/** A guard, as it is kept. Written again, it is the same item. */
export function guardItem({ atMs, message: { group, dedup, body } }: Timer): Put {
  const [spread = 0] = digest(1, dedup);
  const key: ItemKey = {
    table: "guards",
    pk: guardPartition(spread % GUARD_SHARDS),
    sk: `${guardTime(atMs)}.${dedup}`,
  };
  const ttl = Math.ceil((atMs + GUARD_KEPT_MS) / 1000);
  return { op: "put", key, attributes: { g: group, b: body, ttl } };
}

/** In front of each sort key. All times of three centuries have as many digits. */
export const guardTime = (atMs: number): string => String(Math.ceil(atMs));
/** What the sort keys of all guards begin with that are due in one block of time. */
export const guardBlock = (atMs: number): string => String(Math.floor(atMs / GUARD_BLOCK_MS));

/** The inverse of {@link guardItem}. `undefined`: it is none. */
export function guardIn(sk: string, { g: group, b: body }: Attributes): Timer | undefined {
  const [, atMs, dedup] = /^(\d{13})\.([\w-]+)$/.exec(sk) ?? [];
  if (typeof group !== "string" || typeof body !== "string" || dedup === undefined) return undefined;
  return { atMs: Number(atMs), message: { group, dedup, body } };
}

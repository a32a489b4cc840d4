/**
 * Schedules on this machine: what EventBridge Scheduler does in AWS. A tick goes through the source door, whose ids derive from schedule
 * and time. So each is one invocation, also if the engine dies between a tick and the mark that says that it was made.
 *
 * What was due while no engine ran is made up for by one tick, the latest. When the clock jumps, by all of them, up to a bound: a test
 * that lets days pass sees each of its nights.
 */
import { asError } from "../../lib/errors.ts";
import { EVENTS_REQUEST_MS, TICK_RETRY_MS, TICKS_MISSED_MAX } from "../../lib/limits/events.ts";
import type { HttpRequest } from "../http/message.ts";
import { type SourceDoorPorts, SourceDoor } from "../events/source-door.ts";
import { raiseMark } from "../events/marks.ts";
import { Looking } from "../events/looking.ts";
import { nextTick, type Schedule } from "../events/schedule.ts";
import { allSubscriptions } from "../events/subscription-store.ts";
import { isScheduled, laneOfTicks, lastTick, type Scheduled, tickEvent } from "../events/tick.ts";

export class Ticks {
  readonly #ports: SourceDoorPorts;
  readonly #door: SourceDoor;
  /** By subscription: the last tick that was made, or that none is to be made up for before. */
  readonly #last = new Map<string, number>();
  readonly #looking: Looking;

  constructor(ports: SourceDoorPorts) {
    this.#ports = ports;
    this.#door = new SourceDoor(ports);
    this.#looking = new Looking(ports.clock, async () => await this.#work());
  }

  /** Whether a request of the admin API may have made a schedule, or one may go on. */
  static concerns({ method, path }: Pick<HttpRequest, "method" | "path">): boolean {
    return method !== "GET" && /\/subscriptions(?:\/[^/]+)?$/u.test(path);
  }

  /** Looks at the schedules: at the start, and when one may have been made. */
  look(): void {
    this.#looking.look();
  }

  /** Resolves when no look is under way: what was due is made. */
  async settled(): Promise<void> {
    await this.#looking.settled();
  }

  async stop(): Promise<void> {
    await this.#looking.stop();
  }

  /** Answers in how many ms the next tick is due. */
  async #work(): Promise<number | undefined> {
    const { clock, logger } = this.#ports;
    let nextMs: number | undefined;
    try {
      for (const subscription of (await allSubscriptions(this.#ports.items)).filter(isScheduled)) {
        const dueMs = await this.#makeDue(subscription);
        if (dueMs !== undefined) nextMs = Math.min(nextMs ?? dueMs, dueMs);
      }
    } catch (error) {
      logger.log("warn", "schedules wait", { reason: asError(error).message });
      nextMs = clock.now() + TICK_RETRY_MS;
    }
    return nextMs === undefined ? undefined : Math.max(0, nextMs - clock.now());
  }

  /** Makes the ticks that are due. Answers when the next one is. */
  async #makeDue(subscription: Scheduled): Promise<number | undefined> {
    const { clock, items, logger } = this.#ports;
    const { schedule, createdAtMs, id, resumedAtMs = 0 } = subscription;
    if (subscription.isPaused) return undefined;
    const before = this.#last.get(id) ?? (await this.#lastBefore(subscription));
    // Nothing is made up for of a time in which it was paused: somebody wanted none of those ticks.
    let last = Math.max(before, resumedAtMs);
    this.#last.set(id, last);
    const due = dueTicks(schedule, last, clock.now(), createdAtMs);
    if (due.skipped > 0)
      logger.log("warn", "ticks of a schedule are skipped", {
        subscription: subscription.name,
        ticks: due.skipped,
      });
    for (const tickMs of due.ticks) {
      if (this.#looking.isStopped) return undefined;
      const { counts } = await this.#door.deliver(
        subscription,
        tickEvent(subscription, tickMs),
        EVENTS_REQUEST_MS,
      );
      if (counts.failed > 0) return clock.now() + TICK_RETRY_MS;
      await raiseMark(items, subscription, laneOfTicks(subscription), {
        position: String(tickMs),
        nowMs: clock.now(),
      });
      last = tickMs;
      this.#last.set(id, last);
    }
    return nextTick(schedule, last, createdAtMs);
  }

  /** What was due while nobody looked is one tick: the latest. */
  async #lastBefore(subscription: Scheduled): Promise<number> {
    const { schedule, createdAtMs } = subscription;
    const made = (await lastTick(this.#ports.items, subscription)) ?? createdAtMs;
    const { ticks, skipped } = dueTicks(schedule, made, this.#ports.clock.now(), createdAtMs);
    return ticks.length + skipped < 2 ? made : (ticks.at(-2) ?? made);
  }
}

/** Those after `afterMs` and until `nowMs`: the latest ones, and how many come before them. */
function dueTicks(
  schedule: Schedule,
  afterMs: number,
  nowMs: number,
  sinceMs: number,
): { readonly ticks: readonly number[]; readonly skipped: number } {
  const ticks: number[] = [];
  let skipped = 0;
  for (let at = nextTick(schedule, afterMs, sinceMs); at !== undefined && at <= nowMs;) {
    ticks.push(at);
    if (ticks.length > TICKS_MISSED_MAX) {
      ticks.shift();
      skipped++;
    }
    at = nextTick(schedule, at, sinceMs);
  }
  return { ticks, skipped };
}

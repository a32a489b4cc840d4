/**
 * What the timers' function does with what comes out of the delay queue: timers go to the mailbox, and a pass over the guards is made. If
 * guards come often, passes begin: then they wait in their table (docs/decisions/0056-guards-in-a-table.md).
 */
import { asError } from "../../lib/errors.ts";
import { GUARD_PASS_EVERY_MS, GUARDS_FOR_PASS_MIN } from "../../lib/limits/guards.ts";
import { mayBeGuard } from "../../lib/store/guard.ts";
import {
  areLate,
  areOver,
  GUARD_PASS_KEY,
  passesIn,
  passIn,
  passMessage,
} from "../../lib/store/guard-table.ts";
import type { Timer } from "../../lib/ports.ts";
import { forwardTimer } from "./due-timer.ts";
import { type GuardPassPorts, passGuards } from "./guard-pass.ts";

export interface TimersFunctionPorts extends GuardPassPorts {
  /** Guards have a table. */
  readonly hasGuardTable: boolean;
}

export class TimersFunction {
  readonly #ports: TimersFunctionPorts;
  /** When the last guards came. */
  readonly #guardsAtMs: number[] = [];

  constructor(ports: TimersFunctionPorts) {
    this.#ports = ports;
  }

  /** `deadlineMs`: by the clock, nothing long is begun later. Throws an operational error if the timer must come again. */
  async take(timer: Timer, deadlineMs: number): Promise<void> {
    const { clock } = this.#ports;
    const pass = passIn(timer.message);
    if (pass !== undefined && timer.atMs <= clock.now())
      return await passGuards(this.#ports, pass, deadlineMs);
    if (pass !== undefined) return await this.#ports.passTimers.schedule(timer);
    await forwardTimer(this.#ports, timer);
    if (this.#ports.hasGuardTable && mayBeGuard(timer.message.body) && this.#areMany()) await this.#begin();
  }

  #areMany(): boolean {
    const nowMs = this.#ports.clock.now();
    this.#guardsAtMs.push(nowMs);
    const firstMs = this.#guardsAtMs.at(-GUARDS_FOR_PASS_MIN);
    if (firstMs === undefined) return false;
    // One look for as many guards.
    this.#guardsAtMs.splice(0);
    return nowMs - firstMs <= GUARD_PASS_EVERY_MS;
  }

  /** Passes begin, if there are none. It is no matter if this fails, whatever is wrong: the timer at hand is on its way, and must not come
   * again for that. */
  async #begin(): Promise<void> {
    const { items, passTimers, clock, logger } = this.#ports;
    try {
      const passes = passesIn(await items.get(GUARD_PASS_KEY, { mayLag: true }));
      if (passes && !areOver(passes) && !areLate(passes, clock.now())) return;
      await passTimers.schedule({ atMs: clock.now(), message: passMessage((passes?.number ?? 0) + 1) });
    } catch (error) {
      logger.log("warn", "guards are many, and no pass could be begun", { reason: asError(error).message });
    }
  }
}

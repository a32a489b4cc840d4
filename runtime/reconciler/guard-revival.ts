/**
 * Passes over guards come until they have done what they have promised, since each is a message that sends the next one. If one is lost all
 * the same (the delay queue was emptied or replaced, or has given it up), guards wait in their table for nobody
 * (docs/decisions/0056-guards-in-a-table.md). Then the next pass is sent.
 */
import { asError } from "../../lib/errors.ts";
import type { Clock, ItemStore, Logger, Timers } from "../../lib/ports.ts";
import { areLate, areOver, GUARD_PASS_KEY, passesIn, passMessage } from "../../lib/store/guard-table.ts";

export interface RevivalPorts {
  readonly items: Pick<ItemStore, "get">;
  readonly passTimers: Timers;
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
}

/** Returns whether it was needed. A second message for a pass that is only late changes nothing. Never throws: whatever is wrong with the
 * table, the reconciler has other things to do. */
export async function revivePasses({ items, passTimers, clock, logger }: RevivalPorts): Promise<boolean> {
  try {
    const passes = passesIn(await items.get(GUARD_PASS_KEY));
    if (!passes || areOver(passes) || !areLate(passes, clock.now())) return false;
    await passTimers.schedule({ atMs: clock.now(), message: passMessage(passes.number + 1) });
    logger.log("warn", "passes over guards had stopped; the next one was sent", { doneMs: passes.doneMs });
    return true;
  } catch (error) {
    logger.log("warn", "nobody knows whether guards are passed", { reason: asError(error).message });
    return false;
  }
}

/** One run of the reconciler in AWS: it goes on with the pass over all heads, and when that is complete, retires deployments. */
import type { Clock, ItemStore, Logger } from "../../lib/ports.ts";
import { PASS_KEPT_PAGES } from "../../lib/limits.ts";
import { PassKeeper } from "./kept-pass.ts";
import type { Reconciler } from "./reconciler.ts";
import { Retirement, type RetirementPorts } from "./retirement.ts";

export interface PassPorts {
  readonly items: ItemStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reconciler: Reconciler;
  readonly retiring: RetirementPorts;
}

export interface PassRun {
  readonly poked: number;
  readonly retired: number;
  /** Whether the pass ended. If not, the next run goes on. */
  readonly complete: boolean;
}

/** `untilMs`: the run has that long for heads. Crash points: whatever it had looked at since it last kept its place is looked
 * at again. */
export async function runPass(ports: PassPorts, untilMs: number): Promise<PassRun> {
  const { items, clock, logger, reconciler, retiring } = ports;
  const keeper = new PassKeeper(items, clock);
  const pass = await keeper.begin();
  const retirement = new Retirement(retiring, pass);
  const keep = (after: string, unsure: boolean): Promise<void> =>
    keeper.keep({ ...pass, after, pinned: retirement.pinned, unsure: pass.unsure || unsure });
  let pages = 0;
  const { poked, unreadable, next } = await reconciler.run({
    look: (head) => retirement.look(head),
    ...(pass.after === undefined ? {} : { after: pass.after }),
    untilMs,
    // Whether a head could be read is known at the end. Until then what is kept counts as unsure.
    reached: async (after) => {
      if (++pages % PASS_KEPT_PAGES === 0) await keep(after, true);
    },
  });
  const unsure = pass.unsure || unreadable > 0;
  if (next !== undefined) {
    await keep(next, unsure);
    logger.log("info", "the pass over all invocations goes on in the next run", { beganMs: pass.beganMs });
    return { poked, retired: 0, complete: false };
  }
  // Nothing may be retired after a pass that has not seen everything.
  const retired = unsure ? 0 : await retirement.finish();
  await keeper.end();
  return { poked, retired, complete: true };
}

/**
 * The rehearsal of a turn: the handler runs once more, over what the turn has recorded, and stops before it does anything new. Why it has
 * no effect: all that a turn does to others it does through its ports, and these never answer (as in lib/replay/rehearsal.ts). Its
 * steps are answered from the journal. What the code does outside of steps happens once more, as with each attempt.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { asError } from "../../../lib/errors.ts";
import { TEST_REHEARSAL_MS_MAX } from "../../../lib/limits/local.ts";
import { type Clock, type ItemStore, readsOf } from "../../../lib/ports.ts";
import type { TurnOutcome } from "../../../lib/protocol.ts";
import type { TurnPorts } from "../../endpoint.ts";
import { atEnd, atStep, atWrite, type Difference, type Left, PASS } from "./verdict.ts";

type ReadPorts = Pick<TurnPorts, "registry" | "entropy"> & {
  readonly items: ItemStore;
  readonly now: () => number;
};

/** Answers what differs. A rehearsal that takes too long tells nothing. */
export async function rehearseTurn(
  run: (ports: TurnPorts) => Promise<TurnOutcome>,
  { items, registry, entropy, now }: ReadPorts,
  left: Left,
): Promise<Difference> {
  const over = Promise.withResolvers<Difference>();
  const never = (): Promise<never> => new Promise(() => undefined);
  const stop = async (difference: Difference): Promise<never> => {
    over.resolve(difference);
    return await never();
  };
  const clock = new RehearsalClock(now);
  const outcome = run({
    ...{ registry, entropy, clock },
    items: {
      ...readsOf(items),
      write: async (write) => {
        const said = atWrite(write, left);
        return said === PASS ? { won: true, item: undefined } : await stop(said);
      },
    },
    mailbox: { sendBatch: async () => await stop(undefined) },
    timers: { schedule: async () => await stop(undefined) },
    steps: {
      begins: (step) => stop(atStep(step, left)),
      ends: () => undefined,
    },
    // What waits is suspended at once.
    shortWaitMs: 0,
  });
  outcome.then(
    (ended) => over.resolve(atEnd(ended, left)),
    (error: unknown) => over.resolve(asError(error).message),
  );
  clock.after(TEST_REHEARSAL_MS_MAX, () => over.resolve(undefined));
  return await over.promise.finally(() => clock.stop());
}

/** The environment's time, and real alarms, which end with the rehearsal: what never answers must hold nothing. */
class RehearsalClock implements Clock {
  readonly now: () => number;
  readonly #alarms = new Set<NodeJS.Timeout>();
  #isStopped = false;

  constructor(now: () => number) {
    this.now = now;
  }

  after(ms: number, callback: () => void): () => void {
    if (this.#isStopped) return () => undefined;
    const alarm = setTimeout(
      () => {
        this.#alarms.delete(alarm);
        callback();
      },
      Math.min(ms, TEST_REHEARSAL_MS_MAX),
    );
    this.#alarms.add(alarm);
    return () => this.#end(alarm);
  }

  stop(): void {
    this.#isStopped = true;
    for (const alarm of this.#alarms) this.#end(alarm);
  }

  #end(alarm: NodeJS.Timeout): void {
    clearTimeout(alarm);
    this.#alarms.delete(alarm);
  }
}

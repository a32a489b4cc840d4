/**
 * A rehearsal: a turn that replays what the journal has recorded, and stops before it does anything new. It tells whether code fits a
 * journal before the invocation moves to it.
 *
 * Why it has no effect: all that a turn does to others it does through its ports, and its steps run behind a gate. At the first write,
 * message, timer, call or step it stops there for good: those ports never answer. By then all that is recorded was replayed, since the
 * turn acts only when the log is at its end. What the code does outside of steps happens once more, as with each attempt.
 */
import { asError, MISMATCH_CODE } from "../errors.ts";
import type { Rehearsal, TurnOutcome } from "../protocol.ts";
import {
  type Clock,
  type Entropy,
  type Invoker,
  type ItemStore,
  type Logger,
  type Mailbox,
  readsOf,
  type Registry,
  type Timers,
} from "../ports.ts";
import type { StepGate } from "../step-gate.ts";

/** What there is to read. What has an effect is never asked for. */
interface ReadPorts {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly registry: Registry;
  readonly timers: Pick<Timers, "schedule">;
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly lookMs: number;
  readonly stopwatch?: Clock;
  readonly settled?: () => Promise<void>;
}

export interface RehearsalPorts extends ReadPorts {
  readonly steps: StepGate;
  readonly shortWaitMs: number;
  readonly rehearsal: { endsEarly(): void; missesRead(): void };
}

export const NOT_TOLD: Rehearsal = {
  ...({ fits: false, reason: "the code took too long to say so", isUnsure: true } as const),
};

export async function rehearse(
  run: (ports: RehearsalPorts) => Promise<TurnOutcome>,
  ports: ReadPorts,
): Promise<Rehearsal> {
  const { items } = ports;
  const said = { isEarly: false, missesRead: false };
  const over = Promise.withResolvers<Rehearsal>();
  const stop = async (): Promise<never> => {
    over.resolve({ fits: true });
    return await new Promise(() => undefined);
  };
  const outcome = run({
    ...ports,
    items: {
      ...readsOf(items),
      write: stop,
      transact: stop,
    },
    mailbox: { sendBatch: stop },
    timers: { schedule: stop },
    invoker: { invoke: stop },
    steps: { begins: stop, ends: () => undefined },
    // A turn that waits would only be waited for.
    shortWaitMs: 0,
    rehearsal: {
      endsEarly: () => void (said.isEarly = true),
      missesRead: () => void (said.missesRead = true),
    },
  });
  outcome.then(
    (ended) => over.resolve(verdictOf(ended, said)),
    (error: unknown) => over.resolve({ fits: false, reason: asError(error).message, isUnsure: true }),
  );
  return await over.promise;
}

/** An error of the code itself says nothing of the journal: it has done what is recorded, as far as it came. */
function verdictOf(
  outcome: TurnOutcome,
  { isEarly, missesRead }: { readonly isEarly: boolean; readonly missesRead: boolean },
): Rehearsal {
  if (outcome.kind === "lost") return { fits: false, reason: outcome.reason, isUnsure: true };
  if (outcome.kind !== "failed" || outcome.failure.code !== MISMATCH_CODE) {
    const why = outcome.kind === "failed" ? outcome.failure.message : "its time was up";
    return {
      fits: true,
      ...(isEarly ? { asFarAs: `the code ended before it had done all that is recorded: ${why}` } : {}),
    };
  }
  return { fits: false, reason: outcome.failure.message, ...(missesRead ? { missesRead } : {}) };
}

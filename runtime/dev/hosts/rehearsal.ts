/**
 * A rehearsal: a turn that replays what the journal has recorded, and stops before it does anything new. It tells whether code fits a
 * journal before the invocation moves to it.
 *
 * Why it has no effect: all that a turn does to others it does through its ports, and its steps run behind a gate. At the first write,
 * message, timer, call or step it stops there for good: those ports never answer. By then all that is recorded was replayed, since the
 * turn acts only when the log is at its end. What the code does outside of steps happens once more, as with each attempt.
 */
import { asError } from "../../../lib/errors.ts";
import type { Rehearsal, TurnOutcome } from "../../../lib/protocol.ts";
import type { StepGate } from "../../../lib/step-gate.ts";
import type { HostPorts } from "./host-protocol.ts";

/** What there is to read. What has an effect is never asked for. */
type ReadPorts = Omit<HostPorts, "steps" | "stopwatch" | "settled"> &
  Partial<Pick<HostPorts, "stopwatch" | "settled">>;

export type RehearsalPorts = ReadPorts & { readonly steps: StepGate; readonly shortWaitMs: number };

/** The code of a failure because the code does not do what is recorded. */
const MISMATCH = 570;

export async function rehearse(
  run: (ports: RehearsalPorts) => Promise<TurnOutcome>,
  ports: ReadPorts,
): Promise<Rehearsal> {
  const { items } = ports;
  const over = Promise.withResolvers<Rehearsal>();
  const stop = async (): Promise<never> => {
    over.resolve({ fits: true });
    return await new Promise(() => undefined);
  };
  const outcome = run({
    ...ports,
    items: {
      get: (...asked) => items.get(...asked),
      query: (...asked) => items.query(...asked),
      scan: (...asked) => items.scan(...asked),
      write: stop,
    },
    mailbox: { sendBatch: stop },
    timers: { schedule: stop },
    invoker: { invoke: stop },
    steps: { begins: stop, ends: () => undefined },
    // A turn that waits would only be waited for.
    shortWaitMs: 0,
  });
  outcome.then(
    (ended) => over.resolve(verdictOf(ended)),
    (error: unknown) => over.resolve({ fits: false, reason: asError(error).message }),
  );
  return await over.promise;
}

/** An error of the code itself says nothing of the journal: it has done what is recorded, as far as it came. */
function verdictOf(outcome: TurnOutcome): Rehearsal {
  if (outcome.kind === "lost") return { fits: false, reason: outcome.reason };
  if (outcome.kind !== "failed" || outcome.failure.code !== MISMATCH) return { fits: true };
  return { fits: false, reason: outcome.failure.message };
}

/**
 * The steps of a turn whose functions have said what they write (X1). One at a time is committed, when the code is at rest and nothing is left to
 * deliver: so a cancellation that has come is heard before.
 */
import { CancelledError } from "../../lib/errors.ts";
import type { RunEntry } from "../../lib/model/entry.ts";
import type { UserWrite } from "../../lib/model/user-write.ts";
import type { OpenStep } from "./open-steps.ts";
import type { TurnWriter } from "./turn-writer.ts";
import { refusedError, transactionError } from "./user-writes.ts";
import { WRITTEN, type Written } from "./written.ts";

interface StepTransaction {
  readonly step: OpenStep;
  readonly entry: RunEntry;
  readonly writes: readonly UserWrite[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class StepTransactions {
  readonly #waiting: StepTransaction[] = [];
  readonly #changed: () => void;

  /** `changed`: one is due. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get isDue(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when the entry and the writes are there and the code has the result. Throws a {@link TransactionError} if a condition does not
   * hold, and another error if the step is to be tried again. Never settles if the turn ends before. */
  add(step: OpenStep, entry: RunEntry, writes: readonly UserWrite[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ step, entry, writes, resolve, reject });
    this.#changed();
    return promise;
  }

  async next(writer: Pick<TurnWriter, "transact">): Promise<Written> {
    const next = this.#waiting.shift();
    if (!next) return WRITTEN;
    const { step, entry, writes, resolve, reject } = next;
    if (step.isCancelled) {
      reject(new CancelledError());
      return WRITTEN;
    }
    const written = await writer.transact(entry, writes);
    if (written.kind === "refused") reject(transactionError(entry.name, writes, written.refusals));
    else if (written.kind === "unsettled") reject(refusedError(entry.name, written.error));
    else {
      if (written.kind === "written") resolve();
      return written;
    }
    return WRITTEN;
  }
}

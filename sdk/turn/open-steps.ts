/**
 * Steps that have no result yet. A cancellation that rejects what the code awaits ends those that it waits for: their signals are
 * aborted, and a failure is recorded for each of them together with the cancellation (R22). What is not recorded would be started
 * again by a replay, after what the code has done to undo it.
 */
import type { RunEntry } from "../../lib/model/entry.ts";
import { encodeOutcome, failure } from "../../lib/model/outcome.ts";
import { CancelledError } from "../../lib/errors.ts";
import type { Future } from "../../lib/turn/future.ts";

export class OpenStep {
  readonly entry: RunEntry;
  readonly future: Future;
  /** Its result is not waited for any more. */
  isCancelled = false;
  /** When its first try began. */
  beganMs: number | undefined;
  #controller: AbortController | undefined;
  #forget: (() => void) | undefined;

  constructor(entry: RunEntry, future: Future) {
    this.entry = entry;
    this.future = future;
  }

  /** For the closure. Aborted when the step is cancelled, and when its attempt is over. */
  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  /** Its closure runs. `forget`: nobody waits for that any more. */
  started(forget: () => void): void {
    this.#forget = forget;
  }

  abort(): void {
    this.#controller?.abort(new CancelledError());
  }

  cancel(nowMs: number): RunEntry {
    this.isCancelled = true;
    this.abort();
    this.#forget?.();
    const { code, message } = new CancelledError();
    const when = { atMs: nowMs, tookMs: nowMs - (this.beganMs ?? nowMs) };
    return { ...this.entry, outcome: encodeOutcome(failure(code, message)), when };
  }
}

export class OpenSteps {
  readonly #steps = new Set<OpenStep>();

  add(step: OpenStep): void {
    this.#steps.add(step);
    step.future.onSettled(() => this.#steps.delete(step));
  }

  /** Those among the futures. Answers their entries, as they are to be recorded. */
  cancel(futures: ReadonlySet<Future>, nowMs: number): RunEntry[] {
    return [...this.#steps].filter(({ future }) => futures.has(future)).map((step) => step.cancel(nowMs));
  }

  /** The attempt is over. */
  abort(): void {
    for (const step of this.#steps) step.abort();
  }
}

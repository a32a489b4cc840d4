/**
 * Operations of a turn that have no result yet. A cancellation ends its calls with it. When the handler returns, they tell what was
 * issued and not awaited: the handler's author has to know, and nothing else would say so.
 *
 * Cost: an entry of a map while an operation is open. Where it was issued is noted only while somebody asks (forgotten.ts).
 */
import type { CallEntry, CommandEntry } from "../../lib/model/entry.ts";
import type { Completion } from "../../lib/turn/turn-machine.ts";
import type { Future } from "../../lib/turn/future.ts";

interface Open {
  readonly entry: CommandEntry;
  readonly future: Future;
  /** The code has asked who is called. It may wait for the callee in another way, or end it. */
  isKnown: boolean;
}

/** An operation whose handler has returned without its result. */
export interface LeftOpen {
  readonly entry: CommandEntry;
  /** Other code of the handler awaits it. */
  readonly isAwaited: boolean;
}

export class OpenOperations {
  readonly #open = new Map<number, Open>();
  #endless: Map<Future, Error> | undefined;
  /** Told of each operation when it is issued. */
  onIssued: ((entry: CommandEntry) => void) | undefined;
  hasReturned = false;

  add(entry: CommandEntry, future: Future): void {
    this.#open.set(entry.command, { entry, future, isKnown: false });
    this.onIssued?.(entry);
  }

  /** The handler returns. Answers what it has not awaited; what has lost a race is not among it. */
  returned(): readonly LeftOpen[] {
    this.hasReturned = true;
    return this.#left();
  }

  /** A call that waits until this handler has ended. `why` is what is said if the code awaits nothing else. */
  isEndless(call: Future, why: Error): void {
    (this.#endless ??= new Map()).set(call, why);
  }

  /** Why something never settles. */
  endlessIn(future: Future): Error | undefined {
    for (const [call, why] of this.#endless ?? []) if (!call.settled && future.needs(call)) return why;
    return undefined;
  }

  /** It is open no longer when it completes. */
  settling({ command }: CommandEntry, complete: Completion): Completion {
    return (done) => {
      this.#open.delete(command);
      complete(done);
    };
  }

  /** The code has asked for the callee's id. */
  known(command: number): void {
    const call = this.#open.get(command);
    if (call) call.isKnown = true;
  }

  /** The calls whose results this turn knows to be missing. */
  get calls(): CallEntry[] {
    return [...this.#open.values()].flatMap(({ entry }) => (entry.kind === "call" ? [entry] : []));
  }

  #left(): readonly LeftOpen[] {
    if (this.#open.size === 0) return [];
    return [...this.#open.values()].flatMap(({ entry, future, isKnown }) => {
      if (future.settled || isKnown || (future.awaited && !future.isWanted)) return [];
      return [{ entry, isAwaited: future.awaited }];
    });
  }
}

/**
 * What happens to invocations on this server, as it happens: for the console, and for whoever else listens. An event is told in the
 * turn of the event loop in which it happens, and costs nothing while nobody listens. Nothing is kept.
 */
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Target } from "../../lib/model/message.ts";
import type { Outcome } from "../../lib/model/outcome.ts";
import type { Wait } from "../../lib/model/wait.ts";

interface Happened {
  readonly id: InvocationId;
  readonly target: Target;
  /** By the clock of the server. */
  readonly atMs: number;
}

/** Of an attempt that has failed, and may be made again. */
export interface FailedAttempt {
  readonly invocation: InvocationId;
  readonly target: Target;
  /** 1 for the first one. */
  readonly count: number;
  readonly message: string;
  readonly stack?: string;
  /** Where it failed: `run "charge the card"`. */
  readonly operation?: string;
  /** The deployment, if new invocations go to a newer one. */
  readonly oldCode?: string;
}

export type InvocationEvent =
  /** A turn begins. `isFirst`: with it the invocation does. */
  | (Happened & { readonly kind: "turn"; readonly isFirst: boolean; readonly attempt: number })
  /** Nothing of it runs until something of this comes. */
  | (Happened & { readonly kind: "suspended"; readonly wait: Wait })
  | (Happened & { readonly kind: "attempt-failed"; readonly attempt: FailedAttempt })
  /** A turn has ended it. `acceptedAtMs` and `outcome`: as far as the turn has told. */
  | (Happened & {
      readonly kind: "completed";
      readonly acceptedAtMs?: number;
      readonly outcome?: Outcome;
    })
  /** A step has ended, or an attempt of it. Told only on a server that was asked to. */
  | (Happened & {
      readonly kind: "step";
      readonly name: string;
      readonly tookMs: number;
      readonly error?: string;
    });

type Listener = (event: InvocationEvent) => void;

export class InvocationEvents {
  readonly #listeners = new Set<Listener>();

  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Answers what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: InvocationEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

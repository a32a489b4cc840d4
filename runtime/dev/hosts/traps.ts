/**
 * Tells the author of a handler, once for each line, what makes attempts differ: time, random numbers, timers and requests that the
 * handler uses outside of steps. Only in the processes that run handlers for `perdure dev`; never in Lambda. `PERDURE_TRAPS=off`
 * turns it off. What is trapped, and whose code counts: trap-set.ts; what is said of it: trapped-uses.ts.
 *
 * The SDK knows whether code of a handler runs, outside of a step and of interceptors (sdk/development.ts). A file of the user's that
 * only logs the time is told once, which is what the switch is for.
 */
import { type AnyFunction, type Trapped, TrapSet } from "./trap-set.ts";
import { TRAPS_OFF, TrappedUses } from "./trapped-uses.ts";

/** Which code runs now: `Cart/add`; `undefined` if it may do what it likes. */
export type Where = () => string | undefined;

export class Traps {
  readonly #where: Where;
  readonly #say: (text: string) => void;
  readonly #uses = new TrappedUses();
  #hasSaid = false;

  constructor(where: Where, say: (text: string) => void) {
    this.#where = where;
    this.#say = say;
  }

  /** Something that is trapped was called. `from`: the function that stands in its place. */
  sprung(what: Trapped, from: AnyFunction): undefined {
    const handler = this.#where();
    if (handler === undefined) return;
    const words = this.#uses.found(handler, what, from);
    if (words === undefined) return;
    const off = this.#hasSaid ? "" : TRAPS_OFF;
    this.#hasSaid = true;
    this.#say(`warning: ${words}${off}`);
  }

  /** Puts the traps into this process. */
  set(): void {
    new TrapSet((what, from) => this.sprung(what, from)).set();
  }
}

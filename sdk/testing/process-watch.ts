/**
 * What environments replace in their process: the traps of what makes attempts differ, and the methods of `console`. Each replacement
 * first asks which turn runs ({@link runningTurn}), and without one does what it always did. So the test's own code sees no difference.
 * They are there while an environment needs them, and put back when the last one stops.
 */
import { TrapSet } from "../../runtime/dev/hosts/trap-set.ts";
import { handlersTurn } from "../turn/current-turn.ts";
import { CONSOLE_LEVELS, runningTurn } from "./running-turn.ts";

interface Watch {
  set(): void;
  remove(): void;
}

/** Set by the first who needs it, and removed by the last. */
class SharedWatch {
  readonly #make: () => Watch;
  #watch: Watch | undefined;
  #users = 0;

  constructor(make: () => Watch) {
    this.#make = make;
  }

  /** Answers what ends the use, once. */
  use(): () => void {
    if (this.#users++ === 0) {
      this.#watch = this.#make();
      this.#watch.set();
    }
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      if (--this.#users > 0) return;
      this.#watch?.remove();
      this.#watch = undefined;
    };
  }
}

/** The engine's own code asks for the time, too, and often. */
let isOwnCode = false;

/** What is trapped says nothing meanwhile. `run`: quick, and not asynchronous. */
export function untrapped<T>(run: () => T): T {
  isOwnCode = true;
  try {
    return run();
  } finally {
    isOwnCode = false;
  }
}

export const watchedTraps = new SharedWatch(
  () =>
    new TrapSet((what, from) => {
      const turn = isOwnCode ? undefined : runningTurn.getStore();
      if (!turn || !handlersTurn()) return undefined;
      if (!turn.isRehearsal) turn.sprung(what, from);
      return turn.isRehearsal ? IN_REHEARSAL[what] : undefined;
    }),
);

/** A rehearsal sends nothing, and leaves nothing that runs on. Code that waits for either comes no further. */
const IN_REHEARSAL: Readonly<Record<string, () => unknown>> = {
  "fetch()": () => new Promise(() => undefined),
  "setInterval()": () => setTimeout(() => undefined, 0),
};

export const watchedConsole = new SharedWatch(() => new ConsoleWatch(globalThis.console));

class ConsoleWatch implements Watch {
  readonly #console: Console;
  readonly #undo: (() => void)[] = [];

  constructor(console: Console) {
    this.#console = console;
  }

  set(): void {
    for (const level of CONSOLE_LEVELS) {
      const original = this.#console[level];
      const watched: typeof original = (...values: unknown[]) => {
        const turn = runningTurn.getStore();
        if (turn?.isRehearsal === true) return;
        // A spy is the test's own: what it hears is not printed by this.
        const isPrinted = turn?.printed(level, values) ?? true;
        if (isPrinted || "mock" in original) original.apply(this.#console, values);
      };
      this.#console[level] = watched;
      this.#undo.push(() => {
        if (this.#console[level] === watched) this.#console[level] = original;
      });
    }
  }

  remove(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}

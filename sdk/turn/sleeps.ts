/** The sleeps of a turn that are not over. While the turn runs they end in it; a suspended one has durable timers. */
import type { Future } from "../../lib/turn/future.ts";
import type { Clock } from "../../lib/ports.ts";
import type { Leaf, SleepLeaf } from "../../lib/model/wait.ts";

export class Sleeps {
  readonly #clock: Clock;
  readonly #fire: (command: number) => void;
  readonly #open = new Set<SleepLeaf>();
  readonly #timers = new Map<number, () => void>();

  constructor(clock: Clock, fire: (command: number) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  /** It runs from its command on, awaited or not. */
  add(sleep: SleepLeaf, future: Future): void {
    this.#open.add(sleep);
    future.onSettled(() => this.#open.delete(sleep));
  }

  /** Those that are not among the leaves. */
  except(leaves: readonly Leaf[]): SleepLeaf[] {
    const named = new Set(leaves.map((leaf) => (leaf.kind === "sleep" ? leaf.command : undefined)));
    return [...this.#open].filter(({ command }) => !named.has(command));
  }

  /** Sets a timer for each that has none. Those that are over already, after a crash, end in the order in which they were
   * due: a time limit of seconds must not lose against a sleep of hours because both have passed. */
  arm(): void {
    const unarmed = [...this.#open].filter(({ command }) => !this.#timers.has(command));
    for (const sleep of unarmed.toSorted((a, b) => a.dueAtMs - b.dueAtMs)) this.#set(sleep);
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
  }

  #set(sleep: SleepLeaf): void {
    const { command, dueAtMs } = sleep;
    const delayMs = Math.max(0, dueAtMs - this.#clock.now());
    this.#timers.set(
      command,
      this.#clock.after(delayMs, () => this.#ring(sleep)),
    );
  }

  /** The end of a sleep goes into the log for good. So it is checked against the time, whatever rang (T1): a clock that
   * was set back, or one that rang early, means waiting for what is left. */
  #ring(sleep: SleepLeaf): void {
    const { command, dueAtMs } = sleep;
    if (dueAtMs > this.#clock.now()) this.#set(sleep);
    else this.#fire(command);
  }
}

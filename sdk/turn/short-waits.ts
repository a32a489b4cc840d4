/**
 * Waits in memory: a turn that awaits a sleep which is over soon waits for it, and does not suspend. A suspension would cost more:
 * see `SHORT_WAIT_MS`. docs/decisions/0021-waits-in-memory.md has the argument.
 *
 * Invariants
 * - What others are to see of the turn, and what a crash would do again, is appended before it waits, as it is with a suspension.
 * - That a sleep is over is not appended for its own sake. It is in the log before the next step or send (J2). But at most about
 *   `UNRECORDED_WAITS_MS` of waiting is unrecorded, since a crash repeats it.
 * - While the code awaits something from outside as well, the turn looks for it often, and once more before it says that the
 *   sleep was over first.
 */
import {
  LOOK_MS,
  LOOK_MS_MAX,
  SHORT_LOOK_MS,
  SHORT_LOOK_MS_MAX,
  SHORT_WAIT_MS,
  UNRECORDED_WAITS_MS,
} from "../../lib/limits.ts";
import type { Entry } from "../../lib/model/entry.ts";
import { mustAppendToWait } from "../../lib/turn/entry-order.ts";
import type { TurnMachine } from "../../lib/turn/turn-machine.ts";
import type { Leaf } from "../../lib/model/wait.ts";
import type { Cancellations } from "./cancellations.ts";
import type { DirectCalls } from "./direct-calls.ts";
import type { Awaited } from "./waiting.ts";
import type { TurnTimers } from "./timers.ts";
import type { TurnPorts } from "./turn-ports.ts";

/** What is to be appended. The first `count` of it can wait. */
interface Known {
  readonly entries: readonly Entry[];
  count: number;
}

const isInvoked = (leaf: Leaf, direct: DirectCalls): boolean =>
  leaf.kind === "call" && direct.isUnderWay(leaf.command);

export class ShortWaits {
  readonly #ports: TurnPorts;
  readonly #machine: TurnMachine;
  readonly #timers: TurnTimers;
  readonly #awaited: Awaited;
  readonly #direct: DirectCalls | undefined;
  /** When the turn has begun to wait for what is not recorded yet. */
  #sinceMs: number | undefined;
  /** Since something has happened. */
  #looks = 0;
  /** When the turn has last read or written its head. */
  #heardMs: number;
  #known: Known = { entries: [], count: 0 };

  constructor(
    ports: TurnPorts,
    {
      machine,
      timers,
      writer,
    }: {
      readonly machine: TurnMachine;
      readonly timers: TurnTimers;
      readonly writer: { readonly direct: DirectCalls | undefined };
    },
    awaited: Awaited,
  ) {
    this.#ports = ports;
    this.#machine = machine;
    this.#timers = timers;
    this.#awaited = awaited;
    this.#direct = writer.direct;
    this.#heardMs = ports.clock.now();
  }

  /** The code awaits a sleep that is soon over, or a call that the turn has invoked itself. */
  get isDue(): boolean {
    const direct = this.#direct;
    const { shortWaitMs = SHORT_WAIT_MS } = this.#ports;
    if (shortWaitMs > 0 && this.#timers.isAwaitedWithin(shortWaitMs)) return true;
    return direct?.isBusy === true && this.#awaited.some((leaf) => isInvoked(leaf, direct));
  }

  /** Something is awaited that comes from outside: not from this turn, nor from the clock, nor from a call that it has invoked. */
  get hearsOutside(): boolean {
    const direct = this.#direct;
    if (!direct?.isBusy) return this.#awaited.hearsOutside;
    return this.#awaited.some((leaf) => leaf.kind !== "sleep" && !isInvoked(leaf, direct));
  }

  /** Something is to be appended before the turn waits. */
  get mustAppend(): boolean {
    if (this.#machine.recorded.awaitsRecord) return true;
    const known = this.#pending(this.#machine.pending());
    const { entries } = known;
    for (let entry = entries[known.count]; entry; entry = entries[++known.count]) {
      if (mustAppendToWait(entry)) return true;
    }
    const nowMs = this.#ports.clock.now();
    this.#sinceMs ??= nowMs;
    return entries.length > 0 && nowMs - this.#sinceMs >= UNRECORDED_WAITS_MS;
  }

  /** After an append the list is another one. */
  #pending(entries: readonly Entry[]): Known {
    if (this.#known.entries !== entries) {
      this.#known = { entries, count: 0 };
      this.#sinceMs = undefined;
      this.#heardMs = this.#ports.clock.now();
    }
    return this.#known;
  }

  // --- looks (R22) ---------------------------------------------------------------------------------------------

  looked(): void {
    this.#looks++;
    this.#heardMs = this.#ports.clock.now();
  }

  happened(): undefined {
    this.#looks = 0;
    return undefined;
  }

  /** After how long the turn looks at its head: longer each time, as long as nothing happens. `listening`: what the code listens to. */
  lookMs(listening: Cancellations | undefined): number {
    const { lookMs } = this.#ports;
    return (
      lookMs ?? listening?.nextLookMs() ?? LOOK_MS[Math.min(this.#looks, LOOK_MS.length - 1)] ?? LOOK_MS_MAX
    );
  }

  /** The same in a short wait. Many of them take long: so without anything from outside, what counts is when the head was last
   * read or written. */
  shortLookMs(hearsOutside: boolean): number {
    if (hearsOutside) return Math.min(SHORT_LOOK_MS * 2 ** this.#looks, SHORT_LOOK_MS_MAX);
    const { lookMs = LOOK_MS[0] ?? 0, clock } = this.#ports;
    return Math.max(0, this.#heardMs + lookMs - clock.now());
  }
}

/**
 * Jumps of the clock of a server on this machine (docs/decisions/0040): what they reach, and in which order.
 *
 * Boundary: who asks for one is in runtime/dev/powers/clock.ts. That what lives is not taken for dead is in
 * runtime/dispatcher/living-turn.ts.
 */
import type { JumpingClock } from "../../lib/jumping-clock.ts";
import type { LocalMeta } from "../local/meta.ts";
import type { Upkeep } from "./upkeep.ts";

/** Processes of handlers. */
interface ClockedHosts {
  jump(aheadMs: number): void;
}

export interface JumpsPorts {
  readonly clock: Pick<JumpingClock, "jumpAhead">;
  readonly meta: Pick<LocalMeta, "set">;
  readonly upkeep: Pick<Upkeep, "soon">;
  readonly hosts: readonly ClockedHosts[];
}

export class Jumps {
  readonly #ports: JumpsPorts;
  /** The farthest that was asked for. */
  #aheadMs = 0;

  constructor(ports: JumpsPorts) {
    this.#ports = ports;
  }

  /** The clock is ahead of the real one by so much, or by more if another jump went farther meanwhile: it does not go back, and neither
   * does the next start. What decides by the time decides by the new one from now on. *Crash* after it is written: it is ahead at the
   * next start. */
  async jump(aheadMs: number): Promise<void> {
    const { clock, meta, upkeep, hosts } = this.#ports;
    this.#aheadMs = Math.max(this.#aheadMs, aheadMs);
    await meta.set("clock-ahead", this.#aheadMs);
    // Before timers become turns.
    for (const each of hosts) each.jump(aheadMs);
    clock.jumpAhead(aheadMs);
    upkeep.soon();
  }
}

/**
 * Jumps of the clock of a server on this machine (docs/decisions/0040): what they reach, and in which order.
 *
 * Boundary: who asks for one is in runtime/dev/powers/clock.ts.
 */
import type { JumpingClock } from "../../lib/jumping-clock.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { LocalMeta } from "../local/meta.ts";
import type { Upkeep } from "./upkeep.ts";

/** Processes of handlers. */
interface ClockedHosts {
  /** The invocations that have turns there. */
  readonly running: readonly InvocationId[];
  jump(aheadMs: number): void;
}

export interface JumpsPorts {
  readonly clock: JumpingClock;
  readonly meta: LocalMeta;
  readonly upkeep: Upkeep;
  readonly hosts: readonly ClockedHosts[];
}

export class Jumps {
  readonly #ports: JumpsPorts;
  /** Invocations that had turns when the clock last jumped. */
  #spared: ReadonlySet<InvocationId> = new Set();

  constructor(ports: JumpsPorts) {
    this.#ports = ports;
  }

  /** The clock is ahead of the real one by so much. What decides by the time decides by the new one from now on. *Crash* after the
   * first line: it is ahead at the next start. */
  async jump(aheadMs: number): Promise<void> {
    const { clock, meta, upkeep, hosts } = this.#ports;
    await meta.set("clock-ahead", aheadMs);
    // Before timers become turns.
    for (const each of hosts) each.jump(aheadMs);
    this.#spared = new Set(this.#running());
    clock.jumpAhead(aheadMs);
    upkeep.soon();
  }

  /** Whether a turn of it has run since before the last jump. */
  hasOutlived(id: InvocationId): boolean {
    return this.#spared.has(id) && this.#running().includes(id);
  }

  #running(): readonly InvocationId[] {
    return this.#ports.hosts.flatMap(({ running }) => running);
  }
}

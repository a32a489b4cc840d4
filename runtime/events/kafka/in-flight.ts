/**
 * How many invocations a topic may have in flight: of those that this server has started since it began. It is not kept: a server that
 * starts again begins to count anew.
 */
import { KAFKA_IN_FLIGHT_LOOKED_MAX } from "../../../lib/limits/events.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { ItemStore } from "../../../lib/ports.ts";
import { readHeadOrStub } from "../../../lib/store/head-store.ts";

export class InFlight {
  readonly #items: ItemStore;
  readonly #max: number;
  /** The oldest first. */
  readonly #ids = new Set<InvocationId>();
  /** Of records that are on their way through the door. */
  #reserved = 0;
  #looking = false;

  constructor(items: ItemStore, max: number) {
    this.#items = items;
    this.#max = max;
  }

  /** How many of so many records may go to the door. None: some have to end first, which is looked at now. */
  take(wanted: number): number {
    const taken = Math.max(0, Math.min(wanted, this.#max - this.#reserved - this.#ids.size));
    this.#reserved += taken;
    if (taken < wanted) void this.#look();
    return taken;
  }

  /** So many are not on their way any more; they have become these invocations. */
  settle(records: number, started: readonly InvocationId[] = []): void {
    this.#reserved -= records;
    for (const id of started) this.#ids.add(id);
  }

  get count(): number {
    return this.#ids.size;
  }

  /** One that has no head yet waits in the mailbox, and is in flight. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const id of [...this.#ids].slice(0, KAFKA_IN_FLIGHT_LOOKED_MAX)) {
        const { stored, stub } = await readHeadOrStub(this.#items, id);
        this.#ids.delete(id);
        // What goes on is looked at after the others: one that waits for a year holds up no look. A stub is left of what was purged.
        if (!stub && stored?.head.status !== "completed") this.#ids.add(id);
      }
    } catch {
      // The store does not answer: it is asked again.
    } finally {
      this.#looking = false;
    }
  }
}

/**
 * What must not happen where nothing fails. With faults it may, and then nobody can say how often is too often. So it is checked in
 * runs without faults only.
 *
 * ONCE: a step runs once. What may fail all the same: a step that throws, an attempt, and a turn that an operator's pause has
 * refused an append. R23: what wakes the new owner of a key has not seen that it has begun: it runs under another message.
 */
import type { Value } from "../../lib/model/value.ts";

const BEGUN: ReadonlySet<Value | undefined> = new Set(["running", "suspended", "backing-off", "paused"]);

export class Once {
  /** The run has no faults. */
  isOn = false;
  readonly #runs = new Map<string, number>();
  readonly #excuses = new Map<string, number>();
  /** Actors and invocations that they have read as begun since they handed them a key, if ever. */
  readonly #seenBegun = new Set<string>();

  /** One more run of each of the invocation's steps is due to what the program or an operator does. */
  excuse(id: string): void {
    this.#excuses.set(id, (this.#excuses.get(id) ?? 0) + 1);
  }

  /** A step begins. */
  isTooOften(id: string, step: string): boolean {
    if (!this.isOn) return false;
    const name = `${id} ${step}`;
    const runs = (this.#runs.get(name) ?? 0) + 1;
    this.#runs.set(name, runs);
    return runs > 1 + (this.#excuses.get(id) ?? 0);
  }

  /** A head is read. */
  reads(by: string, id: string, status: Value | undefined): void {
    if (!this.isOn) return;
    if (BEGUN.has(status)) this.#seenBegun.add(`${by} ${id}`);
    else this.#seenBegun.delete(`${by} ${id}`);
  }
  /** A lock is written, which is `id`'s then. */
  hands(by: string, id: string): void {
    this.#seenBegun.delete(`${by} ${id}`);
  }
  hasSeenBegun(by: string, id: string): boolean {
    return this.isOn && this.#seenBegun.has(`${by} ${id}`);
  }
}

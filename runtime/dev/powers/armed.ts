/**
 * What shall happen to invocations at a point that their turns have yet to reach: orders, one of a kind for each. They are kept
 * in memory. An order is gone after its use, and with the end of its invocation.
 */
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { OrderedFailure } from "../../../lib/step-gate.ts";
import { ARMED_INVOCATIONS_MAX } from "../../../lib/limits/local.ts";

/** The process is killed when the next turn begins, or when the next step does. */
export interface ArmedCrash {
  readonly kind: "crash";
  readonly when: "next-turn" | "next-step";
  readonly atMs: number;
}
export interface ArmedFailure extends OrderedFailure {
  readonly kind: "fail-next-step";
  readonly atMs: number;
}
export type Order = ArmedCrash | ArmedFailure;

export class Armed {
  readonly #orders = new Map<InvocationId, readonly Order[]>();

  /** Takes the place of an order of the same kind. The oldest invocation's orders go when there are too many. */
  set(id: InvocationId, order: Order): void {
    const others = this.of(id).filter(({ kind }) => kind !== order.kind);
    this.#orders.delete(id);
    this.#orders.set(id, [...others, order]);
    const [oldest] = this.#orders.keys();
    if (this.#orders.size > ARMED_INVOCATIONS_MAX && oldest !== undefined) this.#orders.delete(oldest);
  }

  of(id: InvocationId): readonly Order[] {
    return this.#orders.get(id) ?? [];
  }

  /** Every order, by its invocation. */
  get all(): Iterable<readonly [InvocationId, readonly Order[]]> {
    return this.#orders;
  }

  get isEmpty(): boolean {
    return this.#orders.size === 0;
  }

  /** The orders are withdrawn, or their invocation has ended. */
  clear(id: InvocationId): readonly Order[] {
    const orders = this.of(id);
    this.#orders.delete(id);
    return orders;
  }

  /** Takes the order that is meant for this point. A crash comes before a failure. */
  take(id: InvocationId, at: "turn" | "step"): Order | undefined {
    const orders = this.of(id);
    const isMeant = (order: Order): boolean =>
      order.kind === "crash" ? order.when === `next-${at}` : at === "step";
    const order =
      orders.find((each) => each.kind === "crash" && isMeant(each)) ?? orders.find((each) => isMeant(each));
    if (order === undefined) return undefined;
    const left = orders.filter((each) => each !== order);
    if (left.length > 0) this.#orders.set(id, left);
    else this.#orders.delete(id);
    return order;
  }
}

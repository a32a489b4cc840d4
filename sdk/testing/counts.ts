/** How often each invocation of a test used what is billed. */
import { TEST_COUNTED_MAX } from "../../lib/limits/local.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { ItemKey, Table } from "../../lib/model/item.ts";
import { decodeMessage, type Outgoing } from "../../lib/model/message.ts";
import type { ItemStore } from "../../lib/ports.ts";
import type { OperationCounts } from "../../runtime/local/item-store.ts";

/** Of one invocation. What its callees do, and what the test itself reads, is not in it. */
export interface InvocationCounts {
  /** Turns of its handler. */
  readonly invocations: number;
  /** Messages that were sent to it. */
  readonly messages: number;
  /** Operations on its own items: by its turns, and by the engine around them. */
  readonly journal: Readonly<OperationCounts>;
  /** Operations on state, promises and the key's lock by its turns. */
  readonly state: Readonly<OperationCounts>;
}

interface Counted {
  invocations: number;
  messages: number;
  readonly journal: OperationCounts;
  readonly state: OperationCounts;
}

const zero = (): OperationCounts => ({ reads: 0, writes: 0, refused: 0 });

export class InvocationCounter {
  /** By the partition of its items. */
  readonly #counts = new Map<string, Counted>();

  of(id: InvocationId): InvocationCounts {
    const { invocations, messages, journal, state } = this.#counts.get(headKey(id).pk) ?? fresh();
    return { invocations, messages, journal: { ...journal }, state: { ...state } };
  }

  turn(id: InvocationId): void {
    const counted = this.#at(headKey(id).pk);
    if (counted) counted.invocations++;
  }

  sent(messages: readonly Outgoing[]): void {
    for (const { body } of messages) {
      const counted = this.#at(headKey(decodeMessage(body).id).pk);
      if (counted) counted.messages++;
    }
  }

  /** The same store. `turnOf`: whose turn uses it now. */
  counted(items: ItemStore, turnOf: () => InvocationId | undefined): ItemStore {
    const of = ({ table, pk }: Pick<ItemKey, "table" | "pk">): OperationCounts | undefined => {
      if (table === "journal") return this.#at(pk)?.journal;
      const id = table === "state" ? turnOf() : undefined;
      return id === undefined ? undefined : this.#at(headKey(id).pk)?.state;
    };
    const reads = (counts: OperationCounts | undefined): void => {
      if (counts) counts.reads++;
    };
    return {
      get: async (key, options) => {
        reads(of(key));
        return await items.get(key, options);
      },
      query: async (table: Table, pk, prefix, page) => {
        reads(of({ table, pk }));
        return await items.query(table, pk, prefix, page);
      },
      scan: async (...asked) => await items.scan(...asked),
      write: async (write, options) => {
        const counts = of(write.key);
        const result = await items.write(write, options);
        if (counts) counts[result.won ? "writes" : "refused"]++;
        return result;
      },
      transact: async (append, writes) => {
        if (!items.transact) throw new TypeError("the store has no transactions");
        const counts = of(append.key);
        const result = await items.transact(append, writes);
        if (counts) counts[result.won ? "writes" : "refused"]++;
        return result;
      },
    };
  }

  /** Beyond {@link TEST_COUNTED_MAX} invocations nothing more is counted of one by one. */
  #at(partition: string): Counted | undefined {
    const known = this.#counts.get(partition);
    if (known || this.#counts.size >= TEST_COUNTED_MAX) return known;
    const made = fresh();
    this.#counts.set(partition, made);
    return made;
  }
}

const fresh = (): Counted => ({ invocations: 0, messages: 0, journal: zero(), state: zero() });

/**
 * The guards' table of an account in use, and the passes that look through it each minute.
 *
 * A pass costs something however many guards there are. That is not a use's: docs/costs.md has it for a month. A use is billed for the
 * queries that find its guards, in full, and for what the pass takes longer for them. Here a pass runs only if there is something for it
 * to do; whoever asks finds that there was one within the minute, and that there will be more.
 */
import { type ItemKey, sizeOf, type Write } from "../../lib/model/item.ts";
import type { ItemStore, Page } from "../../lib/ports.ts";
import { GUARD_PASS_KEY, passesItem } from "../../lib/store/guard-table.ts";
import { GUARD_AHEAD_MS, GUARD_PASS_EVERY_MS, GUARD_PASSES_MS } from "../../lib/limits/guards.ts";
import { type GuardPassPorts, lookThrough } from "../../runtime/timers/guard-pass.ts";
import { COMPUTE_MS_PER_RECORD, Meter } from "./bill.ts";
import { readUnitsOf, writeUnitsOf } from "./items.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** As the timers' function has it. */
const PASS_MS_MAX = 25_000;

export interface GuardParts {
  readonly time: VirtualTime;
  readonly meter: Meter;
  /** The account's items, and what of them is counted where. */
  readonly items: (meter: Meter) => ItemStore;
  /** What a pass has besides its items. `passing`: the same items, as far away as they are. */
  readonly ports: (passing: ItemStore) => GuardPassPorts;
}

/** What one pass takes. */
interface PassUse {
  readonly ms: number;
  /** Guards that it has looked at. */
  readonly looked: number;
  /** Queries that have found some, and their units. */
  readonly reads: number;
  readonly readUnits: number;
}

export class Guards {
  readonly #parts: GuardParts;
  readonly #passing: ItemStore;
  #lastDueMs = Number.NEGATIVE_INFINITY;
  /** What was due before this is done. */
  #doneMs: number | undefined;
  #isSet = false;
  #idleMs: number | undefined;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    this.#passing = parts.items(new Meter());
  }

  /** The same store; what is written to the table of guards is looked through. */
  watching(items: ItemStore): ItemStore {
    return over(items, {
      get: async (key, options) => {
        if (isPass(key)) await this.#asIfPassed();
        return await items.get(key, options);
      },
      write: async (write) => {
        const result = await items.write(write);
        if (write.key.table === "guards" && !isPass(write.key)) this.#written(write);
        return result;
      },
    });
  }

  /** How long a pass takes that finds nothing. */
  async idleMs(): Promise<number> {
    return (this.#idleMs ??= (await this.#use()).ms);
  }

  #written({ key: { pk, sk }, ...write }: Write): void {
    const bytes = sizeOf({ ...(write.op === "put" ? write.attributes : {}), pk, sk });
    this.#parts.meter.add("guardUnits", writeUnitsOf(bytes));
    this.#expect(Number.parseInt(sk));
  }

  #expect(dueMs: number): void {
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    if (this.#isSet) return;
    this.#isSet = true;
    const { time } = this.#parts;
    const nextMs = (Math.floor(time.exactMs / GUARD_PASS_EVERY_MS) + 1) * GUARD_PASS_EVERY_MS;
    time.after(nextMs - time.exactMs, () => void this.#pass());
  }

  async #pass(): Promise<void> {
    const { meter } = this.#parts;
    const idleMs = await this.idleMs();
    const { ms, looked, reads, readUnits } = await this.#use();
    meter.add("reads", reads);
    meter.add("readUnits", readUnits);
    meter.add("passUnits", readUnits);
    const longerMs = Math.max(0, ms - idleMs) + looked * COMPUTE_MS_PER_RECORD;
    meter.add("timersMs", Math.round(longerMs * 1e6) / 1e6);
    this.#isSet = false;
    if (this.#lastDueMs >= (this.#doneMs ?? 0)) this.#expect(this.#lastDueMs);
  }

  async #use(): Promise<PassUse> {
    const { time, ports } = this.#parts;
    const beganMs = time.exactMs;
    let [reads, readUnits] = [0, 0];
    const found = ({ items }: Page, pk: string): void => {
      const bytes = items.reduce((sum, { sk, attributes }) => sum + sizeOf({ ...attributes, pk, sk }), 0);
      if (bytes === 0) return;
      reads++;
      readUnits += readUnitsOf(bytes);
    };
    const passing = over(this.#passing, {
      query: async (table, pk, ...rest) => {
        const page = await this.#passing.query(table, pk, ...rest);
        found(page, pk);
        return page;
      },
    });
    const aheadMs = time.now() + GUARD_AHEAD_MS;
    const fromMs = this.#doneMs ?? aheadMs - GUARD_PASS_EVERY_MS;
    const stretch = { fromMs, aheadMs, deadlineMs: time.now() + PASS_MS_MAX };
    const { looked, doneMs } = await lookThrough(ports(passing), stretch);
    this.#doneMs = doneMs;
    return { looked, reads, readUnits, ms: time.exactMs - beganMs };
  }

  /** There has been nothing for a pass to do since. */
  async #asIfPassed(): Promise<void> {
    const nowMs = this.#parts.time.now();
    const doneMs = nowMs - (nowMs % GUARD_PASS_EVERY_MS) + GUARD_AHEAD_MS;
    if (!this.#isSet) this.#doneMs = doneMs;
    const untilMs = nowMs + GUARD_PASSES_MS;
    await this.#passing.write(passesItem({ number: 1, doneMs: this.#doneMs ?? doneMs, untilMs }));
  }
}

const isPass = ({ table, pk }: ItemKey): boolean =>
  table === GUARD_PASS_KEY.table && pk === GUARD_PASS_KEY.pk;

/** The store, but for some of its operations. */
const over = (items: ItemStore, own: Partial<ItemStore>): ItemStore => ({
  get: async (...get) => await items.get(...get),
  write: async (write) => await items.write(write),
  query: async (...query) => await items.query(...query),
  scan: async (...scan) => await items.scan(...scan),
  transact: async (append, writes) => {
    if (!items.transact) throw new TypeError("the store has no transactions");
    return await items.transact(append, writes);
  },
  ...own,
});

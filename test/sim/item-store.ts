/** DynamoDB as the simulator has it: `evaluate` on single items, strong reads, a scan and looks that may be stale. */
import {
  type Attributes,
  checkKey,
  checkRange,
  type ItemKey,
  type Table,
  type Write,
  type WriteResult,
} from "../../lib/model/item.ts";
import { OperationalError } from "../../lib/errors.ts";
import type { TransactedAppend, TransactionResult, UserWrite } from "../../lib/model/user-write.ts";
import type { ItemStore, Page, ReadOptions } from "../../lib/ports.ts";
import type { Actor, Effects } from "./actor.ts";
import type { Observer } from "./observer.ts";
import { frozenCopy, PAGE_MAX, type Tables } from "./tables.ts";

/** An actor's access to the tables. */
export class SimItemStore implements ItemStore {
  readonly #tables: Tables;
  readonly #effects: Effects;
  readonly #actor: Actor;
  readonly #observer: Observer;

  constructor(parts: { tables: Tables; effects: Effects; actor: Actor; observer: Observer }) {
    this.#tables = parts.tables;
    this.#effects = parts.effects;
    this.#actor = parts.actor;
    this.#observer = parts.observer;
  }

  get(key: ItemKey, { mayLag = false }: ReadOptions = {}): Promise<Attributes | undefined> {
    const answer = this.#effects.perform(this.#actor, `get ${key.table}`, subjectOf(key), () => {
      checkKey(key);
      const item = mayLag
        ? this.#tables.look(key, () => this.#effects.faults.strike("stale-look"))
        : this.#tables.get(key);
      this.#observer.read(this.#actor, key, item);
      return item;
    });
    answer.catch(() => this.#observer.undelivered.failed(key));
    return answer;
  }

  write(write: Write): Promise<WriteResult> {
    // A request is serialised when it is sent, so later changes by the caller do not matter.
    const request = frozenCopy(write);
    const { silence } = this.#observer;
    const answer = this.#effects.perform(
      this.#actor,
      `write ${write.key.table}`,
      subjectOf(write.key),
      () => {
        const before = this.#tables.get(request.key);
        if (!this.#effects.faults.stopped) silence.check(request, before);
        const result = this.#tables.write(request);
        this.#observer.written(this.#actor, request, before, result);
        return result;
      },
    );
    answer.catch(() => this.#observer.undelivered.failed(write.key));
    if (!silence.isNarrow) return answer;
    return answer.catch((error: unknown) => {
      silence.answered(request, error, this.#actor.name);
      throw error;
    });
  }

  transact(append: TransactedAppend, writes: readonly UserWrite[]): Promise<TransactionResult> {
    const [request, users] = [frozenCopy(append), frozenCopy(writes)];
    const { key } = request;
    const answer = this.#effects.perform(this.#actor, "transact write", subjectOf(key), () =>
      this.#transacted(request, users),
    );
    answer.catch(() => this.#observer.undelivered.failed(key));
    return answer;
  }

  #transacted(append: TransactedAppend, writes: readonly UserWrite[]): TransactionResult {
    if (this.#effects.faults.strike("transaction-conflict"))
      throw new OperationalError("throttled", "another transaction has an item (simulated)");
    const { userTables, acknowledged } = this.#observer;
    const before = this.#tables.get(append.key);
    const decided = userTables.decide(before, append, writes);
    if (decided.kind === "refused") return { won: false, refusals: decided.refusals };
    const result = this.#tables.write(append);
    const seen = (): void => this.#observer.written(this.#actor, append, before, result);
    if (decided.kind === "won") userTables.take(decided.changes);
    if (result.won) acknowledged.untold(this.#actor.name, seen);
    else seen();
    return result.won ? { won: true } : result;
  }

  query(
    table: Table,
    pk: string,
    prefix: string,
    page: { after?: string; limit?: number } = {},
  ): Promise<Page> {
    return this.#effects.perform(this.#actor, `query ${table}`, `${pk} ${prefix}`, () => {
      checkRange(pk, prefix);
      const found = this.#tables.query(table, pk, prefix, page);
      for (const { sk, attributes } of found.items)
        this.#observer.read(this.#actor, { table, pk, sk }, attributes);
      return found;
    });
  }

  scan(table: Table, sk: string, { after = "0", limit = PAGE_MAX }: { after?: string; limit?: number } = {}) {
    return this.#effects.perform(this.#actor, `scan ${table}`, sk, () => {
      const found = this.#tables.scan(table, sk, () => this.#effects.faults.strike("stale-scan"));
      const end = Number(after) + limit;
      return { items: found.slice(Number(after), end), ...(found.length > end ? { next: String(end) } : {}) };
    });
  }
}

const subjectOf = ({ pk, sk }: ItemKey): string => `${pk.slice(pk.indexOf(".") + 1)} ${sk}`;

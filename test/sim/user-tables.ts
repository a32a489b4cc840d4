/**
 * The tables that programs write to with `ctx.transact`, and X1: a step's writes are there if and only if a log has its entry with a success.
 *
 * Each transaction makes one item, named by its invocation, its life and its step, with the token that its result has. It counts how often
 * it was made. Some make a slot besides, which only one may.
 */
import { evaluate } from "../../lib/model/item.ts";
import type { Attributes } from "../../lib/model/item.ts";
import type { Entry } from "../../lib/model/entry.ts";
import type { AttributeMap, WriteRefusal, TransactedAppend, UserWrite } from "../../lib/model/user-write.ts";
import { applied, type UserChange } from "../../runtime/local/tables/user-tables.ts";
import type { UserTables } from "../../lib/model/user-write.ts";
import type { TransactWrite } from "../../sdk/index.ts";

const TABLES: UserTables = { effects: { partitionKey: "id" }, slots: { partitionKey: "id" } };

/** What a program's step writes. */
export function writesOf(id: string, token: string, slot: string | undefined): TransactWrite[] {
  const effect: TransactWrite = {
    Update: {
      TableName: "effects",
      Key: { id },
      UpdateExpression: "SET #token = :token ADD made :one",
      ExpressionAttributeNames: { "#token": "token" },
      ExpressionAttributeValues: { ":token": token, ":one": 1 },
    },
  };
  if (slot === undefined) return [effect];
  const ConditionExpression = "attribute_not_exists(id)";
  return [{ Put: { TableName: "slots", Item: { id: slot, by: token }, ConditionExpression } }, effect];
}

/** What a transaction would do now. */
export type Decided =
  | { readonly kind: "append refused" }
  | { readonly kind: "refused"; readonly refusals: readonly WriteRefusal[] }
  | { readonly kind: "won"; readonly changes: readonly UserChange[] };

export class SimUserTables {
  readonly #items = new Map<string, AttributeMap>();
  /** Effects by their tokens. */
  readonly #made = new Map<string, string>();
  /** Tokens that a log has. */
  readonly #recorded = new Set<string>();
  readonly #fail: (rule: string, message: string) => void;
  readonly #count: (operation: string) => void;

  constructor(fail: (rule: string, message: string) => void, count: (operation: string) => void) {
    this.#fail = fail;
    this.#count = count;
  }

  decide(before: Attributes | undefined, append: TransactedAppend, writes: readonly UserWrite[]): Decided {
    if (!evaluate(before, append).won) return { kind: "append refused" };
    const users = applied(TABLES, writes, (key) => this.#items.get(JSON.stringify(key)));
    if ("changes" in users) return { kind: "won", changes: users.changes };
    this.#count("transaction refused");
    return { kind: "refused", refusals: users.refusals };
  }

  take(changes: readonly UserChange[]): void {
    this.#count("transaction");
    for (const { item, ...key } of changes) {
      if (!item) continue;
      this.#items.set(JSON.stringify(key), item);
      if (key.table === "effects") this.#makes(key.pk, item);
    }
  }

  #makes(id: string, item: AttributeMap): void {
    const [made, token] = [textOf(item["made"]), textOf(item["token"])];
    if (made !== "1") this.#fail("X1", `the effect ${id} was made ${made} times, last as ${token}`);
    this.#made.set(token, id);
  }

  /** A log has the entry of a step. `tokens`: those in its result. */
  recorded(
    { id }: { readonly id: string },
    entry: Extract<Entry, { kind: "run" }>,
    tokens: readonly string[],
  ): void {
    if (entry.writes === undefined) return;
    const [token] = tokens;
    // A failure has none.
    if (token === undefined) return;
    this.#recorded.add(token);
    if (!this.#made.has(token)) this.#fail("X1", `${id} records ${token}, which has written nothing`);
  }

  /** X1, when everything is at rest. */
  check(): void {
    for (const [token, id] of this.#made)
      if (!this.#recorded.has(token)) this.#fail("X1", `${token} of ${id} has written, and no log has it`);
  }
}

const textOf = (value: AttributeMap[string] | undefined): string =>
  value && "S" in value ? value.S : value && "N" in value ? value.N : "";

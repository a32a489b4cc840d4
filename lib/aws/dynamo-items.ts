/**
 * The item store over DynamoDB: three tables with string keys `pk` (hash) and `sk` (range). The client that carries its
 * requests is passed in (json-service.ts).
 */
import type {
  AttributeValue,
  DeleteItemCommandInput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  TransactWriteItemsCommandInput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { OperationalError, TerminalError } from "../errors.ts";
import type {
  Attributes,
  Delete,
  ItemKey,
  KeptTable,
  Put,
  Table,
  Update,
  Write,
  WriteResult,
} from "../model/item.ts";
import { isHead } from "../model/listing.ts";
import {
  CONDITION_FAILED,
  partsOf,
  type TransactedAppend,
  type TransactionResult,
  type UserWrite,
} from "../model/user-write.ts";
import { checkWrite } from "../model/write-limits.ts";
import type { ItemStore, Page, ReadOptions, ScannedItem, StoredItem } from "../ports.ts";
import { fromAttributeMap, toAttributeMap } from "./attribute-value.ts";
import { compileCondition, compileUpdate, PARTITION_KEY, SORT_KEY } from "./expression.ts";
import { toOperational } from "./fault.ts";
import { withIndex, withoutIndex } from "./head-index.ts";
import { type Operations, operationsOf } from "./json-service.ts";
import { cursorOf, startKeyOf } from "./scan-cursor.ts";

/** DynamoDB's operations, by their names. They throw what AWS's client throws: errors with the service's names. */
export interface DynamoRequests {
  readonly GetItem: (input: GetItemCommandInput) => Promise<Pick<GetItemCommandOutput, "Item">>;
  readonly PutItem: (input: PutItemCommandInput) => Promise<unknown>;
  readonly UpdateItem: (
    input: UpdateItemCommandInput,
  ) => Promise<Pick<UpdateItemCommandOutput, "Attributes">>;
  readonly DeleteItem: (input: DeleteItemCommandInput) => Promise<unknown>;
  readonly TransactWriteItems: (input: TransactWriteItemsCommandInput) => Promise<unknown>;
  readonly Query: (
    input: QueryCommandInput,
  ) => Promise<Pick<QueryCommandOutput, "Items" | "LastEvaluatedKey">>;
  readonly Scan: (input: ScanCommandInput) => Promise<Pick<ScanCommandOutput, "Items" | "LastEvaluatedKey">>;
}

export function dynamoRequests(dynamo: Operations): DynamoRequests {
  const ask = operationsOf<DynamoRequests>(dynamo);
  return {
    GetItem: ask("GetItem"),
    PutItem: ask("PutItem"),
    UpdateItem: ask("UpdateItem"),
    DeleteItem: ask("DeleteItem"),
    TransactWriteItems: ask("TransactWriteItems"),
    Query: ask("Query"),
    Scan: ask("Scan"),
  };
}

/** Names of tables. Without one for guards these have no table. */
export type TableNames = Readonly<Record<KeptTable, string>> & { readonly guards?: string | undefined };

export interface DynamoItemStoreOptions {
  /** Whether to read the item that refused a write, if the answer does not show it. For endpoints that ignore
   * `ReturnValuesOnConditionCheckFailure`; DynamoDB itself does not. Default: false. */
  readonly rereadRefused?: boolean;
}

/**
 * Throws {@link OperationalError} `throttled`, `unavailable` or `too-large`. Anything else (a table that does not exist, a
 * request that DynamoDB finds invalid) it throws as the client threw it.
 *
 * The client's own retries may stay on. If the first answer to a conditional write was lost, the retry is refused by the first
 * try, and the writer recognises its own id in the item that comes back.
 */
export class DynamoItems implements ItemStore {
  readonly #requests: DynamoRequests;
  readonly #tables: TableNames;
  readonly #rereadRefused: boolean;

  constructor(
    requests: DynamoRequests,
    tables: TableNames,
    { rereadRefused = false }: DynamoItemStoreOptions = {},
  ) {
    this.#requests = requests;
    this.#tables = tables;
    this.#rereadRefused = rereadRefused;
  }

  async get(key: ItemKey, { mayLag = false }: ReadOptions = {}): Promise<Attributes | undefined> {
    const input: GetItemCommandInput = { ...this.#address(key), ConsistentRead: !mayLag };
    const { Item } = await answerOf("a read", () => this.#requests.GetItem(input));
    return attributesIn(Item, key);
  }

  async write(write: Write): Promise<WriteResult> {
    checkWrite(write);
    try {
      return { won: true, item: await this.#send(write) };
    } catch (error) {
      if (!isRefusal(error)) throw toItemError(error, "a write");
      if (error.Item !== undefined) return { won: false, item: attributesIn(error.Item, write.key) };
      return { won: false, item: this.#rereadRefused ? await this.get(write.key) : undefined };
    }
  }

  /** X1. No client token: the append's mark tells a repetition, and for longer than ten minutes. */
  async transact(append: TransactedAppend, writes: readonly UserWrite[]): Promise<TransactionResult> {
    checkWrite(append);
    const own = writes.map((write) => partsOf(write).content.TableName).find((name) => this.#isOwn(name));
    if (own !== undefined)
      throw new TerminalError(`the table ${own} is Perdure's own: ctx.transact writes to yours`, {
        errorCode: 400,
      });
    try {
      await this.#requests.TransactWriteItems({
        TransactItems: [this.#transacted(append), ...writes] as NonNullable<
          TransactWriteItemsCommandInput["TransactItems"]
        >,
      });
      return { won: true };
    } catch (error) {
      const reasons = cancellationReasons(error);
      if (!reasons) throw toItemError(error, "a transaction");
      const [head] = reasons;
      if (head?.Code !== CONDITION_FAILED) return refused(reasons, error);
      if (head.Item !== undefined) return { won: false, item: attributesIn(head.Item, append.key) };
      return { won: false, item: this.#rereadRefused ? await this.get(append.key) : undefined };
    }
  }

  #isOwn(name: string): boolean {
    return Object.values(this.#tables).includes(name);
  }

  #transacted(append: TransactedAppend): object {
    const write = withIndex(append);
    return write.op === "put" ? { Put: this.#putInput(write) } : { Update: this.#updateInput(write) };
  }

  /** Answers the attributes after the write. */
  async #send(write: Write): Promise<Attributes | undefined> {
    switch (write.op) {
      case "put":
        await this.#put(withIndex(write));
        return { ...write.attributes };
      case "update":
        return this.#update(withIndex(write));
      case "delete":
        await this.#delete(write);
        return undefined;
    }
  }

  async #put(put: Put): Promise<void> {
    await this.#requests.PutItem(this.#putInput(put));
  }

  #putInput({ key, attributes, when }: Put): PutItemCommandInput {
    const { TableName, Key } = this.#address(key);
    return {
      TableName,
      Item: { ...toAttributeMap(attributes), ...Key },
      ...compileCondition(when),
      ...(when === undefined ? {} : SHOW_REFUSED),
    };
  }

  async #update(update: Update): Promise<Attributes | undefined> {
    const input: UpdateItemCommandInput = { ...this.#updateInput(update), ReturnValues: "ALL_NEW" };
    const { Attributes } = await this.#requests.UpdateItem(input);
    return attributesIn(Attributes, update.key);
  }

  #updateInput({ key, changes, when }: Update): UpdateItemCommandInput {
    return {
      ...this.#address(key),
      ...compileUpdate({ changes, ...(when === undefined ? {} : { when }) }),
      ...(when === undefined ? {} : SHOW_REFUSED),
    };
  }

  async #delete({ key, when }: Delete): Promise<void> {
    const input: DeleteItemCommandInput = {
      ...this.#address(key),
      ...compileCondition(when),
      ...(when === undefined ? {} : SHOW_REFUSED),
    };
    await this.#requests.DeleteItem(input);
  }

  async query(
    table: Table,
    pk: string,
    prefix: string,
    { after, limit }: { after?: string; limit?: number } = {},
  ): Promise<Page> {
    const from = startOf(prefix, after);
    if (from === "past the end") return { items: [] };
    const input: QueryCommandInput = {
      TableName: this.#nameOf(table),
      ...beginsWith(pk, prefix),
      ConsistentRead: true,
      ...(limit === undefined ? {} : { Limit: limit }),
      ...(from.after === undefined ? {} : { ExclusiveStartKey: keyOf(pk, from.after) }),
    };
    const { Items = [], LastEvaluatedKey } = await answerOf("a query", () => this.#requests.Query(input));
    const next = LastEvaluatedKey?.[SORT_KEY]?.S;
    return {
      items: Items.map((item) => storedIn(item, table)),
      ...(next === undefined ? {} : { next }),
    };
  }

  async scan(
    table: Table,
    sk: string,
    { after, limit }: { after?: string; limit?: number } = {},
  ): Promise<{ readonly items: readonly ScannedItem[]; readonly next?: string }> {
    const input: ScanCommandInput = {
      TableName: this.#nameOf(table),
      FilterExpression: "#s = :s",
      ExpressionAttributeNames: { "#s": SORT_KEY },
      ExpressionAttributeValues: { ":s": { S: sk } },
      ...(limit === undefined ? {} : { Limit: limit }),
      ...(after === undefined ? {} : { ExclusiveStartKey: startKeyOf(after) }),
    };
    const { Items = [], LastEvaluatedKey } = await answerOf("a scan", () => this.#requests.Scan(input));
    return {
      items: Items.map((item) => ({ pk: textOf(item, PARTITION_KEY), ...storedIn(item, table) })),
      ...(LastEvaluatedKey === undefined ? {} : { next: cursorOf(LastEvaluatedKey) }),
    };
  }

  #nameOf(table: Table): string {
    const name = this.#tables[table];
    if (name === undefined) throw new TypeError(`no table of ${table} is known here`);
    return name;
  }

  #address({ table, pk, sk }: ItemKey): { TableName: string; Key: Record<string, AttributeValue> } {
    return { TableName: this.#nameOf(table), Key: keyOf(pk, sk) };
  }
}

/** By name: `instanceof` fails if a bundle holds the client twice. */
const isRefusal = (error: unknown): error is Error & { readonly Item?: Record<string, AttributeValue> } =>
  error instanceof Error && error.name === "ConditionalCheckFailedException";

/** Why each item of a transaction has refused it, in their order: DynamoDB's codes. */
interface Reason {
  readonly Code?: string;
  readonly Message?: string;
  readonly Item?: Record<string, AttributeValue>;
}

/** `undefined`: another error. */
function cancellationReasons(error: unknown): readonly Reason[] | undefined {
  if (!(error instanceof Error) || error.name !== "TransactionCanceledException") return undefined;
  const { CancellationReasons: reasons } = error as { readonly CancellationReasons?: unknown };
  return Array.isArray(reasons) ? (reasons as readonly Reason[]) : undefined;
}

/** They pass by themselves. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "ProvisionedThroughputExceeded",
  "ThrottlingError",
  "TransactionConflict",
]);

/** The append's own condition holds. A condition that does not is said rather than what stands beside it. */
function refused(reasons: readonly Reason[], error: unknown): TransactionResult {
  const [, ...users] = reasons;
  const refusals = users.map(({ Code }) => (Code === CONDITION_FAILED ? Code : undefined));
  if (refusals.some((code) => code !== undefined)) return { won: false, refusals };
  const said = reasons.filter(({ Code = "None" }) => Code !== "None");
  const lasting = said.find(({ Code = "" }) => !PASSING_CODES.has(Code));
  if (lasting) {
    const wrong = new Error(lasting.Message ?? lasting.Code, { cause: error });
    throw toItemError(Object.assign(wrong, { name: "ValidationException" }), "a transaction");
  }
  const codes = [...new Set(said.map(({ Code }) => Code))].join(", ");
  throw new OperationalError("throttled", `a transaction was refused: ${codes}`, error);
}

const SHOW_REFUSED = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;

const keyOf = (pk: string, sk: string): Record<string, AttributeValue> => ({
  [PARTITION_KEY]: { S: pk },
  [SORT_KEY]: { S: sk },
});

const textOf = (item: Record<string, AttributeValue>, name: string): string => item[name]?.S ?? "";

/** The item without its key and without the store's own index. */
function attributesIn(
  item: Record<string, AttributeValue> | undefined,
  key: Pick<ItemKey, "table" | "sk">,
): Attributes | undefined {
  if (item === undefined) return undefined;
  const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ...attributes } = item;
  return fromAttributeMap(isHead(key) ? withoutIndex(attributes) : attributes);
}

function storedIn(item: Record<string, AttributeValue>, table: Table): StoredItem {
  const sk = textOf(item, SORT_KEY);
  return { sk, attributes: attributesIn(item, { table, sk }) ?? {} };
}

/** The key condition. Without a prefix there is none on the sort key: DynamoDB takes no empty string for a key. */
function beginsWith(pk: string, prefix: string): Partial<QueryCommandInput> {
  if (prefix === "") {
    return {
      KeyConditionExpression: "#p = :p",
      ExpressionAttributeNames: { "#p": PARTITION_KEY },
      ExpressionAttributeValues: { ":p": { S: pk } },
    };
  }
  return {
    KeyConditionExpression: "#p = :p AND begins_with(#s, :s)",
    ExpressionAttributeNames: { "#p": PARTITION_KEY, "#s": SORT_KEY },
    ExpressionAttributeValues: { ":p": { S: pk }, ":s": { S: prefix } },
  };
}

/** DynamoDB refuses to start outside the prefix. The answer is clear there: everything with the prefix, or nothing. */
function startOf(prefix: string, after: string | undefined): { readonly after?: string } | "past the end" {
  if (after === undefined || after === "") return {};
  if (after.startsWith(prefix)) return { after };
  return Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0 ? {} : "past the end";
}

async function answerOf<T>(action: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw toItemError(error, action);
  }
}

/** DynamoDB has no code of its own for an item, a key or an expression that is too large. Only the wording tells. */
const TOO_LARGE =
  /\bitem size\b|size of (hashkey|all range keys)|primary key values must be under|nesting levels|expression size has exceeded|exceeds max size|too many operators|name is too large/i;

export const saysTooLarge = (validation: string): boolean => TOO_LARGE.test(validation);

function toItemError(error: unknown, action: string): unknown {
  if (error instanceof Error && error.name === "ValidationException" && saysTooLarge(error.message)) {
    return new OperationalError("too-large", `${action} was refused: ${error.message}`, error);
  }
  return toOperational(error, action);
}

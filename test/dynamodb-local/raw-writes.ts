/** Writes as DynamoDB itself takes them, with nothing of ours before it: no bound is checked here, and none is when they are compiled. */
import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { fromAttributeMap } from "../../lib/aws/attribute-value.ts";
import { withIndex, withoutIndex } from "../../lib/aws/head-index.ts";
import { asError } from "../../lib/errors.ts";
import {
  conditionText,
  PARTITION_KEY,
  type Scope,
  SORT_KEY,
  updateText,
} from "../../lib/model/expression-text.ts";
import type { Attributes, Table, Write } from "../../lib/model/item.ts";
import { isHead } from "../../lib/model/listing.ts";
import type { Value } from "../../lib/model/value.ts";

/** `invalid`: DynamoDB's validation, with its message. */
export type RawAnswer =
  | { readonly verdict: "won" | "refused"; readonly item: Attributes | undefined }
  | { readonly verdict: "invalid"; readonly message: string };

/** Throws what is no answer of DynamoDB's. */
export async function writeRaw(
  client: DynamoDBClient,
  tables: Readonly<Record<Table, string>>,
  asked: Write,
): Promise<RawAnswer> {
  const write = asked.op === "delete" ? asked : withIndex(asked);
  const shown = (item: Record<string, AttributeValue> | undefined): Attributes | undefined => {
    if (item === undefined) return undefined;
    const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ...rest } = fromAttributeMap(item);
    return isHead(write.key) ? withoutIndex(rest) : rest;
  };
  try {
    const item = await send(client, tables[write.key.table], write);
    return { verdict: "won", item: asked.op === "put" ? asked.attributes : shown(item) };
  } catch (thrown) {
    const error = asError(thrown) as Error & { readonly Item?: Record<string, AttributeValue> };
    if (error.name === "ConditionalCheckFailedException")
      return { verdict: "refused", item: shown(error.Item) };
    if (error.name === "ValidationException") return { verdict: "invalid", message: error.message };
    throw error;
  }
}

async function send(
  client: DynamoDBClient,
  TableName: string,
  write: Write,
): Promise<Record<string, AttributeValue> | undefined> {
  const scope = new RawScope();
  const { pk, sk } = write.key;
  const Key = { [PARTITION_KEY]: { S: pk }, [SORT_KEY]: { S: sk } };
  const condition = write.when && conditionText(write.when, scope);
  const update = write.op === "update" ? updateText(write.changes, scope) : "";
  const common = {
    TableName,
    ...(condition === undefined
      ? {}
      : { ConditionExpression: condition, ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const }),
    ...scope.placeholders(),
  };
  if (write.op === "put") {
    await client.send(new PutItemCommand({ ...common, Item: { ...spelledMap(write.attributes), ...Key } }));
    return undefined;
  }
  if (write.op === "delete") {
    await client.send(new DeleteItemCommand({ ...common, Key }));
    return undefined;
  }
  const input = { ...common, Key, ReturnValues: "ALL_NEW" as const };
  const command = new UpdateItemCommand(update === "" ? input : { ...input, UpdateExpression: update });
  return (await client.send(command)).Attributes;
}

/** The length of its longer expression. */
export function expressionChars(write: Write): number {
  const scope = new RawScope();
  const condition = write.when ? conditionText(write.when, scope) : "";
  const update = write.op === "update" ? updateText(write.changes, scope) : "";
  return Math.max(condition.length, update.length);
}

class RawScope implements Scope {
  readonly #names = new Map<string, string>();
  readonly #values: Record<string, AttributeValue> = {};

  name(attribute: string): string {
    const known = this.#names.get(attribute) ?? `#${this.#names.size.toString(36)}`;
    this.#names.set(attribute, known);
    return known;
  }

  value(value: Value): string {
    const placeholder = `:${Object.keys(this.#values).length.toString(36)}`;
    this.#values[placeholder] = spelled(value);
    return placeholder;
  }

  placeholders() {
    const names = Object.fromEntries([...this.#names].map(([name, hash]) => [hash, name]));
    return {
      ...(this.#names.size === 0 ? {} : { ExpressionAttributeNames: names }),
      ...(Object.keys(this.#values).length === 0 ? {} : { ExpressionAttributeValues: this.#values }),
    };
  }
}

function spelled(value: Value): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof Uint8Array) return { B: value };
  return Array.isArray(value) ? { L: value.map(spelled) } : { M: spelledMap(value) };
}

const spelledMap = (values: Attributes): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, spelled(value)]));

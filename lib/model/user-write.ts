/**
 * Writes to a user's own tables, as they travel with an append (`ctx.transact`, docs/decisions/0052-transact.md).
 *
 * Job: their form behind the handler, which is that of DynamoDB's `TransactWriteItems`, and what a transaction comes to. Boundary: what a
 * handler returns becomes this form in sdk/turn/user-writes.ts; nothing else of the protocol looks into it.
 */
import type { Attributes, Put, Update } from "./operation.ts";
import type { Value } from "./value.ts";

/** A value with its type, as DynamoDB spells it. */
export type AttributeValue =
  | { readonly S: string }
  /** A number's digits: DynamoDB holds more of them than a double. */
  | { readonly N: string }
  | { readonly B: Uint8Array }
  | { readonly BOOL: boolean }
  | { readonly NULL: boolean }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: AttributeMap }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly Uint8Array[] };
export type AttributeMap = { readonly [name: string]: AttributeValue };

interface Expressions {
  readonly TableName: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: AttributeMap;
}
export interface UserPut extends Expressions {
  readonly Item: AttributeMap;
}
export interface UserKeyed extends Expressions {
  readonly Key: AttributeMap;
  /** Of an update. */
  readonly UpdateExpression?: string;
}
/** Each has one of them. */
export type UserWrite =
  | { readonly Put: UserPut }
  | { readonly Update: UserKeyed }
  | { readonly Delete: UserKeyed }
  | { readonly ConditionCheck: UserKeyed };
export type UserOperation = "Put" | "Update" | "Delete" | "ConditionCheck";

/** What the write is, and of which table. */
export function partsOf(write: UserWrite): {
  readonly operation: UserOperation;
  readonly content: UserPut | UserKeyed;
} {
  if ("Put" in write) return { operation: "Put", content: write.Put };
  if ("Update" in write) return { operation: "Update", content: write.Update };
  if ("Delete" in write) return { operation: "Delete", content: write.Delete };
  return { operation: "ConditionCheck", content: write.ConditionCheck };
}

/** The attributes that the keys of a table's items consist of. */
export interface TableKeys {
  readonly partitionKey: string;
  readonly sortKey?: string;
}
/** By the table's name. */
export type UserTables = Readonly<Record<string, TableKeys>>;

/** Why one of the user's writes has refused the transaction: DynamoDB's code. `undefined`: it has not. */
export type WriteRefusal = string | undefined;
/** Its own condition does not hold. */
export const CONDITION_FAILED = "ConditionalCheckFailed";

/** The append of a transaction: never a deletion. */
export type TransactedAppend = Put | Update;

/**
 * What a transaction has come to. After an operational error nobody knows.
 * - `won`: the append and all of the user's writes are there.
 * - `item`: the append's condition does not hold, whatever else does not. With the attributes that refused it.
 * - `refusals`: the append's condition holds, and some of the user's do not. In the order of the writes.
 */
export type TransactionResult =
  | { readonly won: true }
  | { readonly won: false; readonly item: Attributes | undefined }
  | { readonly won: false; readonly refusals: readonly WriteRefusal[] };

/** The size of a value as DynamoDB counts it, in bytes. */
export function sizeOfAttribute(value: AttributeValue): number {
  if ("S" in value) return Buffer.byteLength(value.S);
  if ("N" in value) return 1 + Math.ceil(value.N.replace(/\D/g, "").length / 2);
  if ("B" in value) return value.B.byteLength;
  if ("L" in value) return value.L.reduce<number>((sum, held) => sum + 1 + sizeOfAttribute(held), 3);
  if ("M" in value) return 3 + sizeOfMap(value.M) + Object.keys(value.M).length;
  if ("SS" in value) return value.SS.reduce((sum, held) => sum + Buffer.byteLength(held), 0);
  if ("NS" in value) return value.NS.reduce((sum, held) => sum + sizeOfAttribute({ N: held }), 0);
  if ("BS" in value) return value.BS.reduce((sum, held) => sum + held.byteLength, 0);
  return 1;
}

export function sizeOfMap(map: AttributeMap): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(map)) bytes += Buffer.byteLength(name) + sizeOfAttribute(value);
  return bytes;
}

/** What a write brings, in bytes: its item or key, and the values of its expressions. */
export function sizeOfWrite(write: UserWrite): number {
  const { content } = partsOf(write);
  return (
    sizeOfMap("Item" in content ? content.Item : content.Key) +
    sizeOfMap(content.ExpressionAttributeValues ?? {})
  );
}

/** A map is plain data, which a store keeps like any other. */
export const asValue = (map: AttributeMap): { [name: string]: Value } => map as { [name: string]: Value };

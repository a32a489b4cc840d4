/**
 * The user's tables on this machine: what a transaction makes of them (X1, docs/decisions/0052-transact.md).
 *
 * Job: DynamoDB's answer to the writes, from the items as they are. Pure: who calls it reads and writes the items, in the transaction of the append.
 * Boundary: no queries, no indexes, no streams, no capacity.
 */
import { OperationalError } from "../../../lib/errors.ts";
import { DYNAMO_ITEM_BYTES_MAX } from "../../../lib/limits/aws.ts";
import {
  type AttributeMap,
  type AttributeValue,
  CONDITION_FAILED,
  partsOf,
  type WriteRefusal,
  sizeOfMap,
  type TableKeys,
  type UserTables,
  type UserWrite,
} from "../../../lib/model/user-write.ts";
import { isTrue } from "./condition.ts";
import {
  type ConditionNode,
  ExpressionError,
  ExpressionNames,
  readCondition,
  readUpdate,
  type UpdateNode,
} from "./expression-text.ts";
import { normalNumber } from "./number-text.ts";
import { MisfitError, updated } from "./update.ts";

/** An item's place. */
export interface UserItemKey {
  readonly table: string;
  readonly pk: string;
  readonly sk: string;
}
export interface UserChange extends UserItemKey {
  /** `undefined`: it is deleted. */
  readonly item: AttributeMap | undefined;
}
export type TablesResult =
  | { readonly changes: readonly UserChange[] }
  | { readonly refusals: readonly WriteRefusal[] };

/** Throws what DynamoDB refuses whatever the items are: an expression, a key, one item twice, a table that is not there. */
export function applied(
  tables: UserTables,
  writes: readonly UserWrite[],
  read: (key: UserItemKey) => AttributeMap | undefined,
): TablesResult {
  const changes: UserChange[] = [];
  const refusals: WriteRefusal[] = [];
  const seen = new Set<string>();
  let misfit: MisfitError | undefined;
  for (const write of writes) {
    const { content } = partsOf(write);
    const keys = tableKeys(tables, content.TableName);
    const key = itemKey(
      content.TableName,
      keys,
      "Item" in content ? content.Item : content.Key,
      "Key" in content,
    );
    const name = JSON.stringify(key);
    if (seen.has(name)) throw new ExpressionError(`a transaction has two writes of one item of ${key.table}`);
    seen.add(name);
    const after = afterWrite(write, read(key), keys);
    refusals.push("refusal" in after ? after.refusal : undefined);
    if ("misfit" in after) misfit ??= after.misfit;
    if ("item" in after) changes.push({ ...key, item: after.item });
  }
  const isRefused = refusals.some((refusal) => refusal !== undefined);
  // A condition that fails is said first.
  if (misfit && !isRefused) throw misfit;
  return isRefused ? { refusals } : { changes };
}

type After =
  | { readonly item: AttributeMap | undefined }
  | { readonly refusal: string }
  | { readonly misfit: MisfitError }
  | { readonly kept: true };

function afterWrite(write: UserWrite, before: AttributeMap | undefined, keys: TableKeys): After {
  const { operation, content } = partsOf(write);
  const { condition, update } = readIn(write, keys);
  if (condition && !isTrue(condition, before ?? {})) return { refusal: CONDITION_FAILED };
  if (operation === "ConditionCheck") return { kept: true };
  if (operation === "Delete") return { item: undefined };
  try {
    const item = "Item" in content ? content.Item : updated(update ?? NOTHING, before ?? content.Key);
    if (sizeOfMap(item) <= DYNAMO_ITEM_BYTES_MAX) return { item };
  } catch (error) {
    if (error instanceof MisfitError) return { misfit: error };
    throw error;
  }
  const message = `an item of ${content.TableName} has more than ${DYNAMO_ITEM_BYTES_MAX} bytes`;
  throw new OperationalError("too-large", message);
}

function readIn(
  write: UserWrite,
  { partitionKey, sortKey }: TableKeys,
): { readonly condition: ConditionNode | undefined; readonly update: UpdateNode | undefined } {
  const { operation, content } = partsOf(write);
  const held = new ExpressionNames(content.ExpressionAttributeNames, content.ExpressionAttributeValues);
  const { ConditionExpression: text } = content;
  const condition = text === undefined ? undefined : readCondition(text, held);
  const isUpdate = operation === "Update" && "Key" in content;
  const update = isUpdate ? readUpdate(content.UpdateExpression ?? "", held) : undefined;
  held.assertAllUsed();
  const { sets, adds, deletes, removes } = update ?? NOTHING;
  const paths = [...[...sets, ...adds, ...deletes].map(({ path }) => path), ...removes];
  if (paths.some(([name]) => name === partitionKey || name === sortKey))
    throw new ExpressionError("an update cannot change an item's key");
  return { condition, update };
}

const NOTHING: UpdateNode = { sets: [], removes: [], adds: [], deletes: [] };

/** Throws an error that says how the table is made known. */
export function tableKeys(tables: UserTables, table: string): TableKeys {
  const keys = Object.hasOwn(tables, table) ? tables[table] : undefined;
  if (keys) return keys;
  const known = Object.keys(tables).join(", ") || "none";
  throw Object.assign(
    new Error(
      `there is no table ${table} on this machine (known: ${known}). Name it and its key: ` +
        `perdure dev --table ${table}=id, or tables: { ${JSON.stringify(table)}: { partitionKey: "id" } } in a test`,
    ),
    { name: "ResourceNotFoundException" },
  );
}

/** `isKey`: it may have nothing else. */
export function itemKey(
  table: string,
  { partitionKey, sortKey }: TableKeys,
  from: AttributeMap,
  isKey: boolean,
): UserItemKey {
  const names = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
  const extra = isKey ? Object.keys(from).find((name) => !names.includes(name)) : undefined;
  if (extra !== undefined)
    throw new ExpressionError(
      `a key of ${table} consists of ${names.join(" and ")}; it has ${extra} besides`,
    );
  const [pk = "", sk = NO_SORT_KEY] = names.map((name) => keyText(from[name], `${table}.${name}`));
  return { table, pk, sk };
}

/** Of a table without sort keys. */
const NO_SORT_KEY = "-";

function keyText(value: AttributeValue | undefined, where: string): string {
  if (value && "S" in value && value.S !== "") return `S${value.S}`;
  if (value && "N" in value) return `N${normalNumber(value.N)}`;
  if (value && "B" in value && value.B.byteLength > 0) return `B${Buffer.from(value.B).toString("base64")}`;
  throw new ExpressionError(`${where} must be a text, a number or bytes, and not empty`);
}

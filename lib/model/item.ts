/**
 * Items, and the operations on them. All that is durable is read and written in these terms: one item at a time, under a
 * condition.
 *
 * An operation is plain data. The DynamoDB adapter compiles it to an expression. The SQLite adapter and the simulator
 * evaluate it with {@link evaluate}. One contract suite tests that all three give the same answers. So the protocol
 * above is written, and proven, once. J1 needs this: each operation is atomic on its one item.
 */
import { invariant } from "../errors.ts";
import type { Value } from "./value.ts";
import {
  DYNAMO_ITEM_BYTES_MAX,
  DYNAMO_PARTITION_KEY_BYTES_MAX,
  DYNAMO_SORT_KEY_BYTES_MAX,
  HEAD_INDEX_BYTES_MAX,
} from "../limits/aws.ts";
import type { Attributes, Change, Condition, ItemKey, Put, Update, Write, WriteResult } from "./operation.ts";
import { checkWrite, tooLarge } from "./write-limits.ts";

export type {
  Attributes,
  Change,
  Condition,
  Delete,
  ItemKey,
  KeptTable,
  Put,
  Table,
  Update,
  Write,
  WriteResult,
} from "./operation.ts";

export const all = (...of: readonly Condition[]): Condition => ({ is: "all", of });
export const oneOf = (...of: readonly Condition[]): Condition => ({ is: "any", of });

/**
 * Evaluates `write` against the item as it is. Pure: it does not change `item`. It throws where DynamoDB refuses, so that
 * nothing works locally that AWS would not take (P1): a `TypeError` for an update that is not valid, and an
 * `OperationalError` `too-large` for an item, a key or a write beyond DynamoDB's bounds (write-limits.ts).
 */
export function evaluate(item: Attributes | undefined, write: Write): WriteResult {
  checkKey(write.key);
  checkWrite(write);
  // DynamoDB looks at what it is given before it looks at the condition.
  if (write.op === "put") checkSize(write.key, write.attributes);
  if (write.op === "update") {
    assertNoOverlap(write.changes);
    checkSizeOfChanges(write.key, write.changes);
  }
  if (write.when && !holds(item, write.when)) return { won: false, item };
  if (write.op === "delete") return { won: true, item: undefined };
  if (write.op === "put") return { won: true, item: written(item, write) };
  assertChanges(item, write.changes);
  const next = written(item, write);
  checkSize(write.key, next);
  return { won: true, item: next };
}

/** What a write that was won has made of the item. */
export function written(item: Attributes | undefined, write: Put | Update): Attributes {
  if (write.op === "put") return { ...write.attributes };
  const next: Attributes = { ...item };
  for (const change of write.changes) applyChange(next, change);
  return next;
}

/** Of a read, too. */
export function checkKey({ pk, sk }: Pick<ItemKey, "pk" | "sk">): void {
  invariant(pk !== "" && sk !== "", "P1", "an item's keys are not empty");
  if (Buffer.byteLength(pk) > DYNAMO_PARTITION_KEY_BYTES_MAX)
    throw tooLarge(`a partition key exceeds ${DYNAMO_PARTITION_KEY_BYTES_MAX} bytes`);
  if (Buffer.byteLength(sk) > DYNAMO_SORT_KEY_BYTES_MAX)
    throw tooLarge(`a sort key exceeds ${DYNAMO_SORT_KEY_BYTES_MAX} bytes`);
}

/** Of a query: an empty prefix is none. */
export const checkRange = (pk: string, prefix: string): void =>
  checkKey({ pk, sk: prefix === "" ? "0" : prefix });

function checkSize({ table, pk, sk }: ItemKey, item: Attributes): void {
  const listed = table === "journal" && sk === "head" ? HEAD_INDEX_BYTES_MAX : 0;
  const bytes = sizeOf(item) + sizeOf({ pk, sk }) + listed;
  if (bytes > DYNAMO_ITEM_BYTES_MAX)
    throw tooLarge(`item ${pk} ${sk} has ${bytes} bytes, more than ${DYNAMO_ITEM_BYTES_MAX}`);
}

/** All values together, with the names of their attributes, even those that would not be set. The key is not counted yet. */
function checkSizeOfChanges({ pk, sk }: ItemKey, changes: readonly Change[]): void {
  let bytes = 0;
  for (const change of changes) {
    if (change.do === "append") bytes += sizeOfValue([...change.values]);
    if (change.do === "set" || change.do === "init")
      bytes += Buffer.byteLength(change.attribute) + sizeOfValue(change.value);
  }
  if (bytes > DYNAMO_ITEM_BYTES_MAX)
    throw tooLarge(`an update of ${pk} ${sk} has ${bytes} bytes, more than ${DYNAMO_ITEM_BYTES_MAX}`);
}

/** DynamoDB refuses an update with overlapping paths. */
function assertNoOverlap(changes: readonly Change[]): void {
  if (new Set(changes.map(({ attribute }) => attribute)).size < changes.length)
    throw new TypeError("an update changes one attribute twice");
}

/** DynamoDB does not create an item by an update that only removes. */
function assertChanges(item: Attributes | undefined, changes: readonly Change[]): void {
  if (item === undefined && changes.length > 0 && changes.every((change) => change.do === "remove")) {
    throw new TypeError("an update that only removes cannot create an item");
  }
}

function applyChange(next: Attributes, change: Change): void {
  switch (change.do) {
    case "set":
      next[change.attribute] = change.value;
      return;
    case "init":
      if (!Object.hasOwn(next, change.attribute)) next[change.attribute] = change.value;
      return;
    case "remove":
      delete next[change.attribute];
      return;
    case "append":
      next[change.attribute] = [...listOf(next, change.attribute), ...change.values];
      return;
    case "drop":
      next[change.attribute] = listOf(next, change.attribute).slice(change.count);
      return;
  }
}

function listOf(item: Attributes, attribute: string): Value[] {
  const held = item[attribute];
  if (!Array.isArray(held)) throw new TypeError(`attribute ${attribute} is not a list`);
  return held;
}

export function holds(item: Attributes | undefined, condition: Condition): boolean {
  switch (condition.is) {
    case "absent":
      return item === undefined;
    case "present":
      return item !== undefined;
    case "all":
      return condition.of.every((part) => holds(item, part));
    case "any":
      return condition.of.some((part) => holds(item, part));
    case "missing":
    case "eq":
    case "ne":
    case "lt":
    case "size":
      return holdsFor(item?.[condition.attribute], condition);
  }
}

type AttributeCondition = Extract<Condition, { readonly attribute: string }>;

function holdsFor(held: Value | undefined, condition: AttributeCondition): boolean {
  switch (condition.is) {
    case "missing":
      return held === undefined;
    case "eq":
      return held === condition.value;
    case "ne":
      return held !== condition.value;
    case "size":
      return Array.isArray(held) && held.length === condition.value;
    case "lt":
      return isLess(held, condition.value);
  }
}

/** Strings by their UTF-8 bytes, as DynamoDB compares them. Values of different types do not compare. */
function isLess(held: Value | undefined, value: string | number): boolean {
  if (typeof held === "string" && typeof value === "string") {
    return Buffer.compare(Buffer.from(held), Buffer.from(value)) < 0;
  }
  return typeof held === "number" && typeof value === "number" && held < value;
}

/** The attribute that tells DynamoDB when it may delete the item: not before `ms` from now. */
export const keptFor = (ms: number, nowMs: number): Attributes => ({ ttl: Math.ceil((nowMs + ms) / 1000) });

/** The size of an item as DynamoDB counts it, in bytes: names and values, with the overhead of lists and maps. */
export function sizeOf(attributes: Attributes): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(attributes))
    bytes += Buffer.byteLength(name) + sizeOfValue(value);
  return bytes;
}

export function sizeOfValue(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return 1 + Math.ceil(String(Math.abs(value)).length / 2);
  if (typeof value === "boolean" || value === null) return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return value.reduce<number>((sum, held) => sum + 1 + sizeOfValue(held), 3);
  return Object.entries(value).reduce(
    (sum, [name, held]) => sum + 1 + Buffer.byteLength(name) + sizeOfValue(held),
    3,
  );
}

/** The values in their order, cut into parts of at most so many bytes, or of one value. At least one part, perhaps empty. */
export function inParts<T>(values: readonly T[], bytesMax: number, sizeOfPart: (value: T) => number): T[][] {
  let part: T[] = [];
  const parts = [part];
  let bytes = 0;
  for (const value of values) {
    const size = sizeOfPart(value);
    if (part.length > 0 && bytes + size > bytesMax) {
      parts.push((part = []));
      bytes = 0;
    }
    part.push(value);
    bytes += size;
  }
  return parts;
}

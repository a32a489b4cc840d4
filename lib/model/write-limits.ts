/**
 * What DynamoDB refuses of a write whatever the item holds (P1). Every store asks here first. So nothing passes on this
 * machine, or in the simulator, that fails in AWS. test/dynamodb-local compares both on generated writes.
 *
 * Beyond a bound it is an {@link OperationalError} `too-large`, which no waiting mends. A number that no item can hold, an empty name,
 * and a type that an index does not take are a `TypeError`. The item's own size is checked where the item is known: `evaluate` in
 * item.ts.
 */
import { invariant, OperationalError } from "../errors.ts";
import {
  CLAUSE_CHARS_MAX,
  CONDITION_VALUES_BYTES_MAX,
  DYNAMO_DEPTH_MAX,
  DYNAMO_NAME_BYTES_MAX,
  DYNAMO_NUMBER_MAX,
  DYNAMO_NUMBER_MIN,
  DYNAMO_OPERATORS_MAX,
  WRITE_EXPRESSION_BYTES_MAX,
} from "../limits/aws.ts";
import { conditionText, PARTITION_KEY, type Scope, SORT_KEY, updateText } from "./expression-text.ts";
import type { Change, Condition, Table, Write } from "./operation.ts";
import type { Value } from "./value.ts";

export const tooLarge = (message: string): OperationalError => new OperationalError("too-large", message);

export function checkWrite(write: Write): void {
  const { table } = write.key;
  if (write.op === "put")
    for (const name in write.attributes) checkAttribute(table, name, write.attributes[name] ?? null);
  if (write.op === "update") for (const change of write.changes) checkChange(table, change);
  if (write.when) checkCondition(write.when);
  const clauses =
    (write.op === "update" ? clausesOfChanges(write.changes) : 0) + (write.when ? clausesOf(write.when) : 0);
  // Almost every write is far below.
  if (clauses * CLAUSE_CHARS_MAX > WRITE_EXPRESSION_BYTES_MAX) checkExpressions(write);
}

function checkExpressions(write: Write): void {
  const scope = new Lengths();
  if (write.when) checkExpression(conditionText(write.when, scope), operatorsOf(write.when));
  if (write.op === "update")
    checkExpression(updateText(write.changes, scope), operatorsOfChanges(write.changes));
}

function checkExpression(text: string, operators: number): void {
  if (operators > DYNAMO_OPERATORS_MAX)
    throw tooLarge(
      `an expression with ${operators} operators has more than DynamoDB takes (${DYNAMO_OPERATORS_MAX})`,
    );
  if (text.length > WRITE_EXPRESSION_BYTES_MAX)
    throw tooLarge(
      `an expression of ${text.length} characters is longer than DynamoDB takes (${WRITE_EXPRESSION_BYTES_MAX})`,
    );
}

/** Placeholders as lib/aws/expression.ts hands them out. */
class Lengths implements Scope {
  readonly #names = new Map<string, string>();
  #values = 0;

  name(attribute: string): string {
    const known = this.#names.get(attribute) ?? `#${this.#names.size.toString(36)}`;
    this.#names.set(attribute, known);
    return known;
  }

  value(): string {
    return `:${(this.#values++).toString(36)}`;
  }
}

/** So many times {@link CLAUSE_CHARS_MAX} no text is longer. */
const clausesOfChanges = (changes: readonly Change[]): number =>
  changes.reduce((sum, change) => sum + (change.do === "drop" ? Math.max(1, change.count) : 2), 0);

function clausesOf(condition: Condition): number {
  if (condition.is === "all" || condition.is === "any")
    // Of nothing: a constant, which is two.
    return condition.of.length === 0 ? 2 : condition.of.reduce((sum, part) => sum + 1 + clausesOf(part), 0);
  return condition.is === "size" ? 2 : 1;
}

/** As DynamoDB counts them: an assignment and a name to remove are none. */
function operatorsOfChanges(changes: readonly Change[]): number {
  let operators = 0;
  for (const change of changes) {
    if (change.do === "init" || change.do === "append") operators++;
    if (change.do === "drop") operators += Math.max(1, change.count);
  }
  return operators;
}

function operatorsOf(condition: Condition): number {
  switch (condition.is) {
    case "all":
    case "any":
      // Of nothing: `exists OR not exists`, which is three.
      return condition.of.length === 0
        ? 3
        : condition.of.reduce((sum, part) => sum + 1 + operatorsOf(part), -1);
    case "size":
      // `attribute_type(…) AND size(…) = …`
      return 4;
    case "ne":
      // `NOT … = …`
      return 2;
    case "absent":
    case "present":
    case "missing":
    case "eq":
    case "lt":
      return 1;
  }
}

function checkChange(table: Table, change: Change): void {
  const { attribute } = change;
  checkName(attribute);
  checkIsNoKey(attribute);
  if (change.do === "set" || change.do === "init") checkAttribute(table, attribute, change.value);
  if (change.do === "append") for (const value of change.values) checkValue(value, 1);
}

function checkAttribute(table: Table, name: string, value: Value): void {
  checkName(name);
  checkIsNoKey(name);
  checkValue(value);
  checkIndexed(table, name, value);
}

function checkIsNoKey(name: string): void {
  invariant(
    name !== PARTITION_KEY && name !== SORT_KEY,
    "item",
    `${PARTITION_KEY} and ${SORT_KEY} name the item's key`,
  );
}

/**
 * What the indexes of the journal table take (head-index.ts, in lib/aws): of any item, a head or not. An index refuses the item, and so
 * does the table.
 */
function checkIndexed(table: Table, name: string, value: Value): void {
  const type = table === "journal" ? INDEXED_TYPE.get(name) : undefined;
  if (type !== undefined && (typeof value !== type || value === ""))
    throw new TypeError(`attribute ${name} of the journal is indexed, and takes a ${type} that is not empty`);
}

export const INDEXED_TYPE: ReadonlyMap<string, "string" | "number"> = new Map([
  ["lo", "string"],
  ["le", "string"],
  ["c", "number"],
]);

function checkName(name: string): void {
  if (name === "") throw new TypeError("an attribute has no name");
  // No unit of a text has more than three bytes.
  if (name.length * 3 > DYNAMO_NAME_BYTES_MAX && Buffer.byteLength(name) > DYNAMO_NAME_BYTES_MAX)
    throw tooLarge(`the name of an attribute exceeds ${DYNAMO_NAME_BYTES_MAX} bytes`);
}

/** Answers the bytes of the values that it compares with. */
function checkCondition(condition: Condition): number {
  let bytes = 0;
  switch (condition.is) {
    case "absent":
    case "present":
      return 0;
    case "all":
    case "any":
      for (const part of condition.of) bytes += checkCondition(part);
      break;
    case "missing":
    case "size":
      checkName(condition.attribute);
      checkIsNoKey(condition.attribute);
      return 0;
    case "eq":
    case "ne":
    case "lt":
      checkName(condition.attribute);
      checkIsNoKey(condition.attribute);
      if (typeof condition.value === "number") checkNumber(condition.value);
      else bytes = condition.value.length;
  }
  if (bytes > CONDITION_VALUES_BYTES_MAX)
    throw tooLarge(`a condition compares with more than ${CONDITION_VALUES_BYTES_MAX} bytes`);
  return bytes;
}

/** `depth`: lists and maps around it. */
function checkValue(value: Value, depth = 0): void {
  if (typeof value === "number") checkNumber(value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if (depth === DYNAMO_DEPTH_MAX)
    throw tooLarge(`a value is nested deeper than DynamoDB takes (${DYNAMO_DEPTH_MAX} lists and maps)`);
  if (Array.isArray(value)) {
    for (const part of value) checkValue(part, depth + 1);
    return;
  }
  for (const name of Object.keys(value)) {
    checkName(name);
    checkValue(value[name] ?? null, depth + 1);
  }
}

function checkNumber(value: number): void {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude < DYNAMO_NUMBER_MAX && magnitude >= DYNAMO_NUMBER_MIN)) return;
  throw new TypeError(`the number ${value} cannot be stored`);
}

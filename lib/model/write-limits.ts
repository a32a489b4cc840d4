/**
 * What DynamoDB refuses of a write whatever the item holds (P1). Every store asks here first. So nothing passes on this
 * machine, or in the simulator, that fails in AWS.
 *
 * Beyond a bound it is an {@link OperationalError} `too-large`, which no waiting mends. A number that no item can hold is a
 * `TypeError`. The item's own size is checked where the item is known: `evaluate` in item.ts.
 */
import { OperationalError } from "../errors.ts";
import {
  CLAUSE_CHARS_MAX,
  DYNAMO_DEPTH_MAX,
  DYNAMO_NUMBER_MAX,
  DYNAMO_NUMBER_MIN,
  DYNAMO_OPERATORS_MAX,
  WRITE_EXPRESSION_BYTES_MAX,
} from "../limits/aws.ts";
import { conditionText, type Scope, updateText } from "./expression-text.ts";
import type { Change, Condition, Write } from "./operation.ts";
import type { Value } from "./value.ts";

export const tooLarge = (message: string): OperationalError => new OperationalError("too-large", message);

export function checkWrite(write: Write): void {
  if (write.op === "put") for (const value of Object.values(write.attributes)) checkValue(value);
  if (write.op === "update") for (const change of write.changes) checkChange(change);
  const operators =
    (write.op === "update" ? operatorsOfChanges(write.changes) : 0) +
    (write.when ? operatorsOf(write.when) : 0);
  // Almost every write is far below.
  if (operators * CLAUSE_CHARS_MAX > WRITE_EXPRESSION_BYTES_MAX) checkExpressions(write, operators);
}

function checkExpressions(write: Write, operators: number): void {
  if (operators > DYNAMO_OPERATORS_MAX)
    throw tooLarge(
      `a write with ${operators} operators has more than DynamoDB takes (${DYNAMO_OPERATORS_MAX})`,
    );
  const scope = new Lengths();
  if (write.when) checkLength(conditionText(write.when, scope));
  if (write.op === "update") checkLength(updateText(write.changes, scope));
}

function checkLength(text: string): void {
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

const operatorsOfChanges = (changes: readonly Change[]): number =>
  changes.reduce((sum, change) => sum + (change.do === "drop" ? Math.max(1, change.count) : 2), 0);

function operatorsOf(condition: Condition): number {
  if (condition.is === "all" || condition.is === "any")
    // Of nothing: a constant, which is two.
    return condition.of.length === 0 ? 2 : condition.of.reduce((sum, part) => sum + 1 + operatorsOf(part), 0);
  return condition.is === "size" ? 2 : 1;
}

function checkChange(change: Change): void {
  if (change.do === "set" || change.do === "init") checkValue(change.value);
  if (change.do === "append") for (const value of change.values) checkValue(value, 1);
}

/** `depth`: lists and maps around it. */
function checkValue(value: Value, depth = 0): void {
  if (typeof value === "number") checkNumber(value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if (depth === DYNAMO_DEPTH_MAX)
    throw tooLarge(`a value is nested deeper than DynamoDB takes (${DYNAMO_DEPTH_MAX} lists and maps)`);
  const held = Array.isArray(value) ? value : Object.values(value);
  for (const part of held) checkValue(part, depth + 1);
}

function checkNumber(value: number): void {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude < DYNAMO_NUMBER_MAX && magnitude >= DYNAMO_NUMBER_MIN)) return;
  throw new TypeError(`the number ${value} cannot be stored`);
}

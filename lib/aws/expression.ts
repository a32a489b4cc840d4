/**
 * Compiles conditions and changes of items to DynamoDB expressions, with the values in DynamoDB's form. Pure. The texts are
 * lib/model/expression-text.ts's.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { invariant } from "../errors.ts";
import { DYNAMO_EXPRESSION_BYTES_MAX } from "../limits/aws.ts";
import { conditionText, type Scope, updateText } from "../model/expression-text.ts";
import { type Condition, holds, type Update } from "../model/item.ts";
import type { Value } from "../model/value.ts";
import { tooLarge } from "../model/write-limits.ts";
import { toAttributeValue } from "./attribute-value.ts";

export { PARTITION_KEY, SORT_KEY } from "../model/expression-text.ts";

/** The names and values that the expressions of a request refer to. Absent if there are none. */
export interface Placeholders {
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, AttributeValue>;
}
export interface ConditionFields extends Placeholders {
  ConditionExpression?: string;
}
export interface UpdateFields extends ConditionFields {
  UpdateExpression?: string;
}

/** The fields that make a put or a delete conditional. None without a condition. */
export function compileCondition(when: Condition | undefined): ConditionFields {
  if (when === undefined) return {};
  const scope = new Compiled();
  return { ConditionExpression: bounded(conditionText(when, scope)), ...scope.placeholders() };
}

/**
 * The expression fields of an update. Throws {@link InvariantError} for an update that only removes attributes and may find no
 * item: DynamoDB, unlike `evaluate`, would not create the item. Throws an `OperationalError` `too-large` for a text that
 * DynamoDB would not take; `checkWrite` has refused that before, for every store.
 */
export function compileUpdate({ changes, when }: Pick<Update, "changes" | "when">): UpdateFields {
  const onlyRemoves = changes.length > 0 && changes.every((change) => change.do === "remove");
  const needsItem = when !== undefined && !holds(undefined, when);
  invariant(
    needsItem || !onlyRemoves,
    "item",
    "an update that only removes attributes needs a condition that the item exists",
  );
  const scope = new Compiled();
  const condition = when === undefined ? undefined : bounded(conditionText(when, scope));
  const update = updateText(changes, scope);
  return {
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ...(update === "" ? {} : { UpdateExpression: bounded(update) }),
    ...scope.placeholders(),
  };
}

/** Hands out placeholders, so that no attribute's name can be one of DynamoDB's 573 reserved words. */
class Compiled implements Scope {
  readonly #names = new Map<string, string>();
  readonly #values: Record<string, AttributeValue> = {};

  name(attribute: string): string {
    const known = this.#names.get(attribute);
    if (known !== undefined) return known;
    const placeholder = `#${this.#names.size.toString(36)}`;
    this.#names.set(attribute, placeholder);
    return placeholder;
  }

  value(value: Value): string {
    const placeholder = `:${Object.keys(this.#values).length.toString(36)}`;
    this.#values[placeholder] = toAttributeValue(value);
    return placeholder;
  }

  placeholders(): Placeholders {
    return {
      ...(this.#names.size === 0
        ? {}
        : {
            ExpressionAttributeNames: Object.fromEntries(
              [...this.#names].map(([name, hash]) => [hash, name]),
            ),
          }),
      ...(Object.keys(this.#values).length === 0 ? {} : { ExpressionAttributeValues: this.#values }),
    };
  }
}

/** P1. */
function bounded(expression: string): string {
  const bytes = Buffer.byteLength(expression);
  if (bytes > DYNAMO_EXPRESSION_BYTES_MAX)
    throw tooLarge(`an expression of ${bytes} bytes is longer than DynamoDB takes`);
  return expression;
}

/**
 * Compiles conditions and changes of items to DynamoDB expressions. Pure. `holds` and `evaluate` in lib/model/item.ts say what
 * each one means. The comments here name the case that each clause lets through.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { invariant } from "../errors.ts";
import { type Change, type Condition, holds, type Update } from "../model/item.ts";
import type { Value } from "../model/value.ts";
import { toAttributeValue } from "./attribute-value.ts";
import { DYNAMO_EXPRESSION_BYTES_MAX } from "../limits/aws.ts";

/** The key attributes of every table. An item has no other attribute with these names. */
export const PARTITION_KEY = "pk";
export const SORT_KEY = "sk";

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
  const scope = new Scope();
  return { ConditionExpression: bounded(conditionText(when, scope).text), ...scope.placeholders() };
}

/**
 * The expression fields of an update. Throws {@link InvariantError} for an update that only removes attributes and may find no
 * item: DynamoDB, unlike `evaluate`, would not create the item.
 */
export function compileUpdate({ changes, when }: Pick<Update, "changes" | "when">): UpdateFields {
  const onlyRemoves = changes.length > 0 && changes.every((change) => change.do === "remove");
  const needsItem = when !== undefined && !holds(undefined, when);
  invariant(
    needsItem || !onlyRemoves,
    "item",
    "an update that only removes attributes needs a condition that the item exists",
  );
  const scope = new Scope();
  const condition = when === undefined ? undefined : bounded(conditionText(when, scope).text);
  const update = updateText(changes, scope);
  return {
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ...(update === "" ? {} : { UpdateExpression: bounded(update) }),
    ...scope.placeholders(),
  };
}

/** Hands out placeholders, so that no attribute's name can be one of DynamoDB's 573 reserved words. */
class Scope {
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

/** `compound`: it needs parentheses before it is joined. DynamoDB refuses a second pair around the first. */
interface ConditionText {
  readonly text: string;
  readonly compound: boolean;
}
const simple = (text: string): ConditionText => ({ text, compound: false });

function conditionText(condition: Condition, scope: Scope): ConditionText {
  switch (condition.is) {
    case "absent":
      return simple(`attribute_not_exists(${scope.name(PARTITION_KEY)})`);
    case "present":
      return simple(`attribute_exists(${scope.name(PARTITION_KEY)})`);
    case "missing":
      return simple(`attribute_not_exists(${scope.name(condition.attribute)})`);
    case "eq":
      return simple(`${scope.name(condition.attribute)} = ${scope.value(condition.value)}`);
    case "ne":
      // The exact opposite of eq: also true if the attribute, or the whole item, is absent or of another type.
      return simple(`NOT ${scope.name(condition.attribute)} = ${scope.value(condition.value)}`);
    case "lt":
      // False between values of different types, and if there is no value.
      return simple(`${scope.name(condition.attribute)} < ${scope.value(condition.value)}`);
    case "size":
      return sizeText(scope.name(condition.attribute), condition.value, scope);
    case "all":
      return joined(condition.of, "AND", scope);
    case "any":
      return joined(condition.of, "OR", scope);
  }
}

/** `size` alone would also count the characters of a string and the bytes of a binary. */
function sizeText(name: string, count: number, scope: Scope): ConditionText {
  const text = `attribute_type(${name}, ${scope.value("L")}) AND size(${name}) = ${scope.value(count)}`;
  return { text, compound: true };
}

function joined(parts: readonly Condition[], operator: "AND" | "OR", scope: Scope): ConditionText {
  const [only] = parts;
  if (only === undefined) return constantText(operator === "AND", scope);
  if (parts.length === 1) return conditionText(only, scope);
  const texts = parts.map((part) => {
    const { text, compound } = conditionText(part, scope);
    return compound ? `(${text})` : text;
  });
  return { text: texts.join(` ${operator} `), compound: true };
}

/** All of nothing is true, and one of nothing is false. DynamoDB has neither constant. */
function constantText(outcome: boolean, scope: Scope): ConditionText {
  const key = scope.name(PARTITION_KEY);
  const operator = outcome ? "OR" : "AND";
  return { text: `attribute_exists(${key}) ${operator} attribute_not_exists(${key})`, compound: true };
}

function updateText(changes: readonly Change[], scope: Scope): string {
  const sets: string[] = [];
  const removes: string[] = [];
  for (const change of changes) {
    const name = scope.name(change.attribute);
    switch (change.do) {
      case "set":
        sets.push(`${name} = ${scope.value(change.value)}`);
        break;
      case "init":
        sets.push(`${name} = if_not_exists(${name}, ${scope.value(change.value)})`);
        break;
      case "remove":
        removes.push(name);
        break;
      case "append":
        sets.push(`${name} = list_append(${name}, ${scope.value([...change.values])})`);
        break;
      case "drop":
        // Dropping nothing must still fail if the attribute is not a list, so it appends nothing.
        if (change.count === 0) sets.push(`${name} = list_append(${name}, ${scope.value([])})`);
        else removes.push(...firstElements(name, change.count));
        break;
    }
  }
  const sections = [
    ...(sets.length === 0 ? [] : [`SET ${sets.join(", ")}`]),
    ...(removes.length === 0 ? [] : [`REMOVE ${removes.join(", ")}`]),
  ];
  return sections.join(" ");
}

/** Removing an element past the end has no effect. The last one comes first: DynamoDB counts in the list as it was, and a
 * store that removes one by one then counts the same. */
function firstElements(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}[${count - 1 - index}]`);
}

/** P1: DynamoDB would refuse a longer expression, so the caller has a bug. */
function bounded(expression: string): string {
  invariant(
    Buffer.byteLength(expression) <= DYNAMO_EXPRESSION_BYTES_MAX,
    "P1",
    `an expression of ${expression.length} characters is longer than DynamoDB takes`,
  );
  return expression;
}

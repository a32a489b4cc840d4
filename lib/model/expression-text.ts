/**
 * The text of conditions and changes as DynamoDB takes it, with placeholders for names and values. Pure. `holds` and
 * `evaluate` in item.ts say what each one means. The comments here name the case that each clause lets through.
 *
 * It is not in lib/aws, because every store asks how long a text would be (write-limits.ts).
 */
import type { Change, Condition } from "./operation.ts";
import type { Value } from "./value.ts";

/** The key attributes of every table. An item has no other attribute with these names. */
export const PARTITION_KEY = "pk";
export const SORT_KEY = "sk";

/** Hands out placeholders. */
export interface Scope {
  name(attribute: string): string;
  value(value: Value): string;
}

/** `compound`: it needs parentheses before it is joined. DynamoDB refuses a second pair around the first. */
interface ConditionText {
  readonly text: string;
  readonly compound: boolean;
}
const simple = (text: string): ConditionText => ({ text, compound: false });

export const conditionText = (condition: Condition, scope: Scope): string => textOf(condition, scope).text;

function textOf(condition: Condition, scope: Scope): ConditionText {
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
  if (parts.length === 1) return textOf(only, scope);
  const texts = parts.map((part) => {
    const { text, compound } = textOf(part, scope);
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

export function updateText(changes: readonly Change[], scope: Scope): string {
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

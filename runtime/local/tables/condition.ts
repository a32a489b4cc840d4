/** Whether an item is as a condition says. As DynamoDB: what is not there compares with nothing, and types never mix. */
import type { AttributeMap, AttributeValue } from "../../../lib/model/user-write.ts";
import type { Comparator, ConditionNode, Operand, Path } from "./expression-text.ts";
import { compareNumbers } from "./number-text.ts";

export function isTrue(node: ConditionNode, item: AttributeMap): boolean {
  switch (node.is) {
    case "and":
      return node.of.every((each) => isTrue(each, item));
    case "or":
      return node.of.some((each) => isTrue(each, item));
    case "not":
      return !isTrue(node.of, item);
    case "exists":
      return valueAt(item, node.path) !== undefined;
    case "missing":
      return valueAt(item, node.path) === undefined;
    case "in":
      return node.of.some((each) => compares("=", valueOf(node.left, item), valueOf(each, item)));
    case "compare":
      return compares(node.by, valueOf(node.left, item), valueOf(node.right, item));
    case "type":
    case "begins":
    case "contains":
      return isSo(node.is, valueAt(item, node.path), valueOf(node.operand, item));
  }
}

/** What is at a place of an item. */
export function valueAt(item: AttributeMap, path: Path): AttributeValue | undefined {
  let held: AttributeValue | undefined = { M: item };
  for (const part of path) held = held && within(held, part);
  return held;
}

function within(value: AttributeValue, part: string | number): AttributeValue | undefined {
  if (typeof part === "number") return "L" in value ? value.L[part] : undefined;
  return "M" in value && Object.hasOwn(value.M, part) ? value.M[part] : undefined;
}

function valueOf(operand: Operand, item: AttributeMap): AttributeValue | undefined {
  if (operand.is === "value") return operand.value;
  const held = valueAt(item, operand.path);
  if (operand.is === "path") return held;
  const size = held && sizeIn(held);
  return size === undefined ? undefined : { N: String(size) };
}

function sizeIn(value: AttributeValue): number | undefined {
  if ("S" in value) return value.S.length;
  if ("B" in value) return value.B.byteLength;
  if ("L" in value) return value.L.length;
  if ("M" in value) return Object.keys(value.M).length;
  return membersOf(value)?.length;
}

function membersOf(value: AttributeValue): readonly (string | Uint8Array)[] | undefined {
  if ("SS" in value) return value.SS;
  if ("NS" in value) return value.NS;
  return "BS" in value ? value.BS : undefined;
}

export const typeOf = (value: AttributeValue): string => Object.keys(value)[0] ?? "";

function compares(
  by: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (by === "=") return left !== undefined && right !== undefined && areEqual(left, right);
  if (by === "<>") return left === undefined || right === undefined || !areEqual(left, right);
  const order = left && right && orderOf(left, right);
  if (order === undefined) return false;
  if (by === "<") return order < 0;
  if (by === "<=") return order <= 0;
  return by === ">" ? order > 0 : order >= 0;
}

/** `undefined`: they have no order. */
function orderOf(left: AttributeValue, right: AttributeValue): number | undefined {
  if ("N" in left && "N" in right) return compareNumbers(left.N, right.N);
  if ("S" in left && "S" in right) return Buffer.compare(Buffer.from(left.S), Buffer.from(right.S));
  return "B" in left && "B" in right ? Buffer.compare(left.B, right.B) : undefined;
}

export function areEqual(left: AttributeValue, right: AttributeValue): boolean {
  if (typeOf(left) !== typeOf(right)) return false;
  const order = orderOf(left, right);
  if (order !== undefined) return order === 0;
  if ("L" in left && "L" in right)
    return left.L.length === right.L.length && left.L.every((held, at) => isSame(held, right.L[at]));
  if ("M" in left && "M" in right) {
    const names = Object.keys(left.M);
    const { M } = right;
    return names.length === Object.keys(M).length && names.every((name) => isSame(left.M[name], M[name]));
  }
  const [members, others] = [membersOf(left), membersOf(right)];
  if (members && others)
    return members.length === others.length && members.every((one) => isAmong(others, one, "NS" in left));
  return "BOOL" in left && "BOOL" in right ? left.BOOL === right.BOOL : "NULL" in left;
}

const isSame = (one: AttributeValue | undefined, other: AttributeValue | undefined): boolean =>
  one !== undefined && other !== undefined && areEqual(one, other);

/** Whether a set has this member. */
export function isAmong(
  members: readonly (string | Uint8Array)[],
  one: string | Uint8Array,
  areNumbers: boolean,
): boolean {
  return members.some((member) => {
    if (typeof member === "string" && typeof one === "string")
      return areNumbers ? compareNumbers(member, one) === 0 : member === one;
    return typeof member !== "string" && typeof one !== "string" && Buffer.compare(member, one) === 0;
  });
}

function isSo(
  is: "type" | "begins" | "contains",
  held: AttributeValue | undefined,
  asked: AttributeValue | undefined,
): boolean {
  if (held === undefined || asked === undefined) return false;
  if (is === "type") return "S" in asked && typeOf(held) === asked.S;
  return is === "begins" ? begins(held, asked) : contains(held, asked);
}

function begins(held: AttributeValue, asked: AttributeValue): boolean {
  if ("S" in held && "S" in asked) return held.S.startsWith(asked.S);
  return "B" in held && "B" in asked && Buffer.from(held.B).subarray(0, asked.B.byteLength).equals(asked.B);
}

function contains(held: AttributeValue, asked: AttributeValue): boolean {
  if ("S" in held && "S" in asked) return held.S.includes(asked.S);
  if ("L" in held) return held.L.some((each) => areEqual(each, asked));
  const members = membersOf(held);
  const one = scalarIn(asked);
  // A set's type begins with that of its members.
  if (!members || one === undefined || typeOf(held)[0] !== typeOf(asked)) return false;
  return isAmong(members, one, "NS" in held);
}

function scalarIn(value: AttributeValue): string | Uint8Array | undefined {
  if ("S" in value) return value.S;
  if ("N" in value) return value.N;
  return "B" in value ? value.B : undefined;
}

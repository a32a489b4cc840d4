/** What an update makes of an item. All that it reads is the item as it was. */
import type { AttributeMap, AttributeValue } from "../../../lib/model/user-write.ts";
import { isAmong, valueAt } from "./condition.ts";
import type { Path, SetValue, UpdateNode } from "./expression-text.ts";
import { addNumbers } from "./number-text.ts";

/** The update does not fit the item: a place is not there, or is of another type. */
export class MisfitError extends Error {
  override readonly name = "ValidationException";
}

type Item = { [name: string]: AttributeValue };

export function updated(node: UpdateNode, item: AttributeMap): AttributeMap {
  const next = structuredClone(item);
  for (const { path, value } of node.sets) put(next, path, setValue(value, item));
  for (const { path, value } of node.adds) put(next, path, added(valueAt(item, path), value));
  for (const { path, value } of node.deletes) {
    const left = without(valueAt(item, path), value);
    if (left === undefined) remove(next, path);
    else put(next, path, left);
  }
  // The last place of a list first, so that the others stay where they are.
  const places = node.removes.toSorted((a, b) => Number(b.at(-1)) - Number(a.at(-1)) || 0);
  for (const path of places) remove(next, path);
  return next;
}

function setValue(value: SetValue, item: AttributeMap): AttributeValue {
  switch (value.is) {
    case "value":
      return value.value;
    case "path":
      return found(valueAt(item, value.path), value.path);
    case "if-missing":
      return valueAt(item, value.path) ?? setValue(value.otherwise, item);
    case "joined": {
      const [left, right] = [setValue(value.left, item), setValue(value.right, item)];
      if (!("L" in left) || !("L" in right)) throw new MisfitError("list_append joins lists");
      return { L: [...left.L, ...right.L] };
    }
    case "+":
    case "-": {
      const [left, right] = [setValue(value.left, item), setValue(value.right, item)];
      if (!("N" in left) || !("N" in right)) throw new MisfitError(`${value.is} takes numbers`);
      return { N: addNumbers(left.N, right.N, value.is === "+" ? 1n : -1n) };
    }
  }
}

function found(value: AttributeValue | undefined, path: Path): AttributeValue {
  if (value === undefined) throw new MisfitError(`the item has no ${path.join(".")}`);
  return value;
}

function added(held: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  const isSet = "SS" in value || "NS" in value || "BS" in value;
  if (held === undefined && (isSet || "N" in value)) return value;
  if (held && "N" in held && "N" in value) return { N: addNumbers(held.N, value.N) };
  const joined = held && isSet ? joinedSet(held, value) : undefined;
  if (joined === undefined) throw new MisfitError("ADD takes a number or a set, and adds it to the same");
  return joined;
}

/** `undefined`: they are of different types. */
function joinedSet(held: AttributeValue, value: AttributeValue): AttributeValue | undefined {
  if ("SS" in held && "SS" in value) return { SS: [...new Set([...held.SS, ...value.SS])] };
  if ("NS" in held && "NS" in value)
    return { NS: [...held.NS, ...value.NS.filter((one) => !isAmong(held.NS, one, true))] };
  if ("BS" in held && "BS" in value)
    return { BS: [...held.BS, ...value.BS.filter((one) => !isAmong(held.BS, one, false))] };
  return undefined;
}

/** `undefined`: nothing is left. */
function without(held: AttributeValue | undefined, value: AttributeValue): AttributeValue | undefined {
  if (held === undefined) return undefined;
  if ("SS" in held && "SS" in value) {
    const SS = held.SS.filter((one) => !isAmong(value.SS, one, false));
    return SS.length === 0 ? undefined : { SS };
  }
  if ("NS" in held && "NS" in value) {
    const NS = held.NS.filter((one) => !isAmong(value.NS, one, true));
    return NS.length === 0 ? undefined : { NS };
  }
  if ("BS" in held && "BS" in value) {
    const BS = held.BS.filter((one) => !isAmong(value.BS, one, false));
    return BS.length === 0 ? undefined : { BS };
  }
  throw new MisfitError("DELETE takes a set, and takes it out of the same");
}

/** The map or list around a place. */
function around(item: Item, path: Path): AttributeValue | undefined {
  return path.length === 1 ? { M: item } : valueAt(item, path.slice(0, -1));
}

function put(item: Item, path: Path, value: AttributeValue): void {
  const [holder, last] = [around(item, path), path.at(-1)];
  if (holder && "M" in holder && typeof last === "string") Object.assign(holder.M, { [last]: value });
  else if (holder && "L" in holder && typeof last === "number") {
    const list = holder.L as AttributeValue[];
    // Beyond the end, it is appended.
    list[Math.min(last, list.length)] = value;
  } else throw new MisfitError(`the item has no place for ${path.join(".")}`);
}

function remove(item: Item, path: Path): void {
  const [holder, last] = [around(item, path), path.at(-1)];
  if (holder && "M" in holder && typeof last === "string") Reflect.deleteProperty(holder.M, last);
  else if (holder && "L" in holder && typeof last === "number")
    (holder.L as AttributeValue[]).splice(last, 1);
  else if (path.length > 1 && holder === undefined)
    throw new MisfitError(`the item has no ${path.join(".")}`);
}

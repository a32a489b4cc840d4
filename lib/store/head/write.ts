/** How a head is written: one item under one condition. Only the transitions beside this file use it. */
import { HEAD_ATTRIBUTE, type HeadField, parseHead } from "../../model/head.ts";
import { headKey } from "../../model/head-keys.ts";
import type { InvocationId } from "../../model/ids.ts";
import type { Attributes, Change, Condition, WriteResult } from "../../model/item.ts";
import type { Value } from "../../model/value.ts";
import type { ItemStore } from "../../ports.ts";
import type { StoredHead } from "../head-store.ts";

export const sets = (attributes: Attributes): Change[] =>
  Object.entries(attributes).map(([attribute, value]) => ({ do: "set", attribute, value }));
export const removes = (...fields: readonly HeadField[]): Change[] =>
  fields.map((field) => ({ do: "remove", attribute: HEAD_ATTRIBUTE[field] }));
/** To a list that is there; none if there is nothing to append. */
export const appends = (field: HeadField, values: readonly Value[]): Change[] =>
  values.length === 0 ? [] : [{ do: "append", attribute: HEAD_ATTRIBUTE[field], values }];

const OF_STUB: readonly HeadField[] = ["stub", "expiresAtMs", "deletableAt"];
/** What makes of a stub the head that the attributes are of: the notes stay (R21). */
export function adopting(attributes: Attributes): Change[] {
  const { [HEAD_ATTRIBUTE.notes]: _, ...others } = attributes;
  const gone = OF_STUB.filter((field) => !(HEAD_ATTRIBUTE[field] in attributes));
  return [...sets(others), ...removes(...gone)];
}

export const putHead = (
  items: ItemStore,
  id: InvocationId,
  attributes: Attributes,
  when: Condition,
): Promise<WriteResult> => items.write({ op: "put", key: headKey(id), attributes, when });

/** Returns the item as it then is; or, refused, the one that has refused it. */
export const tryUpdate = (
  items: ItemStore,
  id: InvocationId,
  changes: readonly Change[],
  when: Condition,
): Promise<WriteResult> => items.write({ op: "update", key: headKey(id), changes, when });

/** Returns the head as it then is; `undefined`: the condition did not hold. */
export async function updateHead(
  items: ItemStore,
  id: InvocationId,
  changes: readonly Change[],
  when: Condition,
): Promise<StoredHead | undefined> {
  const { won, item } = await tryUpdate(items, id, changes, when);
  return won && item ? { head: parseHead(item), item } : undefined;
}

/** Values in items of their own, as checkers see them: complete, or missing. */
import { journalPartition, type InvocationId } from "../../lib/model/ids.ts";
import type { Attributes, Table } from "../../lib/model/item.ts";
import type { Value } from "../../lib/model/value.ts";
import { itemNamesOf } from "../../lib/model/value-ref.ts";
import type { Tables } from "./tables.ts";

/** `undefined` if any item of it is missing. */
export function journalValue(tables: Tables, id: InvocationId, ref: string): Uint8Array | undefined {
  return joined(tables, "journal", journalPartition(id), itemNamesOf(ref), () => true);
}

/** What a state item holds; `null`: nothing. `undefined`: a chunk is missing, or of another version. */
export function stateValue(
  tables: Tables,
  pk: string,
  name: string,
  item: Attributes | undefined,
): Uint8Array | null | undefined {
  const { val, c, f } = item ?? {};
  if (val instanceof Uint8Array) return val;
  if (!Array.isArray(c)) return null;
  const [set, count] = c as [string, number];
  const names = Array.from({ length: count }, (_, index) => `${name}/${set}/${index}`);
  return joined(tables, "state", pk.replace(".state.", ".state-value."), names, (chunk) => chunk["f"] === f);
}

function joined(
  tables: Tables,
  table: Table,
  pk: string,
  names: readonly string[],
  isPart: (item: Attributes) => boolean,
): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const sk of names) {
    const item = tables.get({ table, pk, sk });
    if (!item || !isPart(item) || !(item["value"] instanceof Uint8Array)) return undefined;
    parts.push(item["value"]);
  }
  return new Uint8Array(Buffer.concat(parts));
}

const TOKEN = /⟦[^⟧]*⟧/g;
const decoder = new TextDecoder();
/** What programs wrote into it. */
export const tokensIn = (value: Value | undefined): string[] =>
  value instanceof Uint8Array
    ? (decoder.decode(value).match(TOKEN) ?? [])
    : typeof value === "string"
      ? (value.match(TOKEN) ?? [])
      : [];

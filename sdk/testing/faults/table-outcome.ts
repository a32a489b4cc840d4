/** What is in the tables that `ctx.transact` writes to, as text: the same for the same items, however they were written. */
import { OUTCOMES_MAX } from "../../../lib/limits/testing.ts";
import type { AttributeMap, AttributeValue, TableKeys } from "../../../lib/model/user-write.ts";
import type { LocalUserTables } from "../../../runtime/local/user-tables.ts";
import type { OutcomeLine } from "./outcome-line.ts";

/** A line for each item. */
export const tableLines = (tables: Pick<LocalUserTables, "known" | "all">): OutcomeLine[] =>
  Object.entries(tables.known).flatMap(([name, keys]) =>
    tables
      .all(name)
      .slice(0, OUTCOMES_MAX)
      .map((item) => ({ of: `table ${name}, ${keyText(item, keys)}:`, is: mapText(item) })),
  );

const keyText = (item: AttributeMap, { partitionKey, sortKey }: TableKeys): string =>
  [partitionKey, sortKey]
    .flatMap((name) => {
      const value = name === undefined ? undefined : item[name];
      return name === undefined || value === undefined ? [] : [`${name} ${valueText(value)}`];
    })
    .join(", ");

/** Attributes have no order. */
function mapText(map: AttributeMap): string {
  const fields = Object.entries(map)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${nameText(name)}: ${valueText(value)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

const nameText = (name: string): string => (/^[a-z_$][\w$]*$/iu.test(name) ? name : JSON.stringify(name));

/** Numbers with all their digits, of which a double would lose some. */
function valueText(value: AttributeValue): string {
  if ("S" in value) return JSON.stringify(value.S);
  if ("N" in value) return value.N;
  if ("BOOL" in value) return String(value.BOOL);
  if ("B" in value) return bytesText(value.B);
  if ("L" in value) return `[${value.L.map(valueText).join(", ")}]`;
  if ("M" in value) return mapText(value.M);
  if ("SS" in value) return setText(value.SS.map((held) => JSON.stringify(held)));
  if ("NS" in value) return setText(value.NS);
  return "BS" in value ? setText(value.BS.map(bytesText)) : "null";
}

const bytesText = (bytes: Uint8Array): string => `bytes "${Buffer.from(bytes).toString("base64")}"`;

/** The members of a set have no order. */
const setText = (members: readonly string[]): string => `set [${members.toSorted().join(", ")}]`;

/** The tables that can be asked, and their columns. */
import type { AnswerFields } from "../../../lib/answer-fields.ts";

export interface Table {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export const SCHEMA_QUERY = `SELECT table_name, column_name, data_type FROM information_schema.columns
  WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`;

/** Restate's flow control has these. Here they are empty. */
const EMPTY_TABLES = /^sys_(locks|rules|scheduler|user_limits|vqueue.*)$/u;

/** Of ours first, then Restate's. */
export function tablesIn(rows: readonly AnswerFields[]): readonly Table[] {
  const tables = Map.groupBy(rows, (row) => row.text("table_name"));
  return [...tables]
    .filter(([name]) => !EMPTY_TABLES.test(name))
    .map(([name, columns]) => ({
      name,
      columns: columns.map((row) => ({
        name: row.text("column_name"),
        type: typeWords(row.optionalText("data_type") ?? ""),
      })),
    }))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

const rank = (name: string): number =>
  name === "sys_invocation" ? 0 : name.startsWith("perdure_") ? 1 : name.startsWith("sys_") ? 2 : 1.5;

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/Timestamp/u, "time"],
  [/Duration|Interval/u, "duration"],
  [/List/u, "list"],
  [/Utf8/u, "text"],
  [/Int|Float|Decimal/u, "number"],
  [/Bool/u, "boolean"],
  [/Binary/u, "bytes"],
];
export const typeWords = (type: string): string => TYPES.find(([of]) => of.test(type))?.[1] ?? type;

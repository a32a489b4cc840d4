/** A query's result as JSON, in the form of Restate's answers: null columns are left out, bytes are hex, durations `PT86400S`. */
import type { QueryResult } from "./query.ts";
import type { SqlValue } from "./sandbox-program.ts";
import type { ColumnType } from "./schema.ts";

export function jsonAnswer({ columns, rows, report }: QueryResult): string {
  const shown = rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (const [at, { name, type }] of columns.entries()) {
      const value = row[at] ?? null;
      if (value !== null) object[name] = shownAs(type, value);
    }
    return object;
  });
  return JSON.stringify({ rows: shown, perdure: report });
}

function shownAs(type: ColumnType | undefined, value: Exclude<SqlValue, null>): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "bigint") return Number(value);
  if (type === "bool") return value !== 0;
  if (type === "duration_ms") return isoDuration(Number(value));
  const isList = type === "list_utf8" || type === "list_uint32";
  return isList && typeof value === "string" ? (JSON.parse(value) as unknown) : value;
}

export const isoDuration = (ms: number): string => `PT${ms / 1000}S`;

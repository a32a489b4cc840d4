/**
 * A query's result as Restate answers it.
 *
 * In JSON null columns are left out, bytes are hexadecimal digits and durations are `PT86400S`. Anything else than JSON is a
 * stream of Arrow's.
 */
import type { ArrowColumn } from "./arrow/message.ts";
import { arrowStream } from "./arrow/stream.ts";
import type { ArrowType } from "./arrow/type.ts";
import { firstMisfit } from "./arrow/value.ts";
import type { ResultColumn } from "./columns.ts";
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
  // A union puts other values into a column than its type says.
  if (type === "bool" && typeof value === "number") return value !== 0;
  if (type === "duration_ms" && typeof value === "number") return `PT${value / 1000}S`;
  return isList(type) ? listIn(value) : value;
}

/** What is no list stays as it is. */
function listIn(value: SqlValue): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

const isList = (type: ColumnType | undefined): boolean => type === "list_utf8" || type === "list_uint32";

const ARROW_TYPES: Readonly<Record<ColumnType, ArrowType>> = {
  utf8: "large_utf8",
  bool: "bool",
  uint32: "uint32",
  uint64: "uint64",
  int64: "int64",
  float64: "float64",
  timestamp_ms: "timestamp_ms",
  duration_ms: "duration_ms",
  binary: "large_binary",
  list_utf8: "list_large_utf8",
  list_uint32: "list_uint32",
};

export function arrowAnswer({ columns, rows }: QueryResult): Uint8Array {
  const typed = columns.map((column, at) => arrowColumn(column, rows, at));
  const values = rows.map((row) => row.map((value, at) => arrowValue(typed[at]?.type, value)));
  return arrowStream(typed, values);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What is computed has the type of its values. */
function arrowColumn({ name, type }: ResultColumn, rows: QueryResult["rows"], at: number): ArrowColumn {
  const values = rows.map((row) => row[at] ?? null).filter((value) => value !== null);
  const wanted = type && ARROW_TYPES[type];
  if (wanted !== undefined) {
    const fits =
      firstMisfit(
        wanted,
        values.map((value) => arrowValue(wanted, value)),
      ) === -1;
    return { name, type: fits ? wanted : "large_utf8" };
  }
  if (values.every((value) => typeof value === "number" || typeof value === "bigint"))
    return { name, type: values.every(isInteger) ? "int64" : "float64" };
  if (values.every((value) => value instanceof Uint8Array)) return { name, type: "large_binary" };
  const isTime = values.every((value) => typeof value === "string" && TIME.test(value));
  return { name, type: isTime ? "timestamp_ms" : "large_utf8" };
}

const isInteger = (value: SqlValue): boolean => typeof value === "bigint" || Number.isInteger(value);

function arrowValue(type: ArrowType | undefined, value: SqlValue): unknown {
  if (value === null) return null;
  if (type === "timestamp_ms") return timeValue(value);
  return type === "list_large_utf8" || type === "list_uint32" ? listIn(value) : value;
}

/** A sleep may end beyond what a date can hold. */
function timeValue(value: SqlValue): number | null {
  const ms = Date.parse(String(value));
  return Number.isNaN(ms) ? null : ms;
}

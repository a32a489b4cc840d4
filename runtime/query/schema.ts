/**
 * The tables that a query can name, with their columns and types.
 *
 * Those that begin with `perdure_` are ours. The others are Restate's, with its names, types and order. What is not known
 * here is null there. docs/sql.md says what each column holds; a test compares that page with this file.
 */
import { PERDURE_TABLES } from "./perdure-tables.ts";
import { RESTATE_TABLES } from "./restate-tables.ts";

export type ColumnType =
  | "utf8"
  | "bool"
  | "uint32"
  | "uint64"
  | "int64"
  | "float64"
  /** Stored as a text like `2026-11-28T08:58:32.590Z`. */
  | "timestamp_ms"
  /** Stored as milliseconds. */
  | "duration_ms"
  | "binary"
  /** Lists are stored as JSON. */
  | "list_utf8"
  | "list_uint32";

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export interface TableSchema {
  readonly name: string;
  readonly columns: readonly TableColumn[];
}

/** How a column's type is written in the lists of columns. Without one it is text. */
const TYPES: Readonly<Record<string, ColumnType>> = {
  bool: "bool",
  u32: "uint32",
  u64: "uint64",
  time: "timestamp_ms",
  duration: "duration_ms",
  binary: "binary",
  texts: "list_utf8",
  numbers: "list_uint32",
};

function tableOf(name: string, columns: string): TableSchema {
  return {
    name,
    columns: columns
      .trim()
      .split(/\s+/)
      .map((column) => {
        const [columnName = "", type = ""] = column.split(":");
        return { name: columnName, type: TYPES[type] ?? "utf8" };
      }),
  };
}

const tables = (lists: Readonly<Record<string, string>>): readonly TableSchema[] =>
  Object.entries(lists).map(([name, columns]) => tableOf(name, columns));

/** In `information_schema`, and not listed there. */
const INFORMATION: readonly TableSchema[] = tables({
  information_schema_tables: "table_catalog table_schema table_name table_type",
  information_schema_columns: `table_catalog table_schema table_name column_name ordinal_position:u64 column_default
    is_nullable data_type`,
  information_schema_schemata: "catalog_name schema_name",
});

/** All that are listed. */
export const TABLES: readonly TableSchema[] = [...tables(RESTATE_TABLES), ...tables(PERDURE_TABLES)];

const BY_NAME = new Map([...TABLES, ...INFORMATION].map((table) => [table.name, table]));
export const tableNamed = (name: string): TableSchema | undefined => BY_NAME.get(name);

/** How Restate's engine calls a type. */
export const TYPE_NAMES: Readonly<Record<ColumnType, string>> = {
  utf8: "LargeUtf8",
  bool: "Boolean",
  uint32: "UInt32",
  uint64: "UInt64",
  int64: "Int64",
  float64: "Float64",
  timestamp_ms: 'Timestamp(ms, "+00:00")',
  duration_ms: "Duration(ms)",
  binary: "LargeBinary",
  list_utf8: "List(LargeUtf8)",
  list_uint32: "List(UInt32)",
};

const TIME_COLUMNS = new Set(
  TABLES.flatMap(({ columns }) => columns)
    .filter(({ type }) => type === "timestamp_ms")
    .map(({ name }) => name),
);
/** Whether a column of this name holds a time, whatever its table. */
export const isTimeColumn = (name: string): boolean => TIME_COLUMNS.has(name);

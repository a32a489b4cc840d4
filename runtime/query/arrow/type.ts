/**
 * The types of Arrow that an answer can have, and how a schema says them.
 *
 * These are what Restate's server 1.7.12 answers with, found by asking it and reading its streams with the package `apache-arrow`:
 *
 *   columns of its tables      `data_type` in information_schema.columns   here
 *   texts                      LargeUtf8                                   large_utf8
 *   numbers                    UInt64, UInt32                              uint64, uint32
 *   in_flight, completed, …    Boolean                                     bool
 *   points in time             Timestamp(ms, "+00:00")                     timestamp_ms
 *   retentions, waits          Duration(ms)                                duration_ms
 *   value, raw                 LargeBinary                                 large_binary
 *   sys_deployment.services    List(LargeUtf8)                             list_large_utf8
 *   suspended_waiting_for_*    List(UInt32)                                list_uint32
 *
 *   what is computed
 *   'text', show tables, describe, explain, information_schema, ->>        utf8
 *   upper(column), coalesce(column, 'x'), min(column)                      large_utf8, as the column
 *   1, 1 + 1, 1 / 2, count(*), case … then 1 end                           int64
 *   length('abc'), date_part('year', now())                                int32
 *   row_number(), rank(), ordinal_position, sum and max of a uint column   uint64
 *   1.5, avg, round, stddev                                                float64
 *   a = b, is null, true                                                   bool
 *   now(), date_trunc('hour', now()), cast('…' as timestamp)               nanoseconds without a zone; here local_timestamp_ms
 *   now() - created_at, max(created_at) - min(created_at)                  duration_ms
 *   array_agg(column)                                                      a list
 *   X'0102'                                                                binary
 *   null                                                                   null
 *
 * A result without rows is a schema and no batch. Each column may hold nulls here; in Restate's answers, counts and literals may not.
 */
import type { TableField, FlatbufferWriter, Reference, Scalar } from "./flatbuffer.ts";

type ScalarType =
  | "null"
  | "bool"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "float64"
  | "utf8"
  | "large_utf8"
  | "binary"
  | "large_binary"
  | "timestamp_ms"
  | "local_timestamp_ms"
  | "duration_ms";
type ListType = "list_utf8" | "list_large_utf8" | "list_int64" | "list_uint32";
export type ArrowType = ScalarType | ListType;

/** How the values of a column lie in a batch: see value-buffers.ts. */
export type Layout =
  | { readonly kind: "nothing" }
  | { readonly kind: "bits" }
  | { readonly kind: "numbers"; readonly bytes: 4 | 8; readonly format: "signed" | "unsigned" | "float" }
  /** Texts and bytes: offsets, and all of them in a row. */
  | { readonly kind: "bytes"; readonly offsetBytes: 4 | 8; readonly of: "text" | "bytes" }
  | { readonly kind: "list"; readonly of: ScalarType };

interface TypeFormat {
  /** As information_schema.columns names it. */
  readonly name: string;
  /** The member of the union `Type` in Arrow's Schema.fbs, and the fields of its table. */
  readonly union: number;
  readonly fields: (writer: FlatbufferWriter) => readonly TableField[];
  readonly layout: Layout;
}

const int16 = (value: number): Scalar => ({ bytes: 2, value });
const int32 = (value: number): Scalar => ({ bytes: 4, value });
const flag = (value: boolean): Scalar => ({ bytes: 1, value: value ? 1 : 0 });

const NULLABLE = 1;
/** `Precision` and `TimeUnit` of Schema.fbs. */
const DOUBLE = 2;
const MILLISECOND = 1;
const UNION = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  timestamp: 10,
  list: 12,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
} as const;

const bare = (name: string, union: number, layout: Layout): TypeFormat => ({
  name,
  union,
  fields: () => [],
  layout,
});
const integer = (name: string, bytes: 4 | 8, signed: boolean): TypeFormat => ({
  name,
  union: UNION.int,
  fields: () => [int32(bytes * 8), flag(signed)],
  layout: { kind: "numbers", bytes, format: signed ? "signed" : "unsigned" },
});
const numbers: Layout = { kind: "numbers", bytes: 8, format: "signed" };

const FORMATS: Record<ArrowType, TypeFormat> = {
  null: bare("Null", UNION.null, { kind: "nothing" }),
  bool: bare("Boolean", UNION.bool, { kind: "bits" }),
  int32: integer("Int32", 4, true),
  int64: integer("Int64", 8, true),
  uint32: integer("UInt32", 4, false),
  uint64: integer("UInt64", 8, false),
  float64: {
    name: "Float64",
    union: UNION.float,
    fields: () => [int16(DOUBLE)],
    layout: { kind: "numbers", bytes: 8, format: "float" },
  },
  utf8: bare("Utf8", UNION.utf8, { kind: "bytes", offsetBytes: 4, of: "text" }),
  large_utf8: bare("LargeUtf8", UNION.largeUtf8, { kind: "bytes", offsetBytes: 8, of: "text" }),
  binary: bare("Binary", UNION.binary, { kind: "bytes", offsetBytes: 4, of: "bytes" }),
  large_binary: bare("LargeBinary", UNION.largeBinary, { kind: "bytes", offsetBytes: 8, of: "bytes" }),
  timestamp_ms: {
    name: 'Timestamp(ms, "+00:00")',
    union: UNION.timestamp,
    fields: (writer) => [int16(MILLISECOND), writer.text("+00:00")],
    layout: numbers,
  },
  local_timestamp_ms: {
    name: "Timestamp(ms)",
    union: UNION.timestamp,
    fields: () => [int16(MILLISECOND)],
    layout: numbers,
  },
  duration_ms: {
    name: "Duration(ms)",
    union: UNION.duration,
    fields: () => [int16(MILLISECOND)],
    layout: numbers,
  },
  list_utf8: bare("List(Utf8)", UNION.list, { kind: "list", of: "utf8" }),
  list_large_utf8: bare("List(LargeUtf8)", UNION.list, { kind: "list", of: "large_utf8" }),
  list_int64: bare("List(Int64)", UNION.list, { kind: "list", of: "int64" }),
  list_uint32: bare("List(UInt32)", UNION.list, { kind: "list", of: "uint32" }),
};

export const ARROW_TYPES = Object.keys(FORMATS) as readonly ArrowType[];
export const layoutOf = (type: ArrowType): Layout => FORMATS[type].layout;
/** As information_schema.columns names it. */
export const arrowTypeName = (type: ArrowType): string => FORMATS[type].name;

/** A table `Field` of Schema.fbs. */
export function fieldOf(writer: FlatbufferWriter, name: string, type: ArrowType): Reference {
  const { union, fields, layout } = FORMATS[type];
  const children = writer.references(layout.kind === "list" ? [fieldOf(writer, "item", layout.of)] : []);
  const described = writer.table(fields(writer));
  return writer.table([
    writer.text(name),
    { bytes: 1, value: NULLABLE },
    { bytes: 1, value: union },
    described,
    undefined,
    children,
  ]);
}

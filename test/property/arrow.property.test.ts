/** Arrow streams: the package `apache-arrow` reads back what was written. */
import { RecordBatchReader } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ARROW_BATCH_ROWS_MAX } from "../../lib/limits/http.ts";
import { arrowStream } from "../../runtime/query/arrow/stream.ts";
import { firstMisfit } from "../../runtime/query/arrow/value.ts";
import { ARROW_TYPES, type ArrowType, arrowTypeName } from "../../runtime/query/arrow/type.ts";

const UTC = "+00:00";
/** As the reader writes the type. */
const READ_AS: Record<ArrowType, string> = {
  null: "Null",
  bool: "Bool",
  int32: "Int32",
  int64: "Int64",
  uint32: "Uint32",
  uint64: "Uint64",
  float64: "Float64",
  utf8: "Utf8",
  large_utf8: "LargeUtf8",
  binary: "Binary",
  large_binary: "LargeBinary",
  timestamp_ms: `Timestamp<MILLISECOND, ${UTC}>`,
  local_timestamp_ms: "Timestamp<MILLISECOND>",
  duration_ms: "Duration<MILLISECOND>",
  list_utf8: "List<Utf8>",
  list_large_utf8: "List<LargeUtf8>",
  list_int64: "List<Int64>",
  list_uint32: "List<Uint32>",
};

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("", "ä\0\n"),
);
const int32 = fc.integer();
const uint32 = fc.nat({ max: 2 ** 32 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const time = fc.integer({ min: -8.64e15, max: 8.64e15 });
const list = <T>(of: fc.Arbitrary<T>) => fc.array(fc.option(of, { freq: 4 }), { maxLength: 5 });
/** Of each type, values as the reader answers them. */
const VALUES: Record<ArrowType, fc.Arbitrary<unknown>> = {
  null: fc.constant(null),
  bool: fc.boolean(),
  int32,
  int64,
  uint32,
  uint64,
  float64: fc.double(),
  utf8: text,
  large_utf8: text,
  binary: fc.uint8Array(),
  large_binary: fc.uint8Array(),
  timestamp_ms: time,
  local_timestamp_ms: time,
  duration_ms: int64,
  list_utf8: list(text),
  list_large_utf8: list(text),
  list_int64: list(int64),
  list_uint32: list(uint32),
};

interface Written {
  readonly columns: readonly { readonly name: string; readonly type: ArrowType }[];
  readonly rows: readonly (readonly unknown[])[];
}

const column = fc.record({ name: text, type: fc.constantFrom(...ARROW_TYPES) });
const written: fc.Arbitrary<Written> = fc.array(column, { minLength: 1, maxLength: 8 }).chain((columns) => {
  const row = fc.tuple(...columns.map(({ type }) => fc.option(VALUES[type], { freq: 4 })));
  return fc.record({ columns: fc.constant(columns), rows: fc.array(row, { maxLength: 40 }) });
});

interface Answer {
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly batches: number;
}

/** What the reader makes of a value, as the plain value that was written. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "object" && value !== null && !Array.isArray(value) && "toJSON" in value)
    return Array.from(value as unknown as Iterable<unknown>, plain);
  return Array.isArray(value) ? value.map(plain) : value;
}

function read(bytes: Uint8Array): Answer {
  const reader = RecordBatchReader.from(bytes).open();
  // It forgets the schema when it is through, and makes an empty batch of a stream without one.
  const { fields } = reader.schema;
  const batches = [...reader].filter(({ numRows }) => numRows > 0);
  return {
    names: fields.map(({ name }) => name),
    types: fields.map(({ type }) => String(type)),
    rows: batches.flatMap((batch) =>
      Array.from({ length: batch.numRows }, (_, row) =>
        fields.map((_field, index) => plain(batch.getChildAt(index)?.get(row))),
      ),
    ),
    batches: batches.length,
  };
}

test("there and back", () => {
  fc.assert(
    fc.property(written, ({ columns, rows }) => {
      const answer = read(arrowStream(columns, rows));
      expect(answer.names).toEqual(columns.map(({ name }) => name));
      expect(answer.types).toEqual(columns.map(({ type }) => READ_AS[type]));
      expect(answer.rows).toEqual(rows.map((row) => row.map(plain)));
    }),
    { numRuns: 300 },
  );
});

test("a column without a value, no column, names that are the same", () => {
  expect(read(arrowStream([], []))).toEqual({ names: [], types: [], rows: [], batches: 0 });
  const twice = [
    { name: "a", type: "int64" as const },
    { name: "a", type: "null" as const },
  ];
  expect(read(arrowStream(twice, [[1n, null]]))).toMatchObject({ names: ["a", "a"], rows: [[1n, null]] });
  // A row may be shorter than the columns are many.
  expect(read(arrowStream(twice, [[]])).rows).toEqual([[null, null]]);
});

test("many rows are several batches", () => {
  const columns = [{ name: "n", type: "int64" as const }];
  for (const [count, batches] of [
    [0, 0],
    [1, 1],
    [ARROW_BATCH_ROWS_MAX, 1],
    [ARROW_BATCH_ROWS_MAX + 1, 2],
    [3 * ARROW_BATCH_ROWS_MAX, 3],
  ] as const) {
    const answer = read(
      arrowStream(
        columns,
        Array.from({ length: count }, (_, index) => [index]),
      ),
    );
    expect(answer.batches).toBe(batches);
    expect(answer.rows).toEqual(Array.from({ length: count }, (_, index) => [BigInt(index)]));
  }
});

test("what SQLite answers fits: numbers for booleans, anything as a text", () => {
  const one = (type: ArrowType, value: unknown) =>
    read(arrowStream([{ name: "a", type }], [[value]])).rows[0];
  expect(one("bool", 0n)).toEqual([false]);
  expect(one("bool", 1)).toEqual([true]);
  expect(one("int64", 7)).toEqual([7n]);
  expect(one("float64", 7n)).toEqual([7]);
  expect(one("utf8", 7n)).toEqual(["7"]);
  expect(one("large_utf8", Uint8Array.of(1, 171))).toEqual(["01ab"]);
  expect(one("utf8", [1n, null])).toEqual(["[1,null]"]);
  expect(one("utf8", [1, "x"])).toEqual(['[1,"x"]']);
  // Half of a pair is no character: it is read as the one that stands for it.
  expect(one("utf8", "a\ud800")).toEqual(["a\ufffd"]);
  expect(one("timestamp_ms", 1_795_911_850_222n)).toEqual([1_795_911_850_222]);
});

test("a value that does not fit is refused, with its place", () => {
  const rows = Array.from({ length: ARROW_BATCH_ROWS_MAX + 10 }, (_, index) => [index]);
  rows[ARROW_BATCH_ROWS_MAX + 3] = [1.5];
  expect(() => arrowStream([{ name: "retry_count", type: "uint64" }], rows)).toThrow(
    `Column 'retry_count', row ${ARROW_BATCH_ROWS_MAX + 3}: 1.5 does not fit the type uint64.`,
  );
  const refused: readonly (readonly [ArrowType, unknown])[] = [
    ["uint64", -1],
    ["uint64", 2n ** 64n],
    ["int64", 2n ** 63n],
    ["uint32", 2 ** 32],
    ["int32", -(2 ** 31) - 1],
    ["bool", 2],
    ["bool", "true"],
    ["int64", "1"],
    ["int64", Number.NaN],
    ["timestamp_ms", "2026-11-29T00:00:00Z"],
    ["binary", "x"],
    ["list_uint32", [1, -1]],
    ["list_utf8", "x"],
    ["null", 0],
  ];
  for (const [type, value] of refused)
    expect({ type, value, misfit: firstMisfit(type, [null, value]) }).toMatchObject({ misfit: 1 });
});

test("each type of Restate's columns has a type here", () => {
  const names = ARROW_TYPES.map(arrowTypeName);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining([
      "LargeUtf8",
      'Timestamp(ms, "+00:00")',
      "UInt64",
      "Duration(ms)",
      "UInt32",
      "Boolean",
      "List(UInt32)",
      "LargeBinary",
      "List(LargeUtf8)",
    ]),
  );
});

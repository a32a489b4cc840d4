/** How a result is written: also when a union puts other values into a column than its type says. */
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { arrowAnswer, jsonAnswer } from "../../../runtime/query/answer.ts";
import type { QueryResult } from "../../../runtime/query/query.ts";
import type { ColumnType } from "../../../runtime/query/schema.ts";

const result = (type: ColumnType, ...values: (string | number)[]): QueryResult => ({
  columns: [{ name: "x", type }],
  rows: values.map((value) => [value]),
  report: { source: "keys", scanned: 0, complete: true, cost: { readUnits: 0 } },
});

test.each<[ColumnType, string | number, unknown]>([
  ["uint64", 7, 7],
  ["bool", 1, true],
  ["duration_ms", 1500, "PT1.5S"],
  ["list_utf8", '["a"]', ["a"]],
])("a column of %s that has a text as well", (type, own, shown) => {
  const mixed = result(type, own, "other");
  const answer = JSON.parse(jsonAnswer(mixed)) as { rows: unknown[] };
  expect(answer.rows).toEqual([{ x: shown }, { x: "other" }]);
  const table = tableFromIPC(arrowAnswer(mixed));
  expect(table.toArray().map((row: { x: unknown }) => row.x)).toEqual([String(own), "other"]);
});

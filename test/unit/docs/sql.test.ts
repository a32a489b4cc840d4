/** docs/sql.md names each table with each column and its type, in the order of the schema. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ColumnType, TABLES } from "../../../runtime/query/schema.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/sql.md"), "utf8");

const TYPES: Readonly<Record<ColumnType, string>> = {
  utf8: "text",
  bool: "boolean",
  uint32: "number",
  uint64: "number",
  int64: "number",
  float64: "number",
  timestamp_ms: "time",
  duration_ms: "duration",
  binary: "bytes",
  list_utf8: "list of texts",
  list_uint32: "list of numbers",
};

const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const rows = [...section.matchAll(/^\| `(\w+)` \| ([a-z ]+) \|/gm)].map(
        ([, name = "", type = ""]) => `${name}: ${type}`,
      );
      return [section.slice(0, section.indexOf("\n")), rows] as const;
    }),
);

test("every table has a section, and no other", () => {
  expect([...sections.keys()].toSorted()).toEqual(TABLES.map(({ name }) => name).toSorted());
});

test.each(TABLES.map((table) => [table.name, table] as const))("%s", (name, { columns }) => {
  expect(sections.get(name)).toEqual(columns.map((column) => `${column.name}: ${TYPES[column.type]}`));
});

/** The table of parity: every item says what is so, and names tests that exist. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./guide-file.ts";

const STATES = /^(works|differs|better|not planned)\b/;
const rows = readFileSync(join(ROOT, "docs/parity.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (item|point) \|/.test(line))
  .map((line) => line.slice(2, -1).split(" | "));

test("there are rows", () => expect(rows.length).toBeGreaterThan(100));

test.each(rows)("%s", (_item, state = "", tests = "") => {
  expect(state).toMatch(STATES);
  const named = tests.split(",").map((path) => path.trim());
  const paths = named.filter((path) => path !== "");
  if (/^(works|better)\b/.test(state)) expect(paths).not.toEqual([]);
  expect(paths.filter((path) => !existsSync(join(ROOT, "test", path)))).toEqual([]);
});

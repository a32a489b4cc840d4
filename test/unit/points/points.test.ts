/** Each point of docs/parity.md's table of semantics is the title of a test, in one of the files that its row names. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

/** What stands in quotes in a test's source is its titles, among other things. */
const source = (path: string): string => readFileSync(join(ROOT, "test", path), "utf8");

const [, semantics = ""] = readFileSync(join(ROOT, "docs/parity.md"), "utf8").split("## 4. Semantics");
const points = semantics
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| point |"))
  .map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  )
  .filter(([, state]) => !state?.startsWith("not planned"));

describe("each point of the semantics has its test", () => {
  test("there are 39", () => expect(points.length).toBe(39));

  test.each(points)("%s", (point = "", _state, files = "") => {
    const named = files.split(", ").filter((path) => path.endsWith(".test.ts"));
    expect(named.filter((path) => source(path).includes(`"${point}`))).not.toEqual([]);
  });
});

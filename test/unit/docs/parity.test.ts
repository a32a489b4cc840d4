/**
 * The table of parity: every item says what is so, and what works names a test that exists and runs, by its file and its
 * title. In the table of semantics the point itself is the title (unit/points/points.test.ts).
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./page.ts";

const STATES = /^(works|differs|better|not planned)\b/;
const WORKS = /^(works|better)\b/;
const [items = "", points = ""] = readFileSync(join(ROOT, "docs/parity.md"), "utf8").split("## 4. Semantics");
const rowsOf = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (item|point) \|/.test(line))
    .map((line) =>
      line
        .slice(2, -1)
        .split(" | ")
        .map((cell) => cell.trim()),
    );

interface Named {
  readonly path: string;
  readonly title: string | undefined;
}
const namedIn = (cell: string): Named[] =>
  [...cell.matchAll(/([\w./-]+\.ts)(?: "([^"]+)")?/g)].map(([, path = "", title]) => ({ path, title }));

/** A test file, and the suite that it gives its world to. */
function sourceOf(path: string): string {
  const full = join(ROOT, "test", path);
  const text = readFileSync(full, "utf8");
  const suites = [...text.matchAll(/from "(\.\/[\w-]+-suite\.ts)"/g)].map(([, suite = ""]) =>
    readFileSync(join(dirname(full), suite), "utf8"),
  );
  return [text, ...suites].join("\n");
}

const STRING = /"(?:[^"\\\n]|\\.)*"|`[^`]*`/.source;
/** The first argument of `test(` and `describe(`, or of what `.each([…])` answers. */
const TITLE = new RegExp(
  `\\b(?:test|describe)(?:\\.concurrent)?\\(\\s*(${STRING})|\\]\\)\\(\\s*(${STRING})|\\)\\)\\(\\s*(${STRING})|\\.each\\(\\w+\\)\\(\\s*(${STRING})`,
  "g",
);
const titlesIn = (source: string): string[] =>
  [...source.matchAll(TITLE)].map((match) => match.slice(1).find((title) => title !== undefined) ?? "");
const SKIPPED =
  /\b(?:test|describe|it)(?:\.concurrent)?\.(?:skip|todo|skipIf|runIf|only|fails)\b|\bctx\.skip\(/;

test("there are rows", () => expect(rowsOf(items).length + rowsOf(points).length).toBeGreaterThan(100));

describe("the tests that are named exist, and run", () => {
  test.each(rowsOf(items + points))("%s", (_item, state = "", tests = "") => {
    expect(state).toMatch(STATES);
    const named = namedIn(tests);
    expect(named.filter(({ path }) => !existsSync(join(ROOT, "test", path)))).toEqual([]);
    if (!WORKS.test(state)) return;
    expect(named).not.toEqual([]);
    expect(named.filter(({ path }) => SKIPPED.test(sourceOf(path)))).toEqual([]);
  });

  test.each(rowsOf(items).filter(([, state = ""]) => WORKS.test(state)))(
    "by its title: %s",
    (_item, _state, tests = "") => {
      const missing = namedIn(tests).filter(
        ({ path, title }) =>
          title === undefined || !titlesIn(sourceOf(path)).some((each) => each.includes(title)),
      );
      expect(missing).toEqual([]);
    },
  );
});

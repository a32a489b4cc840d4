/** Each point of Restate's semantics has a test that is named after it, "(n) …", somewhere in this folder tree. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const TESTS = join(import.meta.dirname, "../..");
/** (39), flow control, is a preview and not planned: see docs/parity.md. */
const POINTS = 38;

test("every point has its test", () => {
  const named = new Set<number>();
  for (const file of globSync("**/*.test.ts", { cwd: TESTS })) {
    const source = readFileSync(join(TESTS, file), "utf8");
    // The title: the first text after the call, which may stand on a line of its own.
    for (const [, title = ""] of source.matchAll(
      /\b(?:test|describe)(?:\.each\(.*?\))?\(\s*["'`]((?:\(\d+\)[, and]*)+)/gs,
    ))
      for (const [, point = ""] of title.matchAll(/\((\d+)\)/g)) named.add(Number(point));
  }
  const missing = Array.from({ length: POINTS }, (_, index) => index + 1).filter(
    (point) => !named.has(point),
  );
  expect(missing).toEqual([]);
});

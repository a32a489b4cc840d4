/** scripts/ci-summary.ts: what the end of a CI run says, of which often only that end is kept. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { summaryOf } from "../../../scripts/ci-summary.ts";

function summary(files: Readonly<Record<string, string | object>>): ReturnType<typeof summaryOf> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-summary-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return summaryOf(folder);
}

const FILE = join(process.cwd(), "test/unit/some.test.ts");
const failing = (fullName: string, ...failureMessages: readonly string[]) => ({
  ...{ status: "failed", fullName, failureMessages },
});
const report = (passed: number, tests: readonly object[], more: object = {}) => ({
  ...{ numPassedTests: passed, numFailedTests: tests.length },
  testResults: [{ name: FILE, status: "failed", assertionResults: tests, ...more }],
});

test("tests are added up, other steps count as one, and each says how long it took", () => {
  const { lines, ok } = summary({
    steps: "passed test 200\npassed sim 7\nskipped kafka\n",
    "test.json": report(6, []),
  });
  expect(lines).toEqual([
    "test: passed after 200 s (6 passed, 0 failed)",
    "sim: passed after 7 s (1 passed, 0 failed)",
    "kafka: skipped (0 passed, 0 failed)",
    "7 passed, 0 failed",
  ]);
  expect(ok).toBe(true);
});

test("failed tests are named before the total, with the first lines of what they say", () => {
  const { lines, ok } = summary({
    steps: "failed test 3\n",
    "test.json": report(1, [
      failing("sums are right", "\u001B[31mexpected 3\u001B[39m\n\nto be 4\n  at one\n  at two\n  at three"),
      failing("says nothing"),
    ]),
  });
  expect(lines).toEqual([
    "test: failed after 3 s (1 passed, 2 failed)",
    "failed in test: test/unit/some.test.ts: sums are right",
    ...["    expected 3", "    to be 4", "      at one", "      at two"],
    "failed in test: test/unit/some.test.ts: says nothing",
    "1 passed, 2 failed",
  ]);
  expect(ok).toBe(false);
});

test("a file that could not run is named, and counts as one", () => {
  const { lines } = summary({
    steps: "failed test 3\n",
    "test.json": report(5, [], { message: "no such module" }),
  });
  expect(lines.slice(1)).toEqual([
    "failed in test: test/unit/some.test.ts",
    "    no such module",
    "5 passed, 1 failed",
  ]);
});

test("of many failed tests some are shown, and the others are counted", () => {
  const many = Array.from({ length: 25 }, (_, n) => failing(`test ${n}`));
  const { lines } = summary({ steps: "failed test 3\n", "test.json": report(1, many) });
  expect(lines).toHaveLength(1 + 20 + 1 + 1);
  expect(lines.at(-2)).toBe("failed in test: 5 more");
});

test("a step without tests shows what says that it has failed, and the end of what it has printed", () => {
  const printed = Array.from({ length: 100 }, (_, n) => (n === 7 ? "failed   a check" : `line ${n}`)).join(
    "\n",
  );
  const { lines } = summary({
    ...{ steps: "passed test 1\nfailed sim 9\n", "sim.log": printed },
    "test.json": report(1, []),
  });
  expect(lines[2]).toBe("failed: sim, whose last lines are");
  expect(lines[3]).toBe("    failed   a check");
  expect(lines.slice(4, -1)).toHaveLength(15);
  expect(lines.at(-2)).toBe("    line 99");
});

test("where no test ran, that is a failure", () => {
  const { lines, ok } = summary({ steps: "passed sim 9\n" });
  expect(lines.slice(-2)).toEqual(["No test ran, which counts as a failure.", "1 passed, 1 failed"]);
  expect(ok).toBe(false);
});

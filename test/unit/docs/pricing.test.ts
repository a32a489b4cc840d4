/** The page of prices says what the calculator says, and the calculator what the benchmarks have counted. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { estimate, IDLE_MONTHLY, type Usage } from "../../../scripts/docs/calculator.ts";
import { ROOT } from "./page.ts";

const page = readFileSync(join(ROOT, "docs/pricing.md"), "utf8");
const costs = readFileSync(join(ROOT, "docs/costs.md"), "utf8");
const NOTHING: Usage = {
  callsMonthly: 0,
  isKeyed: false,
  steps: 0,
  kilobytes: 0.2,
  shortSleeps: 0,
  longSleeps: 0,
  answers: 0,
  callees: 0,
  reads: 0,
  writes: 0,
};
const of = (usage: Partial<Usage>) => estimate({ ...NOTHING, ...usage });

test.each<[string, Partial<Usage>]>([
  ["a service without a step", {}],
  ["a service, 5 steps", { steps: 5 }],
  ["a service, 10 steps", { steps: 10 }],
  ["an object that reads and writes a value", { isKeyed: true, reads: 1, writes: 1 }],
  ["a workflow, 5 steps, a day's sleep, an approval", { isKeyed: true, steps: 5, longSleeps: 1, answers: 1 }],
  ["a saga of 9 steps", { steps: 9 }],
])("%s", (what, usage) => {
  const { perMillion, durableFunctions, stepFunctions } = of(usage);
  const [, ours, theirs, machine] =
    page
      .split("\n")
      .find((line) => line.startsWith(`| ${what} |`))
      ?.split("|")
      .slice(1)
      .map((cell) => cell.trim()) ?? [];
  expect(ours).toBe(perMillion.toFixed(2));
  // An object cannot be expressed in theirs.
  expect([theirs, machine]).toEqual(
    what.startsWith("an object") ? ["", ""] : [String(durableFunctions), String(stepFunctions)],
  );
});

test("the four lines", () => {
  const none = of({}).perMillion;
  expect(page).toContain(`a service over HTTP | ${none.toFixed(1)} |`);
  const step = (count: number): string =>
    (of({ steps: count }).perMillion - of({ steps: count - 1 }).perMillion).toFixed(1);
  expect(page).toContain(`and ${step(2)} for each step behind the first, ${step(1)} for the first`);
  const more = (usage: Partial<Usage>): string => (of(usage).perMillion - none).toFixed(1);
  expect(page).toContain(
    `| ${more({ shortSleeps: 1 })} up to 15 minutes, ${more({ longSleeps: 1 })} beyond |`,
  );
  expect(page).toContain(`a promise | ${more({ answers: 1 })} |`);
});

test("a month in which nothing happens", () => {
  expect(of({}).monthly).toBe(IDLE_MONTHLY);
  expect(costs).toContain(`| **sum** |  |  | **$${IDLE_MONTHLY}** |`);
  expect(page).toContain(`${IDLE_MONTHLY}.`);
});

test("twice as many calls cost twice as much, beside what an idle stack costs", () => {
  const month = (callsMonthly: number): number => of({ callsMonthly, steps: 3 }).monthly - IDLE_MONTHLY;
  expect(month(2e6)).toBeCloseTo(2 * month(1e6), 8);
});

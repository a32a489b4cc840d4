import { expect, test } from "vitest";
import { OVERVIEW_HANDLERS_MAX, OVERVIEW_MINUTES } from "../../../../lib/limits/ui.ts";
import { EndedSeries } from "../../../../runtime/admin/overview/series.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 29, 4, 30);
const GREET = { service: "Greeter", handler: "greet" };

test("an hour has sixty minutes, the oldest first, and those in which nothing ended are 0", () => {
  const series = new EndedSeries();
  series.ended(GREET, true, NOW - 2 * MINUTE, 10);
  series.ended(GREET, false, NOW, 10);
  series.ended(GREET, true, NOW + 59_999, 10);
  const minutes = series.minutes(NOW);
  expect(minutes).toHaveLength(OVERVIEW_MINUTES);
  expect(minutes.at(-1)).toEqual({ atMs: NOW, succeeded: 1, failed: 1 });
  expect(minutes.at(-3)).toEqual({ atMs: NOW - 2 * MINUTE, succeeded: 1, failed: 0 });
  expect(minutes.reduce((all, { succeeded, failed }) => all + succeeded + failed, 0)).toBe(3);
});

test("percentiles are right within the width of a class", () => {
  const series = new EndedSeries();
  for (let ms = 1; ms <= 1000; ms++) series.ended(GREET, true, NOW, ms);
  const [found] = series.handlers(NOW);
  expect(found?.p50Ms).toBeGreaterThan(500 / 1.3);
  expect(found?.p50Ms).toBeLessThan(500 * 1.3);
  expect(found?.p95Ms).toBeGreaterThan(950 / 1.3);
  expect(found?.p95Ms).toBeLessThan(950 * 1.3);
});

test("what ended in no time has percentiles of 0; a handler that had only failed attempts has none", () => {
  const series = new EndedSeries();
  series.ended(GREET, true, NOW, 0);
  series.attemptFailed({ service: "A", handler: "b" }, NOW);
  expect(series.handlers(NOW)).toEqual([
    { ...GREET, succeeded: 1, failed: 0, failedAttempts: 0, p50Ms: 0, p95Ms: 0 },
    { service: "A", handler: "b", succeeded: 0, failed: 0, failedAttempts: 1 },
  ]);
});

test("after an hour it is forgotten", () => {
  const series = new EndedSeries();
  series.ended(GREET, true, NOW, 10);
  expect(series.handlers(NOW + 59 * MINUTE)).toHaveLength(1);
  expect(series.handlers(NOW + 60 * MINUTE)).toEqual([]);
});

test("handlers beyond the limit have no series, and are counted in that of all", () => {
  const series = new EndedSeries();
  for (let n = 0; n < OVERVIEW_HANDLERS_MAX + 7; n++)
    series.ended({ service: "S", handler: `h${n}` }, true, NOW, 1);
  expect(series.handlers(NOW)).toHaveLength(OVERVIEW_HANDLERS_MAX);
  expect(series.minutes(NOW).at(-1)?.succeeded).toBe(OVERVIEW_HANDLERS_MAX + 7);
});

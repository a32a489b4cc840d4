import { expect, test } from "vitest";
import type { Process, Sample } from "../soak/sampler.ts";
import { slopeOf } from "../soak/slope.ts";
import { judge, judgeData, LIMITS } from "../soak/verdict.ts";

const MB = 1024 * 1024;
const heapLimit = LIMITS.filter(({ name }) => name === "engine heap");

const engine = (heap: number): Process => ({
  pid: 1,
  script: "main.ts",
  heap,
  reserved: heap,
  rss: heap,
  handles: {},
});

/** A sample each 10 seconds. */
function run(minutes: number, heapMbAt: (minute: number) => number): Sample[] {
  return Array.from({ length: minutes * 6 }, (_, at) => ({
    atMs: at * 10_000,
    engine: engine(heapMbAt(at / 6) * MB),
    hosts: [],
    dataBytes: at * 100 * 1024,
    logBytes: 0,
    requests: at * 200,
  }));
}

/** The same in each run: between -1 and 1. */
const noise = (minute: number): number => Math.sin(minute * 97.3) * Math.cos(minute * 31.7);

const verdict = (samples: readonly Sample[]): string | undefined => judge(samples, heapLimit)[0]?.verdict;

test("a line and its error by least squares", () => {
  const { perX, error } = slopeOf([0, 1, 2, 3].map((x) => ({ x, y: 2 * x + (x % 2) })));
  expect(perX).toBeCloseTo(2.2);
  // Residuals 0, 0.8, -0.4, 0.4, less their mean; spread 5.
  expect(error).toBeCloseTo(Math.sqrt(0.8 / 2 / 5));
});

test.each([
  ["an hour without growth", run(60, (minute) => 30 + noise(minute)), "flat"],
  ["a warm-up", run(60, (minute) => 30 + Math.min(minute, 10) * 5 + noise(minute)), "flat"],
  ["a leak of 6 MB an hour", run(60, (minute) => 30 + minute / 10 + noise(minute)), "above"],
  ["growth within the limit", run(60, (minute) => 30 + minute / 60 + noise(minute) / 10), "flat"],
  ["a leak seen for some minutes", run(5, (minute) => 30 + minute / 10), "too short"],
  ["noise that is wider than the limit", run(24, (minute) => 30 + 9 * noise(minute)), "too short"],
])("%s", (_, samples, wanted) => {
  expect(verdict(samples)).toBe(wanted);
});

test("peaks between two lows are what is in flight", () => {
  expect(verdict(run(60, (minute) => 30 + (Math.round(minute * 6) % 6 === 0 ? 0 : minute)))).toBe("flat");
});

test("what the data file grows by is counted for each request", () => {
  const { kb, isLean } = judgeData(run(20, () => 30));
  expect(kb).toBeCloseTo(0.5);
  expect(isLean).toBe(true);
});

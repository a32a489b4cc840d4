/** Retry policies and durations. */
import { describe, expect, test } from "vitest";
import { type Duration, parseDuration, toMs } from "../../../lib/duration.ts";
import type { HandlerManifest, ServiceManifest } from "../../../lib/model/manifest.ts";
import { backoffMs, decideRetry, DEFAULT_RETRY_POLICY, retryPolicyOf } from "../../../lib/retry.ts";

describe("retry", () => {
  test("the default: 50 ms, doubled, at most a minute, 70 attempts, then a pause", () => {
    const delays = [1, 2, 3, 10, 11, 12, 69].map((attempt) => decideRetry(DEFAULT_RETRY_POLICY, attempt));
    expect(delays).toEqual(
      [50, 100, 200, 25_600, 51_200, 60_000, 60_000].map((delayMs) => ({ kind: "retry", delayMs })),
    );
    expect(decideRetry(DEFAULT_RETRY_POLICY, 70)).toEqual({ kind: "pause" });
    expect(decideRetry(DEFAULT_RETRY_POLICY, 71)).toEqual({ kind: "pause" });
  });

  test("a handler's policy goes before its service's, each part by itself", () => {
    const service = { retryPolicy: { maxAttempts: 3, factor: 3 } } as unknown as ServiceManifest;
    const handler = { retryPolicy: { maxAttempts: 5, onMaxAttempts: "kill" } } as unknown as HandlerManifest;
    expect(retryPolicyOf(service, handler)).toEqual({
      ...DEFAULT_RETRY_POLICY,
      factor: 3,
      maxAttempts: 5,
      onMaxAttempts: "kill",
    });
    expect(retryPolicyOf(undefined, undefined)).toEqual(DEFAULT_RETRY_POLICY);
  });

  test("an error's own delay goes before the policy's, but not beyond its attempts", () => {
    const policy = { ...DEFAULT_RETRY_POLICY, maxAttempts: 2, onMaxAttempts: "kill" as const };
    expect(decideRetry(policy, 1, 7)).toEqual({ kind: "retry", delayMs: 7 });
    expect(decideRetry(policy, 1, 0)).toEqual({ kind: "retry", delayMs: 0 });
    expect(decideRetry(policy, 2, 7)).toEqual({ kind: "kill" });
  });

  test("back-offs stay within their bounds, however many", () => {
    expect(backoffMs({ initialIntervalMs: 10, maxIntervalMs: 1000, factor: 2 }, 5000)).toBe(1000);
    expect(backoffMs({ initialIntervalMs: 10, maxIntervalMs: 1000, factor: 1 }, 9)).toBe(10);
    expect(backoffMs({ initialIntervalMs: 0, maxIntervalMs: 1000, factor: 2 }, 9)).toBe(0);
  });
});

describe("durations", () => {
  test.each<[Duration, number]>([
    [0, 0],
    [1.9, 1],
    [{ seconds: 1 }, 1000],
    [{ days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }, 90_061_001],
    [{ seconds: 0.0015 }, 1],
  ])("%j is %d ms", (duration, ms) => {
    expect(toMs(duration)).toBe(ms);
  });

  test.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    { seconds: -1 },
    { hours: Number.NaN },
    undefined,
    null,
    "10s",
    { second: 1 },
  ])("no duration: %j", (value) => {
    expect(() => toMs(value as Duration)).toThrow(RangeError);
  });

  test.each([
    ["10s", 10_000],
    ["500ms", 500],
    ["1h 30m", 5_400_000],
    ["1h30m", 5_400_000],
    ["2 min", 120_000],
    ["1.5s", 1500],
    ["1d", 86_400_000],
    ["PT10S", 10_000],
    ["P1DT2H3M4.5S", 93_784_500],
    ["PT0S", 0],
    ["pt10s", 10_000],
    ["P1W", 604_800_000],
    ["2 weeks", 1_209_600_000],
    ["10seconds", 10_000],
    ["+1s", 1000],
    ["1500us", 1],
    ["1ns", 0],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    "10",
    "s",
    "10 parsecs",
    "-1s",
    "10s!",
    "P",
    "PT",
    "1s,2s",
    "P1",
    "10S?",
    "1S",
    "1y",
    "P1M",
    "+",
    "ss",
    "1 sss",
    "1e3s",
    "constructor",
    "1 constructor",
  ])("no duration: %s", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

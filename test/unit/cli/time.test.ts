import { describe, expect, it } from "vitest";
import { UsageError } from "../../../cli/exit.ts";
import { didYouMean, nearest } from "../../../cli/suggest.ts";
import { durationIn, momentIn, shortDuration, shownTime, timeOf } from "../../../cli/time.ts";

describe("times of the command line", () => {
  it("shows a duration by its two greatest units", () => {
    expect([0, 450, 1000, 12_400, 192_000, 3_600_000, 187_200_000].map(shortDuration)).toEqual([
      ...["0ms", "450ms", "1s", "12s", "3m12s", "1h", "2d4h"],
    ]);
    expect(shortDuration(-5)).toBe("0ms");
  });

  it("shows a time in the zone of the machine, as ISO 8601, or by its distance", () => {
    const atMs = Date.parse("2026-11-29T10:00:00.250Z");
    expect(shownTime(atMs, "iso")).toBe("2026-11-29T10:00:00.250Z");
    expect(shownTime(atMs, "relative", atMs + 61_000)).toBe("1m1s ago");
    expect(shownTime(atMs, "relative", atMs - 2000)).toBe("in 2s");
    expect(shownTime(atMs, "human")).toMatch(/^2026-11-\d\d \d\d:\d\d:00 \S+$/u);
    expect(shownTime(1e18, "iso")).toBe("beyond all dates");
    expect(timeOf("nonsense")).toBeUndefined();
  });

  it("reads a moment as a time, or as so long ago", () => {
    expect(momentIn("--since", "2h", 10_000_000)).toBe(2_800_000);
    expect(momentIn("--since", "2026-11-29T10:00:00Z")).toBe(Date.parse("2026-11-29T10:00:00Z"));
    expect(() => momentIn("--since", "yesterday")).toThrow(UsageError);
    expect(durationIn("--older-than", "1m 30s")).toBe(90_000);
    expect(() => durationIn("--older-than", "soon")).toThrow(/--older-than takes a duration/u);
  });
});

describe("did you mean", () => {
  it("finds the name that differs in little", () => {
    expect(nearest("Gretter", ["Counter", "Greeter"])).toBe("Greeter");
    expect(nearest("supsended", ["suspended", "scheduled"])).toBe("suspended");
    expect(nearest("Mailer", ["Counter", "Greeter"])).toBeUndefined();
    expect(didYouMean("pused", ["paused"])).toBe(' Did you mean "paused"?');
    expect(didYouMean("x", [])).toBe("");
  });
});

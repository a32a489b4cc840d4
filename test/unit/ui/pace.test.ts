import { describe, expect, test } from "vitest";
import { type Pace, READ_UNITS_A_MINUTE, waitMs } from "../../../ui/admin/pace.ts";

const pace = (changes: Partial<Pace> = {}): Pace => ({
  ...{ everyMs: 1000, told: false, silent: true, failures: 0, same: 0, units: 0, sharing: 0 },
  ...changes,
});

describe("what is on the screen is asked for again", () => {
  test("seldom, if the server tells of changes", () => {
    expect(waitMs(pace({ told: true, silent: false }))).toBe(15_000);
    expect(waitMs(pace({ told: true, silent: false, everyMs: 60_000 }))).toBe(60_000);
  });

  test("as often as was asked for while it is not known whether it tells", () => {
    expect(waitMs(pace({ silent: false, same: 9 }))).toBe(1000);
  });

  test("more and more seldom while nothing changes, if nobody tells", () => {
    const waits = Array.from({ length: 8 }, (_, same) => waitMs(pace({ same })));
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(waitMs(pace({ everyMs: 300_000 }))).toBe(300_000);
  });

  test("so that all of the page together reads no more than it may", () => {
    for (const [units, sharing] of [
      [3, 1],
      [62, 1],
      [62, 3],
    ] as const) {
      const eachReadsAMinute = (units * 60_000) / waitMs(pace({ units, sharing }));
      expect(eachReadsAMinute * sharing).toBeLessThanOrEqual(READ_UNITS_A_MINUTE);
    }
    expect(waitMs(pace({ units: 1_000_000, sharing: 1 }))).toBe(300_000);
  });

  test("after errors twice as late each time", () => {
    const waits = [1, 2, 5, 9].map((failures) => waitMs(pace({ told: true, failures })));
    expect(waits).toEqual([2000, 4000, 30_000, 30_000]);
  });
});

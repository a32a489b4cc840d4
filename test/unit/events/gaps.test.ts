/** Ranges of positions that were left out, beside sets of numbers that say the same. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Gaps, gapsIn, isInGap, showGaps, withGap, withoutRange } from "../../../runtime/events/gaps.ts";

const POSITIONS = Array.from({ length: 30 }, (_, at) => BigInt(at));
const within = (gaps: Gaps): bigint[] => POSITIONS.filter((position) => isInGap(gaps, position));

const range = fc.tuple(fc.integer({ min: 0, max: 29 }), fc.integer({ min: 0, max: 29 }));
const change = fc.record({ adds: fc.boolean(), range });

test("are what was put in and not taken out, in order, as few as possible, and survive being stored", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      let gaps: Gaps = [];
      const expected = new Set<bigint>();
      for (const {
        adds,
        range: [first, last],
      } of changes) {
        const [from, to] = [BigInt(first), BigInt(last)];
        gaps = adds ? withGap(gaps, from, to) : withoutRange(gaps, from, to);
        for (const position of POSITIONS.filter((each) => from <= each && each <= to))
          if (adds) expected.add(position);
          else expected.delete(position);
      }
      expect(within(gaps)).toEqual(POSITIONS.filter((position) => expected.has(position)));
      expect(gapsIn(showGaps(gaps))).toEqual(gaps);
      for (const [at, [from, to]] of gaps.entries()) {
        const before = gaps[at - 1];
        expect(from <= to && (before === undefined || before[1] + 1n < from)).toBe(true);
      }
    }),
  );
});

test("what is stored otherwise is none", () => {
  expect([undefined, "", "banana", "1-", "-1"].map(gapsIn)).toEqual([[], [], [], [], []]);
  expect(gapsIn("1-2,x,5-5")).toEqual([
    [1n, 2n],
    [5n, 5n],
  ]);
});

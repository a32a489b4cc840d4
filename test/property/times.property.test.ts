/** Whatever the clocks of the turns say, a log says when its entries were made, and a head how its turns went, within the bounds. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { TURNS_BYTES_MAX } from "../../lib/limits.ts";
import { lastTimeIn, MarkWriter, timesIn } from "../../lib/model/entry-times.ts";
import { TURN_ENDS, type TurnRecord } from "../../lib/model/turn-record.ts";
import { storedTurns, type Turns, turnsIn, turnsWith } from "../../lib/model/turns.ts";

const ACCEPTED = 1_795_000_000_000;
/** A hundred years in either direction. */
const ms = fc.integer({ min: -3_000_000_000_000, max: 3_000_000_000_000 });
const when = fc.record({
  atMs: ms.map((at) => ACCEPTED + at),
  tookMs: fc.integer({ min: 0, max: 3_000_000_000_000 }),
  tries: fc.integer({ min: 1, max: 100_000 }),
});

test("marks of any appends come back as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.array(when, { minLength: 1, maxLength: 5 }), { maxLength: 8 }), (appends) => {
      const log: { readonly mark?: Uint8Array }[] = [];
      let lastMs = ACCEPTED;
      for (const entries of appends) {
        const marks = new MarkWriter(lastMs);
        for (const entry of entries) {
          const mark = marks.markOf(entry);
          log.push(mark ? { mark } : {});
        }
        ({ lastMs } = marks);
      }
      const expected = appends.flatMap((entries, append) =>
        entries.map(({ atMs, tookMs, tries }) => ({ append, startedAtMs: atMs - tookMs, atMs, tries })),
      );
      expect(timesIn(log, ACCEPTED)).toEqual(expected);
      expect(lastTimeIn(log, ACCEPTED)).toBe(lastMs);
    }),
  );
});

test("any bytes are read to their end, as a mark and as a history", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(timesIn([{ mark: bytes }, {}], ACCEPTED)).toHaveLength(2);
      const { first, last } = turnsIn(bytes, ACCEPTED);
      expect(first.length + last.length).toBeLessThanOrEqual(bytes.length);
    }),
  );
});

const turn = fc
  .record({
    end: fc.constantFrom(...TURN_ENDS.filter((end) => end !== "running")),
    fromMs: fc.integer({ min: 0, max: 3_000_000_000_000 }).map((at) => ACCEPTED + at),
    tookMs: fc.integer({ min: 0, max: 900_000 }),
    code: fc.integer({ min: 1, max: 9999 }),
    message: fc.string({ minLength: 1, maxLength: 300, unit: "grapheme" }),
  })
  .map(({ end, fromMs, tookMs, code, message }): TurnRecord => {
    const turned = { end, fromMs, untilMs: fromMs + tookMs };
    return end === "failed" || end === "died" ? { ...turned, code, message } : turned;
  });

test("a history of any turns stays within its bounds, counts all, and has the last one", () => {
  const none: Turns = { first: [], leftOut: 0, last: [] };
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 40 }), (all) => {
      let kept = none;
      for (const [at, each] of all.entries()) {
        const stored = storedTurns(turnsWith(kept, each), ACCEPTED);
        kept = turnsIn(stored, ACCEPTED);
        expect(kept.first.length + kept.leftOut + kept.last.length).toBe(at + 1);
        expect(kept.last.at(-1)).toMatchObject({ end: each.end, fromMs: each.fromMs, untilMs: each.untilMs });
        if (kept.last.length > 1) expect(stored.byteLength).toBeLessThanOrEqual(TURNS_BYTES_MAX);
      }
    }),
  );
});

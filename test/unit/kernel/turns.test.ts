/** The history of an invocation's turns, as a head keeps it: docs/decisions/0031-times.md. */
import { describe, expect, test } from "vitest";
import {
  TURN_MESSAGE_CHARS_MAX,
  TURNS_BYTES_MAX,
  TURNS_FIRST_MAX,
  TURNS_LAST_MAX,
} from "../../../lib/limits.ts";
import { TURN_ENDS, type TurnRecord, withTurn } from "../../../lib/model/turn-record.ts";
import { storedTurns, type Turns, turnsIn, turnsWith } from "../../../lib/model/turns.ts";

const ACCEPTED = 1_795_000_000_000;
const NONE: Turns = { first: [], leftOut: 0, last: [] };
const suspended = (at: number): TurnRecord => ({
  end: "suspended",
  fromMs: ACCEPTED + at,
  untilMs: ACCEPTED + at + 5,
});
const failed = (at: number, message: string): TurnRecord => ({
  ...suspended(at),
  end: "failed",
  code: 7,
  message,
});
const of = (all: readonly TurnRecord[]): Turns => all.reduce(turnsWith, NONE);
const again = (turns: Turns): Turns => turnsIn(storedTurns(turns, ACCEPTED), ACCEPTED);

describe("turns", () => {
  test("come back as they were, whatever they ended with", () => {
    const all = TURN_ENDS.filter((end) => end !== "running").map((end, at) => ({
      ...suspended(at * 1000),
      end,
    }));
    const turns = of([...all, failed(9000, "no ü"), { end: "running", fromMs: ACCEPTED + 10_000 }]);
    expect(again(turns)).toEqual(turns);
    expect(turnsIn(undefined, ACCEPTED)).toEqual(NONE);
  });

  test("a turn adds itself to what is stored, without reading it", () => {
    const before = storedTurns(of([suspended(3), failed(900, "no")]), ACCEPTED);
    const running = withTurn(before, ACCEPTED, { end: "running", fromMs: ACCEPTED + 1000 });
    const ended = withTurn(before, ACCEPTED, {
      end: "completed",
      fromMs: ACCEPTED + 1000,
      untilMs: ACCEPTED + 1020,
    });
    expect(turnsIn(running, ACCEPTED).last.at(-1)).toEqual({ end: "running", fromMs: ACCEPTED + 1000 });
    expect(turnsIn(ended, ACCEPTED).last.map(({ end }) => end)).toEqual(["suspended", "failed", "completed"]);
  });

  test("one that has not ended, and has another behind it, has died", () => {
    const running = withTurn(new Uint8Array(0), ACCEPTED, { end: "running", fromMs: ACCEPTED + 1 });
    const next = withTurn(running, ACCEPTED, suspended(50));
    expect(turnsIn(next, ACCEPTED).last).toEqual([{ end: "died", fromMs: ACCEPTED + 1 }, suspended(50)]);
    expect(again(turnsIn(next, ACCEPTED))).toEqual(turnsIn(next, ACCEPTED));
  });

  test("a single turn takes few bytes", () => {
    const one = withTurn(new Uint8Array(0), ACCEPTED, {
      end: "completed",
      fromMs: ACCEPTED + 12,
      untilMs: ACCEPTED + 60,
    });
    expect(one.byteLength).toBe(2);
  });

  test("a clock that runs backwards breaks nothing", () => {
    const turns = of([
      { end: "failed", fromMs: ACCEPTED - 500, untilMs: ACCEPTED - 900 },
      suspended(Number.NaN),
      suspended(7),
    ]);
    expect(again(turns).last.map(({ fromMs }) => fromMs - ACCEPTED)).toEqual([0, 0, 7]);
  });
});

describe("bounds", () => {
  test("the first and the last ones are kept, and the others counted", () => {
    let turns = NONE;
    for (let at = 0; at < 100; at++) turns = again(turnsWith(turns, suspended(at)));
    expect(turns.leftOut).toBe(100 - TURNS_FIRST_MAX - TURNS_LAST_MAX);
    const kept = [...turns.first, ...turns.last].map(({ fromMs }) => fromMs - ACCEPTED);
    expect(kept).toEqual([0, 1, 2, 3, ...Array.from({ length: TURNS_LAST_MAX }, (_, at) => 88 + at)]);
  });

  test("all together stay below the bound, whatever their messages; the last failure keeps most of its own", () => {
    let turns = NONE;
    for (let at = 0; at < 40; at++) {
      turns = again(turnsWith(turns, failed(at * 60_000, "ü".repeat(at * 50))));
      expect(storedTurns(turns, ACCEPTED).byteLength).toBeLessThanOrEqual(TURNS_BYTES_MAX);
      const last = turns.last.at(-1);
      expect(last?.message ?? "").toHaveLength(Math.min(at * 50, last?.message?.length ?? 0));
      if (at > 3) expect(last?.message?.length).toBeGreaterThanOrEqual(TURN_MESSAGE_CHARS_MAX / 2);
    }
    expect(turns.first.length + turns.leftOut + turns.last.length).toBe(40);
  });

  test("what is no history is read as far as it goes", () => {
    for (const bytes of [[255], [3], [3, 5, 7, 200, 1], [7, 7]]) {
      expect(turnsIn(Uint8Array.from(bytes), ACCEPTED).last.length).toBeLessThanOrEqual(2);
    }
  });
});

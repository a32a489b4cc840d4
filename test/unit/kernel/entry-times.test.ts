/** What a log says of when its entries were made: docs/decisions/0031-times.md. */
import { describe, expect, test } from "vitest";
import { decodeEntry, encodeEntry, type RunEntry, withoutMark } from "../../../lib/model/entry.ts";
import { lastTimeIn, MarkWriter, timesIn, type When } from "../../../lib/model/entry-times.ts";
import { identityOf } from "../../../lib/turn/mismatch.ts";
import { sizeOfValue } from "../../../lib/model/item.ts";

const ACCEPTED = 1_795_000_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const run = (command: number, mark?: Uint8Array): RunEntry => ({
  ...{ kind: "run", command, name: "step", outcome: new Uint8Array([49]) },
  ...(mark ? { mark } : {}),
});

/** The log that appends leave, each with the times of its entries. */
function logOf(...appends: readonly (readonly When[])[]): RunEntry[] {
  const log: RunEntry[] = [];
  let lastMs = ACCEPTED;
  for (const times of appends) {
    const marks = new MarkWriter(lastMs);
    for (const when of times) log.push(run(log.length, marks.markOf(when)));
    ({ lastMs } = marks);
  }
  return log;
}
const at = (ms: number, tookMs?: number, tries?: number): When => ({
  atMs: ACCEPTED + ms,
  ...(tookMs === undefined ? {} : { tookMs }),
  ...(tries === undefined ? {} : { tries }),
});
const read = (log: readonly RunEntry[]) =>
  timesIn(log, ACCEPTED).map(
    (times) => times && [times.append, times.startedAtMs - ACCEPTED, times.atMs - ACCEPTED, times.tries],
  );

describe("times of entries", () => {
  test("come back as they were: steps one after another, side by side, and after a long wait", () => {
    const log = logOf(
      [at(5)],
      [at(40, 30, 3)],
      [at(400, 350), at(400), at(500, 460)],
      [at(30 * DAY_MS, 1), at(30 * DAY_MS + 20, 15, 70)],
    );
    expect(read(log)).toEqual([
      [0, 5, 5, 1],
      [1, 10, 40, 3],
      [2, 50, 400, 1],
      [2, 400, 400, 1],
      [2, 40, 500, 1],
      [3, 30 * DAY_MS - 1, 30 * DAY_MS, 1],
      [3, 30 * DAY_MS + 5, 30 * DAY_MS + 20, 70],
    ]);
    expect(lastTimeIn(log, ACCEPTED)).toBe(ACCEPTED + 30 * DAY_MS + 20);
  });

  test("take three bytes for a quick step, and none for what is issued at once with another", () => {
    const [quick, together] = logOf([at(12, 4), at(12)]) as [RunEntry, RunEntry];
    const grown = (entry: RunEntry): number =>
      sizeOfValue(encodeEntry(entry)) - sizeOfValue(encodeEntry(withoutMark(entry)));
    expect([grown(quick), grown(together)]).toEqual([3, 0]);
  });

  test("a clock that runs backwards breaks nothing: no step takes less than nothing", () => {
    expect(read(logOf([at(100, 10)], [at(-5000, -3)], [at(20, 1)]))).toEqual([
      [0, 90, 100, 1],
      [1, -5000, -5000, 1],
      [2, 19, 20, 1],
    ]);
  });

  test("numbers that are none are the time before", () => {
    const odd: When = { atMs: Number.NaN, tookMs: Number.POSITIVE_INFINITY, tries: -1 };
    expect(read(logOf([at(7)], [odd]))).toEqual([
      [0, 7, 7, 1],
      [1, 7, 7, 1],
    ]);
  });

  test("are not there before the first entry that has them, and go on behind one that has none", () => {
    const [first, second] = logOf([at(5, 2)], [at(9, 1)]) as [RunEntry, RunEntry];
    expect(read([run(0), first, run(2), second])).toEqual([
      undefined,
      [0, 3, 5, 1],
      [0, 5, 5, 1],
      [1, 8, 9, 1],
    ]);
  });
});

describe("the stored form", () => {
  const mark = Uint8Array.of(8, 3);

  test("has them behind the other elements, where earlier versions do not look", () => {
    const stored = encodeEntry(run(1, mark));
    expect(stored).toEqual(["r", 1, "step", new Uint8Array([49]), mark]);
    expect(decodeEntry(stored)).toEqual(run(1, mark));
    expect(decodeEntry(stored.slice(0, 4))).toEqual(run(1));
  });

  test("may have something else there, of a later version", () => {
    expect(decodeEntry(["r", 1, "step", new Uint8Array([49]), "later", "later", 2])).toEqual(run(1));
    expect(decodeEntry([...encodeEntry(run(1, mark)), "later"])).toEqual(run(1, mark));
  });

  test("of an awakeable has its name behind them, and a place for them if there are none", () => {
    const entry = { kind: "signal", command: 1, signal: 17, label: "approval" } as const;
    expect(encodeEntry(entry)).toEqual(["a", 1, 17, null, "approval"]);
    expect(encodeEntry({ ...entry, mark })).toEqual(["a", 1, 17, mark, "approval"]);
    expect(decodeEntry(["a", 1, 17, null, "approval"])).toEqual(entry);
    expect(decodeEntry(["a", 1, 17, mark, "approval", "later"])).toEqual({ ...entry, mark });
    expect(identityOf(entry)).toEqual(identityOf({ ...entry, label: "another" }));
  });

  test("of a mark that was cut, or is none, is read as far as it goes", () => {
    expect(read([run(0, Uint8Array.of(255)), run(1, new Uint8Array(0))])).toHaveLength(2);
  });
});

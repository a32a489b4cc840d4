/** Entries with many names, in parts: a turn that dies between them has recorded nothing of the command or the event. */
import { describe, expect, test } from "vitest";
import { JournalFullError } from "../../../lib/errors.ts";
import {
  CLEARED_NAMES_MAX,
  JOURNAL_ENTRIES_MAX,
  JOURNAL_ENTRIES_WARNED,
  NOTES_TAKEN_MAX,
} from "../../../lib/limits.ts";
import { decodeEntry, encodeEntry, type Entry, type StateKeysEntry } from "../../../lib/model/entry.ts";
import { deliveryOf, inEntries, isPart, placeOfPart } from "../../../lib/model/entry-parts.ts";
import { bytes, run, set, signalled, sleep } from "../../support/entries.ts";
import { TurnTranscript } from "./turn-transcript.ts";

const names = Array.from({ length: 2 * CLEARED_NAMES_MAX + 1 }, (_, index) => `name ${index}`);
const stateKeys = (command: number, held: readonly string[]): StateKeysEntry => ({
  ...{ kind: "stateKeys", command },
  names: held,
});

describe("parts of an entry", () => {
  test.each<Entry>([
    stateKeys(7, names),
    { kind: "clearAll", command: 7, names },
    { kind: "clearAll", command: 0, names },
  ])("come before it, and say whose they are: %#", (entry) => {
    const all = inEntries(entry);
    expect(all.map(isPart)).toEqual([true, true, false]);
    expect(all.flatMap((each) => ("names" in each ? each.names : []))).toEqual(names);
    const { command } = entry as StateKeysEntry;
    expect(all.map((each) => placeOfPart("command" in each ? each.command : NaN))).toEqual([
      { command, index: 0 },
      { command, index: 1 },
      { command, index: 0 },
    ]);
    expect(all.map((each) => decodeEntry(encodeEntry(each)))).toEqual(all);
  });

  test("of a cancellation have its delivery", () => {
    const callees = Array.from({ length: 1000 }, (_, index) => `inv_${index}`);
    const all = inEntries({ kind: "cancelled", delivery: "d", callees });
    expect(all.map(isPart)).toEqual([true, true, false]);
    expect(all.map((each) => deliveryOf(each.kind === "cancelled" ? each.delivery : ""))).toEqual([
      "d",
      "d",
      "d",
    ]);
    expect(all.flatMap((each) => (each.kind === "cancelled" ? each.callees : []))).toEqual(callees);
  });

  test("of what is short there is none", () => {
    const short = stateKeys(1, names.slice(0, CLEARED_NAMES_MAX));
    expect(inEntries(short)).toEqual([short]);
    expect(inEntries(stateKeys(1, []))).toEqual([stateKeys(1, [])]);
  });

  test("are put together on replay; those of a turn that died are not", () => {
    const dead = inEntries(stateKeys(0, ["gone", ...names])).slice(0, 2);
    const t = new TurnTranscript({
      log: [...dead, ...inEntries(stateKeys(0, names)), run(1, "step", bytes("1"))],
    });
    t.issue(stateKeys(0, []));
    expect(t.step()).toEqual(["delivered", `0: ${JSON.stringify(names)} @1`]);
    t.issue(run(1, "step"));
    expect(t.run()).toBe("idle");
    expect(t.told.at(-1)).toBe("1: 1 @2");
  });

  test("alone, they are no command: the code does it again", () => {
    const log = inEntries({ kind: "clearAll", command: 0, names }).slice(0, 2);
    const t = new TurnTranscript({ log });
    expect(t.issue({ kind: "clearAll", command: 0, names: [] })).toBeUndefined();
    expect(t.run()).toBe("idle");
    expect(t.turn.pending()).toEqual([{ kind: "clearAll", command: 0, names: [] }]);
  });
});

describe("bounds of a turn", () => {
  test("it takes no more notes off the list than one append can, and goes on after that", () => {
    const notes = Array.from({ length: NOTES_TAKEN_MAX + 5 }, (_, index) =>
      signalled("s", `d${index}`, bytes("v")),
    );
    const t = new TurnTranscript({ notes });
    expect(t.run()).toBe("idle");
    expect(t.turn.taken).toBe(NOTES_TAKEN_MAX);
    expect([t.turn.hasTakenAll, t.turn.mustAppend]).toEqual([true, true]);
    t.turn.appended(notes.slice(NOTES_TAKEN_MAX));
    expect(t.turn.hasTakenAll).toBe(false);
    expect(t.run()).toBe("idle");
    expect(t.turn.taken).toBe(5);
  });

  test("a full journal is an error of its own, and is warned of once", () => {
    const t = new TurnTranscript();
    for (let command = 0; command < JOURNAL_ENTRIES_MAX; command++) {
      expect(t.turn.isNearlyFull).toBe(command >= JOURNAL_ENTRIES_WARNED);
      t.issue(set(command, "n", bytes("v")));
    }
    expect(() => t.issue(sleep(JOURNAL_ENTRIES_MAX, 1))).toThrow(JournalFullError);
    const log = Array.from({ length: JOURNAL_ENTRIES_WARNED }, (_, command) => set(command, "n", bytes("v")));
    const replayed = new TurnTranscript({ log });
    for (const entry of log) replayed.issue(entry);
    expect(replayed.turn.isNearlyFull).toBe(false);
  });
});

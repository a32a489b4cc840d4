/** The turn machine: events in, exact entries out. */
import { describe, expect, test } from "vitest";
import type { Entry } from "../../../lib/model/entry.ts";
import { JournalMismatchError } from "../../../lib/errors.ts";
import { bytes, call, TurnTranscript } from "./turn-transcript.ts";

const idIn = (entry: Entry): string => (entry[0] === "c" ? entry[2] : "no call");

describe("live", () => {
  test("a run and a read have one entry, when they complete; other commands are pending at once", () => {
    const t = new TurnTranscript();
    t.issue(["r", 0, "step", null]);
    t.issue(["g", 1, "key", null]);
    t.issue(["s", 2, "key", bytes("v")]);
    t.issue(["z", 3, 100, "nap"]);
    expect(t.turn.pending()).toEqual([
      ["s", 2, "key", bytes("v")],
      ["z", 3, 100, "nap"],
    ]);
    t.turn.finish(["g", 1, "key", bytes("old")]);
    t.turn.finish(["r", 0, "step", bytes("1")]);
    expect(t.told).toEqual(["1: old @1", "0: 1 @2"]);
    expect(t.turn.pending().slice(2)).toEqual([
      ["g", 1, "key", bytes("old")],
      ["r", 0, "step", bytes("1")],
    ]);
    expect(t.turn.step()).toBe("idle");
  });

  test.each<[string, Entry[], boolean]>([
    ["a result", [["r", 0, "step", null]], true],
    ["a set", [["s", 0, "key", bytes("v")]], true],
    ["a clear", [["d", 0, "key"]], true],
    ["a call", [call(0)], true],
    ["a read", [["g", 0, "key", null]], false],
    ["a sleep", [["z", 0, 1, ""]], false],
    ["an awakeable", [["a", 0, 17]], false],
  ])("J2, R4: %s must be appended before anything goes out: %#", (_, [entry], must) => {
    const t = new TurnTranscript();
    if (!entry) return;
    t.issue(entry as ["r", 0, string, null]);
    if (entry[0] === "r" || entry[0] === "g") t.turn.finish([entry[0], 0, entry[2], bytes("v")]);
    expect(t.turn.mustAppend).toBe(must);
  });

  test("R4: reads are not appended with the completion", () => {
    const t = new TurnTranscript();
    t.issue(["g", 0, "key", null]);
    t.turn.finish(["g", 0, "key", bytes("v")]);
    t.issue(["s", 1, "key", bytes("w")]);
    expect(t.turn.pending(true)).toEqual([["s", 1, "key", bytes("w")]]);
    expect(t.turn.pending()).toHaveLength(2);
  });

  test("an append empties what is pending; numbers go on", () => {
    const t = new TurnTranscript();
    t.issue(["s", 0, "key", bytes("v")]);
    t.turn.appended([]);
    expect([t.turn.pending(), t.turn.nextCommand, t.turn.mustAppend]).toEqual([[], 1, false]);
    expect(() => t.issue(["s", 3, "key", bytes("w")])).toThrow(/issued as number 1/);
  });

  test("a timer of this turn completes a sleep once; its note comes too late", () => {
    const t = new TurnTranscript({ carried: [["n", 0, null]] });
    t.issue(["z", 0, 100, ""]);
    t.turn.finishFromOutside(0, null);
    t.turn.finishFromOutside(0, null);
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual(["0: null @1"]);
    expect(t.turn.pending()).toEqual([
      ["z", 0, 100, ""],
      ["n", 0, null],
    ]);
  });
});

describe("notes", () => {
  test("R9: they are taken one at a time, the list's first, and enter the log in that order", () => {
    const t = new TurnTranscript({ notes: [["n", 1, null]], carried: [["n", 0, bytes("reply")]] });
    t.issue(call(0));
    t.issue(["z", 1, 100, ""]);
    expect(t.step()).toEqual(["delivered", "1: null @1"]);
    expect(t.step()).toEqual(["delivered", "0: reply @2"]);
    expect(t.step()).toEqual(["idle"]);
    expect(t.turn.pending().slice(2)).toEqual([
      ["n", 1, null],
      ["n", 0, bytes("reply")],
    ]);
    expect(t.turn.taken).toBe(1);
  });

  test("what the log has seen is no news, and is dropped from the list", () => {
    const t = new TurnTranscript({
      log: [
        ["z", 0, 100, ""],
        ["n", 0, null],
        ["a", 1, 17],
        ["i", 17, "uid", bytes("v")],
      ],
      notes: [
        ["n", 0, null],
        ["i", 17, "uid", bytes("v")],
      ],
    });
    t.issue(["z", 0, 100, ""]);
    expect(t.step()).toEqual(["delivered", "0: null @1"]);
    t.issue(["a", 1, 17]);
    t.onSignal(17);
    expect(t.step()).toEqual(["delivered", "signal 17: v @2"]);
    expect(t.run()).toBe("idle");
    expect([t.turn.pending(), t.turn.taken]).toEqual([[], 2]);
  });

  test("a note for a recorded command that is not issued yet waits for it", () => {
    const t = new TurnTranscript({ log: [["z", 0, 100, ""]], carried: [["n", 0, null]] });
    expect(t.step()).toEqual(["stalled"]);
    t.issue(["z", 0, 100, ""]);
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual(["0: null @1"]);
  });

  test("notes that an append brings are taken after it", () => {
    const t = new TurnTranscript();
    t.issue(call(0));
    expect(t.step()).toEqual(["idle"]);
    t.turn.appended([["n", 0, bytes("quick")]]);
    expect(t.step()).toEqual(["delivered", "0: quick @1"]);
    expect(t.turn.pending()).toEqual([["n", 0, bytes("quick")]]);
  });

  test("a suspension that was refused leaves the notes taken so far consumed", () => {
    const t = new TurnTranscript({ notes: [["n", 0, null]] });
    t.issue(["z", 0, 1, ""]);
    t.issue(["z", 1, 2, ""]);
    t.run();
    t.turn.notesAre([
      ["n", 0, null],
      ["n", 1, null],
    ]);
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual(["0: null @1", "1: null @2"]);
    expect(t.turn.taken).toBe(2);
  });

  test("signals wait in line by their name, whether they come early or late", () => {
    const t = new TurnTranscript({
      carried: [
        ["i", "a", "1", bytes("first")],
        ["i", "b", "2", bytes("other")],
        ["i", "a", "3", bytes("second")],
      ],
    });
    t.issue(["a", 0, "a"]);
    t.onSignal("a");
    t.run();
    t.issue(["a", 1, "a"]);
    t.onSignal("a");
    t.onSignal("a");
    expect(t.told).toEqual(['signal "a": first @1', 'signal "a": second @3']);
    t.onSignal("b");
    expect(t.told.at(-1)).toBe('signal "b": other @2');
  });

  test("a signal's name is not taken for an awakeable's number", () => {
    const t = new TurnTranscript({ carried: [["i", "17", "u", bytes("signal")]] });
    t.onSignal(17);
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual([]);
  });
});

describe("cancellation", () => {
  test("it waits until something is awaited, and takes the open calls with it", () => {
    const t = new TurnTranscript({ carried: [["x", "uid"]] });
    const made = call(0);
    t.issue(made);
    t.open = [made];
    expect(t.step()).toEqual(["idle"]);
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    made[2] = "callee";
    t.turn.fillCancelled();
    expect(t.turn.pending()).toEqual([call(0, "callee"), ["x", "uid", ["callee"]]]);
    expect(t.turn.mustAppend).toBe(true);
  });

  test("one that comes twice is delivered once; another one is another", () => {
    const t = new TurnTranscript({
      notes: [["x", "one"]],
      carried: [
        ["x", "one"],
        ["x", "two"],
      ],
    });
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    expect(t.step()).toEqual(["idle"]);
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    t.awaits = true;
    expect(t.step()).toEqual(["idle"]);
    expect(t.turn.pending()).toEqual([
      ["x", "one", []],
      ["x", "two", []],
    ]);
  });

  test("on replay it is delivered where the log has it", () => {
    const t = new TurnTranscript({
      log: [
        ["z", 0, 1, ""],
        ["x", "uid", []],
        ["r", 1, "undo", bytes("1")],
      ],
    });
    t.issue(["z", 0, 1, ""]);
    expect(t.step()).toEqual(["stalled"]);
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    t.issue(["r", 1, "undo", null]);
    expect(t.step()).toEqual(["delivered", "1: 1 @2"]);
    expect(t.turn.replaying).toBe(false);
  });
});

describe("replay", () => {
  const log: Entry[] = [
    ["r", 1, "b", bytes("B")],
    ["s", 2, "key", bytes("v")],
    ["r", 0, "a", bytes("A")],
    ["z", 3, 100, "nap"],
    ["n", 3, null],
  ];

  test("events come one by one, in the log's order, and nothing is pending", () => {
    const t = new TurnTranscript({ log });
    expect(t.turn.replaying).toBe(true);
    t.issue(["r", 0, "a", null]);
    t.issue(["r", 1, "b", null]);
    expect(t.step()).toEqual(["delivered", "1: B @1"]);
    t.issue(["s", 2, "key", bytes("v")]);
    expect(t.step()).toEqual(["delivered", "0: A @2"]);
    expect(t.issue(["z", 3, 555, "nap"])).toEqual(["z", 3, 100, "nap"]);
    expect(t.turn.replaying).toBe(true);
    expect(t.step()).toEqual(["delivered", "3: null @3"]);
    expect([t.turn.replaying, t.turn.pending(), t.step()]).toEqual([false, [], ["idle"]]);
  });

  test("an event of a command that was not issued yet stalls", () => {
    const t = new TurnTranscript({ log });
    t.issue(["r", 0, "a", null]);
    expect(t.step()).toEqual(["stalled"]);
    expect(t.turn.stalled().message).toMatch(
      /operation 1 of 4 recorded: the journal recorded run "b".*came to rest/,
    );
  });

  test("D1: another command is a mismatch", () => {
    const t = new TurnTranscript({ log });
    expect(() => t.issue(["r", 0, "x", null])).toThrow(JournalMismatchError);
    expect(() => new TurnTranscript({ log }).issue(["z", 0, 1, "a"])).toThrow(
      /recorded run "a".*now does sleep "a"/,
    );
  });

  test("D1: the end before the log's is a mismatch", () => {
    const t = new TurnTranscript({ log });
    t.issue(["r", 0, "a", null]);
    t.issue(["r", 1, "b", null]);
    t.run();
    expect(() => t.turn.pending(true)).toThrow(
      /operation 2 of 4 recorded: the journal recorded set "key".*code ends/,
    );
  });

  test("the log ends in a command: live at once", () => {
    const t = new TurnTranscript({ log: [["s", 0, "key", bytes("v")]] });
    expect(t.turn.replaying).toBe(true);
    t.issue(["s", 0, "key", bytes("v")]);
    expect(t.step()).toEqual(["idle"]);
    expect([t.turn.replaying, t.turn.pending()]).toEqual([false, []]);
  });

  test("J2: an id is told when the log has the call; before that to nobody", () => {
    const live = new TurnTranscript();
    live.issue(call(0));
    live.issue(call(1));
    const ids: string[] = [];
    live.turn.onRecorded(0, (entry) => void ids.push(idIn(entry)));
    expect([live.turn.awaitsRecord, live.turn.canTell, live.turn.tell()]).toEqual([true, false, false]);
    const pending = live.turn.pending() as [ReturnType<typeof call>, ReturnType<typeof call>];
    [pending[0][2], pending[1][2]] = ["one", "two"];
    live.turn.appended([]);
    live.turn.onRecorded(1, (entry) => void ids.push(idIn(entry)));
    expect([live.turn.awaitsRecord, live.turn.canTell, ids]).toEqual([false, true, []]);
    expect([live.turn.tell(), live.turn.tell(), live.turn.tell(), ids]).toEqual([
      true,
      true,
      false,
      ["one", "two"],
    ]);
  });

  test("D1: on replay an id is told when it is asked for, whatever the log has yet to deliver", () => {
    const ids: string[] = [];
    const t = new TurnTranscript({ log: [["n", 0, null], call(1, "one"), call(2, "two")] });
    t.issue(["z", 0, 5, ""]);
    t.issue(call(1));
    t.issue(call(2));
    t.turn.onRecorded(2, (entry) => void ids.push(idIn(entry)));
    t.turn.onRecorded(1, (entry) => void ids.push(idIn(entry)));
    t.turn.onRecorded(1, (entry) => void ids.push(`again ${idIn(entry)}`));
    expect([t.turn.awaitsRecord, t.turn.tell(), t.told]).toEqual([false, true, []]);
    t.run();
    while (t.turn.tell());
    expect(ids).toEqual(["two", "one", "again one"]);
  });
});

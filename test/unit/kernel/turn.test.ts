/** The turn machine: events in, exact entries out. */
import { describe, expect, test } from "vitest";
import type { CallEntry, CommandEntry, Entry } from "../../../lib/model/entry.ts";
import { JournalMismatchError } from "../../../lib/errors.ts";
import {
  bytes,
  call,
  cancellation,
  cancelled,
  clear,
  completion,
  get,
  run,
  set,
  signal,
  signalled,
  sleep,
} from "../../support/entries.ts";
import { BEGUN_CHARS_MAX, BEGUN_MAX } from "../../../lib/limits.ts";
import { type Script, TurnTranscript } from "./turn-transcript.ts";

const idIn = (entry: Entry): string => (entry.kind === "call" ? entry.callee : "no call");

describe("live", () => {
  test("a run and a read have one entry, when they complete; other commands are pending at once", () => {
    const t = new TurnTranscript();
    t.issue(run(0, "step"));
    t.issue(get(1, "key"));
    t.issue(set(2, "key", bytes("v")));
    t.issue(sleep(3, 100, "nap"));
    expect(t.turn.pending()).toEqual([set(2, "key", bytes("v")), sleep(3, 100, "nap")]);
    t.turn.finish(get(1, "key", bytes("old")));
    t.turn.finish(run(0, "step", bytes("1")));
    expect(t.told).toEqual(["1: old @1", "0: 1 @2"]);
    expect(t.turn.pending().slice(2)).toEqual([get(1, "key", bytes("old")), run(0, "step", bytes("1"))]);
    expect(t.turn.step()).toBe("idle");
  });

  test.each<[string, [CommandEntry], boolean]>([
    ["a result", [run(0, "step")], true],
    ["a set", [set(0, "key", bytes("v"))], true],
    ["a clear", [clear(0, "key")], true],
    ["a call", [call(0)], true],
    ["a read", [get(0, "key")], false],
    ["a sleep", [sleep(0, 1)], false],
    ["an awakeable", [signal(0, 17)], false],
  ])("J2, R4: %s must be appended before anything goes out: %#", (_, [entry], must) => {
    const t = new TurnTranscript();
    t.issue(entry);
    if (entry.kind === "run") t.turn.finish({ ...entry, outcome: bytes("v") });
    if (entry.kind === "get") t.turn.finish({ ...entry, value: bytes("v") });
    expect(t.turn.mustAppend).toBe(must);
  });

  test("R4: reads are pending until the end: its writer drops them", () => {
    const t = new TurnTranscript();
    t.issue(get(0, "key"));
    t.turn.finish(get(0, "key", bytes("v")));
    t.issue(set(1, "key", bytes("w")));
    // The writer drops the read, if the completion is one append.
    expect(t.turn.pending(true)).toHaveLength(2);
  });

  test("an append empties what is pending; numbers go on", () => {
    const t = new TurnTranscript();
    t.issue(set(0, "key", bytes("v")));
    t.turn.appended([]);
    expect([t.turn.pending(), t.turn.nextCommand, t.turn.mustAppend]).toEqual([[], 1, false]);
    expect(() => t.issue(set(3, "key", bytes("w")))).toThrow(/issued as number 1/);
  });

  test("a timer of this turn completes a sleep once; its note comes too late", () => {
    const t = new TurnTranscript({ carried: [completion(0)] });
    t.issue(sleep(0, 100));
    t.turn.finishFromOutside(0, null);
    t.turn.finishFromOutside(0, null);
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual(["0: null @1"]);
    expect(t.turn.pending()).toEqual([sleep(0, 100), completion(0)]);
  });
});

describe("notes", () => {
  test("R9: they are taken one at a time, the list's first, and enter the log in that order", () => {
    const t = new TurnTranscript({ notes: [completion(1)], carried: [completion(0, bytes("reply"))] });
    t.issue(call(0));
    t.issue(sleep(1, 100));
    expect(t.step()).toEqual(["delivered", "1: null @1"]);
    expect(t.step()).toEqual(["delivered", "0: reply @2"]);
    expect(t.step()).toEqual(["idle"]);
    expect(t.turn.pending().slice(2)).toEqual([completion(1), completion(0, bytes("reply"))]);
    expect(t.turn.taken).toBe(1);
  });

  test("what the log has seen is no news, and is dropped from the list", () => {
    const t = new TurnTranscript({
      log: [sleep(0, 100), completion(0), signal(1, 17), signalled(17, "uid", bytes("v"))],
      notes: [completion(0), signalled(17, "uid", bytes("v"))],
    });
    t.issue(sleep(0, 100));
    expect(t.step()).toEqual(["delivered", "0: null @1"]);
    t.issue(signal(1, 17));
    t.onSignal(17);
    expect(t.step()).toEqual(["delivered", "signal 17: v @2"]);
    expect(t.run()).toBe("idle");
    expect([t.turn.pending(), t.turn.taken]).toEqual([[], 2]);
  });

  test("a note for a recorded command that is not issued yet waits for it", () => {
    const t = new TurnTranscript({ log: [sleep(0, 100)], carried: [completion(0)] });
    expect(t.step()).toEqual(["stalled"]);
    t.issue(sleep(0, 100));
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual(["0: null @1"]);
  });

  test("notes that an append brings are taken after it", () => {
    const t = new TurnTranscript();
    t.issue(call(0));
    expect(t.step()).toEqual(["idle"]);
    t.turn.appended([completion(0, bytes("quick"))]);
    expect(t.step()).toEqual(["delivered", "0: quick @1"]);
    expect(t.turn.pending()).toEqual([completion(0, bytes("quick"))]);
  });

  test("a suspension that was refused leaves the notes taken so far consumed", () => {
    const t = new TurnTranscript({ notes: [completion(0)] });
    t.issue(sleep(0, 1));
    t.issue(sleep(1, 2));
    t.run();
    t.turn.notesAre([completion(0), completion(1)]);
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual(["0: null @1", "1: null @2"]);
    expect(t.turn.taken).toBe(2);
  });

  test("signals wait in line by their name, whether they come early or late", () => {
    const t = new TurnTranscript({
      carried: [
        signalled("a", "1", bytes("first")),
        signalled("b", "2", bytes("other")),
        signalled("a", "3", bytes("second")),
      ],
    });
    t.issue(signal(0, "a"));
    t.onSignal("a");
    t.run();
    t.issue(signal(1, "a"));
    t.onSignal("a");
    t.onSignal("a");
    expect(t.told).toEqual(['signal "a": first @1', 'signal "a": second @3']);
    t.onSignal("b");
    expect(t.told.at(-1)).toBe('signal "b": other @2');
  });

  test("a signal's name is not taken for an awakeable's number", () => {
    const t = new TurnTranscript({ carried: [signalled("17", "u", bytes("signal"))] });
    t.onSignal(17);
    expect(t.run()).toBe("idle");
    expect(t.told).toEqual([]);
  });
});

describe("cancellation", () => {
  test("it waits until something is awaited, and takes the open calls with it", () => {
    const t = new TurnTranscript({ carried: [cancellation("uid")] });
    const made = call(0);
    t.issue(made);
    t.open = [made];
    expect(t.step()).toEqual(["idle"]);
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    made.callee = "callee";
    t.turn.fillCancelled();
    expect(t.turn.pending()).toEqual([call(0, "callee"), cancelled("uid", ["callee"])]);
    expect(t.turn.mustAppend).toBe(true);
  });

  test("one that comes twice is delivered once; another one is another", () => {
    const t = new TurnTranscript({
      notes: [cancellation("one")],
      carried: [cancellation("one"), cancellation("two")],
    });
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    expect(t.step()).toEqual(["idle"]);
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    t.awaits = true;
    expect(t.step()).toEqual(["idle"]);
    expect(t.turn.pending()).toEqual([cancelled("one"), cancelled("two")]);
  });

  test("on replay it is delivered where the log has it", () => {
    const t = new TurnTranscript({
      log: [sleep(0, 1), cancelled("uid"), run(1, "undo", bytes("1"))],
    });
    t.issue(sleep(0, 1));
    expect(t.step()).toEqual(["stalled"]);
    t.awaits = true;
    expect(t.step()).toEqual(["delivered", "cancelled"]);
    t.issue(run(1, "undo"));
    expect(t.step()).toEqual(["delivered", "1: 1 @2"]);
    expect(t.turn.replaying).toBe(false);
  });
});

describe("replay", () => {
  const log: Entry[] = [
    run(1, "b", bytes("B")),
    set(2, "key", bytes("v")),
    run(0, "a", bytes("A")),
    sleep(3, 100, "nap"),
    completion(3),
  ];

  test("events come one by one, in the log's order, and nothing is pending", () => {
    const t = new TurnTranscript({ log });
    expect(t.turn.replaying).toBe(true);
    t.issue(run(0, "a"));
    t.issue(run(1, "b"));
    expect(t.step()).toEqual(["delivered", "1: B @1"]);
    t.issue(set(2, "key", bytes("v")));
    expect(t.step()).toEqual(["delivered", "0: A @2"]);
    expect(t.issue(sleep(3, 555, "nap"))).toEqual(sleep(3, 100, "nap"));
    expect(t.turn.replaying).toBe(true);
    expect(t.step()).toEqual(["delivered", "3: null @3"]);
    expect([t.turn.replaying, t.turn.pending(), t.step()]).toEqual([false, [], ["idle"]]);
  });

  test("an event of a command that was not issued yet stalls", () => {
    const t = new TurnTranscript({ log });
    t.issue(run(0, "a"));
    expect(t.step()).toEqual(["stalled"]);
    expect(t.turn.stalled().message).toMatch(
      /operation 1 of 4 recorded: the journal recorded run "b".*came to rest/,
    );
  });

  test("D1: another command is a mismatch", () => {
    const t = new TurnTranscript({ log });
    expect(() => t.issue(run(0, "x"))).toThrow(JournalMismatchError);
    expect(() => new TurnTranscript({ log }).issue(sleep(0, 1, "a"))).toThrow(
      /recorded run "a".*now does sleep "a"/,
    );
  });

  test("D1: the end before the log's is a mismatch", () => {
    const t = new TurnTranscript({ log });
    t.issue(run(0, "a"));
    t.issue(run(1, "b"));
    t.run();
    expect(() => t.turn.pending(true)).toThrow(
      /operation 2 of 4 recorded: the journal recorded set "key".*code ends/,
    );
  });

  test("D1: so is the end before a number that the log does not have, and rest before it", () => {
    const gap = new TurnTranscript({ log: [set(0, "key", bytes("v")), sleep(2, 100)] });
    gap.issue(set(0, "key", bytes("v")));
    expect([gap.step(), gap.turn.replaying]).toEqual([["stalled"], true]);
    expect(() => gap.turn.pending(true)).toThrow(/operation 2 of 2 recorded: .*sleep.*code ends/);
    expect(gap.turn.stalled().message).toMatch(/operation 2 of 2 recorded: .*sleep.*came to rest/);
    gap.issue(get(1, "key"));
    expect([gap.step(), gap.turn.replaying]).toEqual([["stalled"], true]);
    gap.issue(sleep(2, 100));
    expect([gap.step(), gap.turn.replaying]).toEqual([["idle"], false]);
  });

  test("R4: a read that the log does not have is told of, unless every attempt knows what it reads", () => {
    const t = new TurnTranscript({ log: [set(1, "key", bytes("v")), set(3, "other", bytes("w"))] });
    t.issue(get(0, "key"));
    t.turn.needsNoEntry(0);
    t.issue(set(1, "key", bytes("v")));
    expect(t.turn.recorded.missesRead).toBe(false);
    t.issue(get(2, "third"));
    expect(t.turn.recorded.missesRead).toBe(true);
    const live = new TurnTranscript();
    live.issue(get(0, "key"));
    expect(live.turn.recorded.missesRead).toBe(false);
  });

  test("the log ends in a command: live at once", () => {
    const t = new TurnTranscript({ log: [set(0, "key", bytes("v"))] });
    expect(t.turn.replaying).toBe(true);
    t.issue(set(0, "key", bytes("v")));
    expect(t.step()).toEqual(["idle"]);
    expect([t.turn.replaying, t.turn.pending()]).toEqual([false, []]);
  });

  test("J2: an id is told when the log has the call; before that to nobody", () => {
    const live = new TurnTranscript();
    live.issue(call(0));
    live.issue(call(1));
    const ids: string[] = [];
    live.turn.recorded.onRecorded(0, (entry) => void ids.push(idIn(entry)));
    expect([live.turn.recorded.awaitsRecord, live.turn.recorded.canTell, live.turn.recorded.tell()]).toEqual([
      true,
      false,
      false,
    ]);
    const [one, two] = live.turn.pending() as [CallEntry, CallEntry];
    [one.callee, two.callee] = ["one", "two"];
    live.turn.appended([]);
    live.turn.recorded.onRecorded(1, (entry) => void ids.push(idIn(entry)));
    expect([live.turn.recorded.awaitsRecord, live.turn.recorded.canTell, ids]).toEqual([false, true, []]);
    expect([live.turn.recorded.tell(), live.turn.recorded.tell(), live.turn.recorded.tell(), ids]).toEqual([
      true,
      true,
      false,
      ["one", "two"],
    ]);
  });

  test("D1: on replay an id is told when it is asked for, whatever the log has yet to deliver", () => {
    const ids: string[] = [];
    const t = new TurnTranscript({ log: [completion(0), call(1, "one"), call(2, "two")] });
    t.issue(sleep(0, 5));
    t.issue(call(1));
    t.issue(call(2));
    t.turn.recorded.onRecorded(2, (entry) => void ids.push(idIn(entry)));
    t.turn.recorded.onRecorded(1, (entry) => void ids.push(idIn(entry)));
    t.turn.recorded.onRecorded(1, (entry) => void ids.push(`again ${idIn(entry)}`));
    expect([t.turn.recorded.awaitsRecord, t.turn.recorded.tell(), t.told]).toEqual([false, true, []]);
    t.run();
    while (t.turn.recorded.tell());
    expect(ids).toEqual(["two", "one", "again one"]);
  });
});

describe("0019: what a failed attempt had begun", () => {
  /** Lets the code of a new attempt do as the script says, after one that had begun `begun`. */
  const after = (begun: readonly (readonly [number, string])[], script: Partial<Script> = {}) =>
    new TurnTranscript({ ...script, begun });

  test("what is not in the log is told", () => {
    const t = new TurnTranscript({ log: [run(0, "done", bytes("1"))] });
    t.issue(run(0, "done"));
    t.run();
    t.issue(run(1, "step"));
    t.issue(sleep(2, 100, "nap"));
    expect(t.turn.begun).toEqual([]);
    t.turn.rests();
    expect(t.turn.begun).toEqual([
      [1, 'run "step"'],
      [2, 'sleep "nap"'],
    ]);
    t.turn.finish(run(1, "step", bytes("2")));
    t.turn.appended([]);
    expect(t.turn.begun).toEqual([]);
  });

  test("what was begun after a result that is not recorded is not told", () => {
    const t = new TurnTranscript();
    t.issue(get(0, "key"));
    t.turn.rests();
    t.turn.finish(get(0, "key", bytes("v")));
    t.issue(run(1, "step"));
    t.turn.rests();
    expect(t.turn.begun).toEqual([[0, 'get "key"']]);
    t.turn.appended([]);
    t.turn.rests();
    expect(t.turn.begun).toEqual([[1, 'run "step"']]);
  });

  test("a read that needs no entry is not told", () => {
    const t = new TurnTranscript();
    t.issue(get(0, "key"));
    t.turn.needsNoEntry(0);
    t.turn.rests();
    expect(t.turn.begun).toEqual([]);
  });

  test("the next attempt must begin it, before it gets anything new", () => {
    const t = after([[0, 'run "step"']], { notes: [signalled("s", "d")] });
    t.onSignal("s");
    expect(t.turn.replaying).toBe(true);
    expect(t.step()).toEqual(["stalled"]);
    expect(t.turn.stalled().message).toMatch(/operation 0: .* run "step", but the code came to rest/);
    expect(() => t.turn.pending(true)).toThrow(/operation 0: .* run "step", but the code ends without/);
    expect(() => t.issue(run(0, "other"))).toThrow(JournalMismatchError);
    t.issue(run(0, "step"));
    expect(t.turn.replaying).toBe(false);
    expect(t.run()).toBe("idle");
    expect(t.told).toHaveLength(1);
  });

  test("one that fails before that keeps it", () => {
    const t = after([
      [0, 'run "a"'],
      [1, 'run "b"'],
    ]);
    t.issue(run(0, "a"));
    expect(() => t.issue(run(1, "c"))).toThrow(/operation 1: .* had begun run "b"/);
    expect(t.turn.begun).toEqual([
      [0, 'run "a"'],
      [1, 'run "b"'],
    ]);
  });

  test("what the log has by now counts instead", () => {
    const t = after([[0, 'run "a"']], { log: [sleep(0, 1)] });
    t.issue(sleep(0, 1));
    t.turn.rests();
    expect(t.turn.begun).toEqual([]);
  });

  test("it is bounded", () => {
    const t = new TurnTranscript();
    for (let command = 0; command <= BEGUN_MAX; command++) t.issue(run(command, "x".repeat(500)));
    t.turn.rests();
    expect(t.turn.begun).toHaveLength(BEGUN_MAX);
    expect(t.turn.begun[0]?.[1]).toHaveLength(BEGUN_CHARS_MAX);
    const next = after(t.turn.begun);
    for (let command = 0; command <= BEGUN_MAX; command++) next.issue(run(command, "x".repeat(500)));
    expect(next.turn.replaying).toBe(false);
  });
});

test("what is issued while an append is under way is pending afterwards", () => {
  const t = new TurnTranscript();
  t.issue(set(0, "key", bytes("v")));
  const { length: count } = t.turn.pending();
  t.issue(set(1, "key", bytes("w")));
  t.turn.appended([], count);
  expect(t.turn.pending()).toEqual([set(1, "key", bytes("w"))]);
});

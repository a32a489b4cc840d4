/** Wait trees: an invocation is woken when awaiting can end, not before. */
import { expect, test } from "vitest";
import { decodeNotes } from "../../../lib/model/entry.ts";
import type { Value } from "../../../lib/model/value.ts";
import { canProgress, decodeWait, encodeWait, leavesOf } from "../../../lib/model/wait.ts";

// Trees and notes are written as they are stored: that is the shortest.
const reply = (command: number): Value => ["n", command, new Uint8Array(0)];
const failure = (command: number): Value => ["n", command, [500, "no"]];
const c = (command: number): Value => ["c", command];

test.each<[string, Value, Value[], boolean]>([
  ["a leaf", c(1), [reply(1)], true],
  ["another one's reply", c(1), [reply(2)], false],
  ["a sleep", ["z", 3, 99], [["n", 3, null]], true],
  ["a promise", ["p", 4, "name"], [reply(4)], true],
  ["an awakeable by its number", ["i", 17], [["i", 17, "u", null]], true],
  ["an awakeable is no command", ["i", 17], [reply(17)], false],
  ["a command is no awakeable", c(17), [["i", 17, "u", null]], false],
  ["a signal by its name", ["i", "go"], [["i", "go", "u", null]], true],
  ["a signal whose name is a number", ["i", 17], [["i", "17", "u", null]], false],
  ["a cancellation ends any wait", ["all", [c(1), c(2)]], [["x", "u"]], true],
  ["all: one of two", ["all", [c(1), c(2)]], [reply(1)], false],
  ["all: both", ["all", [c(1), c(2)]], [reply(1), reply(2)], true],
  ["all: one failure", ["all", [c(1), c(2)]], [failure(2)], true],
  ["all of nothing", ["all", []], [], true],
  ["any: one success", ["any", [c(1), c(2)]], [reply(2)], true],
  ["any: one failure", ["any", [c(1), c(2)]], [failure(1)], false],
  ["any: all failures", ["any", [c(1), c(2)]], [failure(1), failure(2)], true],
  ["race: a failure", ["race", [c(1), c(2)]], [failure(2)], true],
  ["race of nothing", ["race", []], [], false],
  ["settled: one failure", ["settled", [c(1), c(2)]], [failure(1)], false],
  ["settled: both", ["settled", [c(1), c(2)]], [failure(1), reply(2)], true],
  ["nested: the inner one is done", ["all", [["settled", [c(1), c(2)]], c(3)]], [reply(1), reply(2)], false],
  ["nested: a failure goes up", ["all", [["any", [c(1), c(2)]], c(3)]], [failure(1), failure(2)], true],
  [
    "nested: a failure does not go up through settled",
    ["all", [["settled", [c(1)]], c(3)]],
    [failure(1)],
    false,
  ],
  ["map: it may fail", ["all", [["~", [c(1)]], c(2)]], [reply(1)], true],
  ["map: not before its part", ["~", [c(1)]], [], false],
  ["orTimeout: the sleep", ["race", [c(1), ["~", [["z", 2, 9]]]]], [["n", 2, null]], true],
])("%s", (_, wait, notes, expected) => {
  expect(canProgress(decodeWait(wait), decodeNotes(notes))).toBe(expected);
});

test("leaves, in order", () => {
  const stored: Value = [
    "all",
    [
      ["race", [c(1), ["z", 2, 9]]],
      ["~", [["i", 17]]],
      ["p", 4, "x"],
      ["h", 5, "id"],
    ],
  ];
  const wait = decodeWait(stored);
  expect(encodeWait(wait)).toEqual(stored);
  expect(leavesOf(wait)).toEqual([
    { kind: "call", command: 1 },
    { kind: "sleep", command: 2, dueAtMs: 9 },
    { kind: "signal", signal: 17 },
    { kind: "promise.get", command: 4, name: "x" },
    { kind: "attach", command: 5, id: "id" },
  ]);
  expect(leavesOf(decodeWait(["race", []]))).toEqual([]);
});

test.each<[Value, RegExp]>([
  ["race", /unknown leaf of a wait tree: "race"/],
  [["race"], /unknown leaf of a wait tree/],
  [["each", []], /unknown leaf of a wait tree/],
  [["all", [["z", 1]]], /malformed leaf of a wait tree of kind "sleep": field "dueAtMs" is missing/],
])("what is no tree is refused: %j", (stored, message) => {
  expect(() => decodeWait(stored)).toThrow(message);
  expect(() => decodeWait(stored)).toThrow(TypeError);
});

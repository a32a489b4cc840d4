/** Wait trees: an invocation is woken when awaiting can end, not before. */
import { expect, test } from "vitest";
import { decodeNotes } from "../../../lib/model/entry.ts";
import type { Value } from "../../../lib/model/value.ts";
import { WAIT_BYTES_MAX, WAIT_DEPTH_MAX } from "../../../lib/limits.ts";
import { canProgress, decodeWait, encodeWait, leavesOf, type Wait } from "../../../lib/model/wait.ts";
import { waitText } from "../../../lib/model/wait-text.ts";
import * as fc from "fast-check";

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

// --- as text -----------------------------------------------------------------------------------------------------

const calls = (numbers: readonly number[]): Wait => ({
  kind: "all",
  parts: numbers.map((command) => ({ kind: "call", command })),
});
const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test("a wide tree is a short text, also when every other part of it has come", () => {
  const wide = calls(numbersTo(30_000));
  const stored = encodeWait(wide, true);
  expect(stored).toBe('["all",[["C",0,30000]]]');
  expect(decodeWait(stored)).toEqual(wide);
  const half = calls(numbersTo(30_000).filter((command) => command % 2 === 1));
  const text = encodeWait(half, true) as string;
  expect(text.length).toBeLessThan(WAIT_BYTES_MAX);
  expect(decodeWait(text)).toEqual(half);
});

test("a deep tree is text, which an item holds", () => {
  const deep = numbersTo(WAIT_DEPTH_MAX).reduce<Wait>(
    (inner, command) => ({ kind: "race", parts: [inner, { kind: "sleep", command, dueAtMs: 9 }] }),
    { kind: "signal", signal: "name" },
  );
  const stored = encodeWait(deep);
  expect(typeof stored).toBe("string");
  expect(decodeWait(stored)).toEqual(deep);
  expect(canProgress(decodeWait(stored), [])).toBe(false);
});

test("a small tree is lists, and so is a wide one for readers that know no text", () => {
  expect(encodeWait(calls([1, 2]), true)).toEqual(["all", [c(1), c(2)]]);
  expect(Array.isArray(encodeWait(calls(numbersTo(1000))))).toBe(true);
  expect(typeof encodeWait(calls(numbersTo(1000)), true)).toBe("string");
});

test("any tree comes back as it was", () => {
  const leaf = fc.oneof(
    fc.record({ kind: fc.constant("call" as const), command: fc.nat(20) }),
    fc.record({
      kind: fc.constant("signal" as const),
      signal: fc.oneof(fc.nat(20), fc.constantFrom("a", "[", "C")),
    }),
    fc.record({ kind: fc.constant("sleep" as const), command: fc.nat(20), dueAtMs: fc.nat() }),
  );
  const { tree } = fc.letrec<{ tree: Wait }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.record({ kind: fc.constantFrom("all" as const, "race" as const), parts: fc.array(tie("tree")) }),
    ),
  }));
  fc.assert(
    fc.property(tree, (wait) => {
      expect(decodeWait(waitText(encodeWait(wait) as Value[]))).toEqual(wait);
    }),
  );
});

test.each<[string, RegExp]>([
  ["[", /is not JSON/],
  ['["all",[["C",0]]]', /series of a wait tree's text is malformed/],
  ['["all",[["C",0,"1"]]]', /series of a wait tree's text is malformed/],
  ['["all",[7]]', /no part of a tree/],
])("what is no tree's text is refused: %j", (text, message) => {
  expect(() => decodeWait(text)).toThrow(message);
  expect(() => decodeWait(text)).toThrow(TypeError);
});

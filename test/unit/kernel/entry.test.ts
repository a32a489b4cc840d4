/** The stored form of entries, notes and messages: it must not change while the format's version does not. */
import { describe, expect, test } from "vitest";
import {
  decodeEntry,
  decodeNote,
  encodeEntry,
  encodeNote,
  type Entry,
  largeValueOf,
  type Note,
  sizeOfEntry,
  withLargeValue,
} from "../../../lib/model/entry.ts";
import { sizeOfValue } from "../../../lib/model/item.ts";
import { decodeMessage, encodeMessage } from "../../../lib/model/message.ts";
import type { Value } from "../../../lib/model/value.ts";
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

const asked = ["Service", "handler", null, bytes("in"), {}, null, null, null, 7, 0];
const reminder = {
  ...{ service: "Object", handler: "remind", key: "k", input: bytes("1"), headers: { a: "b" } },
  ...{ idempotencyKey: "once", dueAtMs: 99, name: "reminder", acceptedAtMs: 7, incarnation: 5 },
};

const STORED: [Entry, Value[]][] = [
  [run(0, "step", bytes("1")), ["r", 0, "step", bytes("1")]],
  [run(0, "step", [500, "no", { a: "b" }]), ["r", 0, "step", [500, "no", { a: "b" }]]],
  [get(1, "name", bytes("1")), ["g", 1, "name", bytes("1")]],
  [get(1, "name"), ["g", 1, "name", null]],
  [{ kind: "stateKeys", command: 2, names: ["a", "b"] }, ["k", 2, ["a", "b"]]],
  [{ kind: "peek", command: 3, name: "done", outcome: null }, ["q", 3, "done", null]],
  [set(4, "name", "value#ref"), ["s", 4, "name", "value#ref"]],
  [clear(5, "name"), ["d", 5, "name"]],
  [{ kind: "clearAll", command: 6, names: [] }, ["D", 6, []]],
  [sleep(7, 99, "nap"), ["z", 7, 99, "nap"]],
  [call(8, "inv_a"), ["c", 8, "inv_a", asked]],
  [
    { kind: "send", command: 9, callee: "inv_b", call: reminder },
    ["o", 9, "inv_b", ["Object", "remind", "k", bytes("1"), { a: "b" }, "once", 99, "reminder", 7, 5]],
  ],
  [signal(10, 17), ["a", 10, 17]],
  [signal(10, "go"), ["a", 10, "go"]],
  [
    { kind: "sendSignal", command: 11, id: "inv_a", incarnation: null, signal: "go", outcome: bytes("1") },
    ["t", 11, "inv_a", null, "go", bytes("1")],
  ],
  [
    { kind: "sendSignal", command: 11, id: "inv_a", incarnation: 3, signal: 17, outcome: [500, "no"] },
    ["t", 11, "inv_a", 3, 17, [500, "no"]],
  ],
  [{ kind: "promise.get", command: 12, name: "done" }, ["p", 12, "done"]],
  [
    { kind: "promise.complete", command: 13, name: "done", outcome: bytes("1") },
    ["v", 13, "done", bytes("1")],
  ],
  [{ kind: "attach", command: 14, id: "inv_a" }, ["h", 14, "inv_a"]],
  [{ kind: "cancel", command: 15, id: "inv_a" }, ["y", 15, "inv_a"]],
  [completion(8, bytes("1")), ["n", 8, bytes("1")]],
  [signalled("go", "uid", bytes("1")), ["i", "go", "uid", bytes("1")]],
  [signalled(17, "uid"), ["i", 17, "uid", null]],
  [cancelled("uid", ["inv_a"]), ["x", "uid", ["inv_a"]]],
];

describe("an entry", () => {
  test.each(STORED)("%j is stored as %j", (entry, stored) => {
    expect(encodeEntry(entry)).toEqual(stored);
    expect(decodeEntry(stored)).toEqual(entry);
    expect(sizeOfEntry(entry)).toBe(sizeOfValue(stored));
  });

  test.each<[Value, string]>([
    ["r", 'unknown journal entry: "r"'],
    [[], "unknown journal entry: []"],
    [["R", 0], 'unknown journal entry: ["R",0]'],
    [["r", "0", "step", null], 'malformed journal entry of kind "run": field "command"'],
    [["r", 0, "step"], 'malformed journal entry of kind "run": field "outcome" is missing'],
    [["x", "uid", [1]], 'malformed journal entry of kind "cancelled": field "callees"'],
    [["a", 0, null], 'malformed journal entry of kind "signal": field "signal"'],
    [["c", 0, "inv_a", asked.slice(1)], 'malformed journal entry of kind "call": field "call"'],
    [["c", 0, "inv_a", asked.with(4, { a: 1 })], 'malformed journal entry of kind "call": field "call"'],
  ])("%j is refused", (stored, message) => {
    expect(() => decodeEntry(stored)).toThrow(message);
    expect(() => decodeEntry(stored)).toThrow(TypeError);
  });

  test("may have further elements at its end, of a newer version: they are ignored", () => {
    for (const [entry, stored] of STORED) expect(decodeEntry([...stored, 1, [2]])).toEqual(entry);
    expect(decodeEntry(["c", 8, "inv_a", [...asked, 1, "more"]])).toEqual(call(8, "inv_a"));
    expect(decodeNote(["x", "uid", "more"])).toEqual(cancellation("uid"));
    const body = JSON.stringify({ kind: "notify", id: "inv_a", note: ["n", 8, null, "more"], more: 1 });
    expect(decodeMessage(body)).toMatchObject({ note: completion(8) });
  });

  test("has at most one value that may be large, in the place that its kind has for it", () => {
    for (const [entry] of STORED) {
      const expected = LARGE.has(entry.kind) ? "ref" : undefined;
      expect([entry.kind, largeValueOf(withLargeValue(entry, "ref"))]).toEqual([entry.kind, expected]);
    }
    expect(encodeEntry(withLargeValue(call(8, "inv_a"), "ref"))).toEqual([
      "c",
      8,
      "inv_a",
      asked.with(3, "ref"),
    ]);
    expect(withLargeValue(sleep(7, 9), "ref")).toEqual(sleep(7, 9));
  });
});

const LARGE: ReadonlySet<string> = new Set([
  ...["run", "get", "peek", "set", "call", "send", "sendSignal"],
  ...["promise.complete", "completion", "signalled"],
]);

describe("a note", () => {
  test.each<[Note, Value[]]>([
    [completion(8, bytes("1")), ["n", 8, bytes("1")]],
    [signalled("go", "uid", [500, "no"]), ["i", "go", "uid", [500, "no"]]],
    [cancellation("uid"), ["x", "uid"]],
  ])("%j is stored as %j, and sent as that", (note, stored) => {
    expect(encodeNote(note)).toEqual(stored);
    expect(decodeNote(stored)).toEqual(note);
    const message = { kind: "notify", id: "inv_a", incarnation: 0, note, dueAtMs: 9 } as const;
    const text = encodeMessage(message);
    const wire = stored.map((field) => (field instanceof Uint8Array ? { "~b": "MQ==" } : field));
    expect(text).toBe(
      `{"kind":"notify","id":"inv_a","incarnation":0,"note":${JSON.stringify(wire)},"dueAtMs":9}`,
    );
    expect(decodeMessage(text)).toEqual(message);
  });

  test.each<[Value, string]>([
    [["x"], 'malformed note of kind "cancellation": field "delivery"'],
    [["r", 0, "step", null], 'unknown note: ["r",0,"step",null]'],
  ])("%j is refused, and so is its message", (stored, message) => {
    expect(() => decodeNote(stored)).toThrow(message);
    const body = JSON.stringify({ kind: "notify", id: "inv_a", note: stored });
    expect(() => decodeMessage(body)).toThrow(message);
    expect(() => decodeMessage('{"kind":"notify","id":"inv_a"}')).toThrow(TypeError);
  });
});

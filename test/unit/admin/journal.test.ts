import { describe, expect, test } from "vitest";
import { inputKey, pageKey, valueKey } from "../../../lib/model/head-keys.ts";
import { awakeableId } from "../../../lib/model/ids.ts";
import { failure } from "../../../lib/model/outcome.ts";
import { refOf } from "../../../lib/model/value-ref.ts";
import type { Value } from "../../../lib/model/value.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { bytes, NOW } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

const AT = "2026-11-22T15:48:42.688Z";

async function entriesOf(world: AdminWorld, id: string, query = ""): Promise<object[]> {
  const { body } = await world.ask(`GET /invocations/${id}/journal${query}`);
  return (body as { entries: object[] }).entries;
}

test("value_chars: the beginnings of values, and how long the whole is", async () => {
  const world = new AdminWorld();
  const { id } = await world.withLog([
    ["r", 0, "step", bytes('"0123456789"')],
    ["s", 1, "short", bytes("1")],
    ["s", 2, "raw", new Uint8Array([255, 254, 253, 252, 251, 250])],
    ["s", 3, "emoji", bytes("12345😀")],
    ["n", 4, [500, "a failure is not cut", {}]],
  ]);
  expect(await entriesOf(world, id, "?value_chars=6")).toMatchObject([
    { result: { value: '"01234', value_bytes: 12 } },
    { value: "1" },
    { value_base64: "//79", value_bytes: 6 },
    { value: "12345�", value_bytes: 9 },
    { result: { failure: { message: "a failure is not cut" } } },
  ]);
  expect((await world.ask(`GET /invocations/${id}/journal?value_chars=x`)).status).toBe(400);
});

describe("a journal's entries are described", () => {
  test("entry by entry", async () => {
    const world = new AdminWorld();
    const call = ["T", "hello", null, bytes("1"), { a: "b" }, "once", NOW, "named", NOW, 0];
    const log: Value[] = [
      ["r", 0, "step", bytes('"ü"')],
      ["r", 1, "", [500, "no", { a: "b" }]],
      ["g", 2, "count", bytes("1")],
      ["g", 3, "count", null],
      ["k", 4, ["a", "b"]],
      ["q", 5, "done", null],
      ["s", 6, "raw", new Uint8Array([255])],
      ["d", 7, "raw"],
      ["D", 8, ["a"]],
      ["z", 9, NOW, ""],
      ["z", 10, NOW, "nap"],
      ["c", 11, "inv_callee", call],
      ["o", 12, "inv_callee", ["O", "add", "k", bytes(""), {}, null, null, null, NOW, 0]],
      ["a", 13, 17],
      ["a", 14, "go"],
      ["t", 15, "inv_other", null, "go", bytes("1")],
      ["p", 16, "done"],
      ["v", 17, "done", bytes("2")],
      ["h", 18, "inv_other"],
      ["y", 19, "inv_other"],
      ["n", 11, bytes("3")],
      ["i", "go", "uid", bytes("4")],
      ["i", 17, "uid", [500, "rejected"]],
      ["x", "uid", []],
    ];
    const { id } = await world.withLog(log);
    const awakeable_id = awakeableId({ id, incarnation: 0, index: 17 });
    expect((await entriesOf(world, id)).map((entry, index) => [index, entry])).toEqual(
      [
        { type: "run", command: 0, name: "step", result: { value: '"ü"' } },
        {
          type: "run",
          command: 1,
          name: "",
          result: { failure: { code: 500, message: "no", metadata: { a: "b" } } },
        },
        { type: "get", command: 2, name: "count", value: "1" },
        { type: "get", command: 3, name: "count", value: null },
        { type: "stateKeys", command: 4, names: ["a", "b"] },
        { type: "peek", command: 5, name: "done", result: null },
        { type: "set", command: 6, name: "raw", value_base64: "/w==" },
        { type: "clear", command: 7, name: "raw" },
        { type: "clearAll", command: 8, names: ["a"] },
        { type: "sleep", command: 9, due_at: AT },
        { type: "sleep", command: 10, name: "nap", due_at: AT },
        {
          type: "call",
          command: 11,
          invoked_id: "inv_callee",
          invoked_target: "T/hello",
          name: "named",
          input: { value: "1" },
          headers: { a: "b" },
          idempotency_key: "once",
          due_at: AT,
          accepted_at: AT,
        },
        {
          type: "send",
          command: 12,
          invoked_id: "inv_callee",
          invoked_target: "O/k/add",
          input: { value: "" },
          accepted_at: AT,
        },
        { type: "signal", command: 13, awakeable_id },
        { type: "signal", command: 14, signal: "go" },
        { type: "sendSignal", command: 15, invoked_id: "inv_other", signal: "go", result: { value: "1" } },
        { type: "promise.get", command: 16, name: "done" },
        { type: "promise.complete", command: 17, name: "done", result: { value: "2" } },
        { type: "attach", command: 18, invoked_id: "inv_other" },
        { type: "cancel", command: 19, invoked_id: "inv_other" },
        { type: "completion", command: 11, result: { value: "3" } },
        { type: "signalled", signal: "go", result: { value: "4" } },
        { type: "signalled", awakeable_id, result: { failure: { code: 500, message: "rejected" } } },
        { type: "cancelled", delivery: "uid", cancelled: [] },
      ].map((entry, index) => [index, { index, ...entry }]),
    );
  });

  test("an awakeable that is completed elsewhere has its id", async () => {
    const world = new AdminWorld();
    const other = await world.invocation({});
    const { id } = await world.withLog([["t", 0, other.id, 5, 2, bytes("1")]]);
    expect(await entriesOf(world, id)).toMatchObject([
      { awakeable_id: awakeableId({ id: other.id, incarnation: 5, index: 2 }) },
    ]);
  });
});

describe("a journal is described", () => {
  test("with input, headers, notes and output", async () => {
    const world = new AdminWorld();
    const start = await world.invocation({
      s: "running",
      h: { a: "1" },
      m: [
        ["n", 1, bytes("2")],
        ["x", "uid"],
      ],
    });
    const line = `GET /invocations/${start.id}/journal`;
    expect((await world.ask(line)).body).toEqual({
      id: shownId(start.id),
      length: 0,
      input: { value: '"x"' },
      headers: { a: "1" },
      entries: [],
      pending_notes: [
        { type: "completion", command: 1, result: { value: "2" } },
        { type: "cancelled", delivery: "uid", cancelled: [] },
      ],
    });
    await world.complete(start, failure(400, "no"));
    expect((await world.ask(line)).body).toMatchObject({ output: { failure: { code: 400, message: "no" } } });
  });

  test("from its pages, in slices, and with values that are kept apart", async () => {
    const world = new AdminWorld();
    const value = bytes("v".repeat(2000));
    const log = Array.from({ length: 6 }, (_, command): Value => ["s", command, "a", refOf(value)]);
    const { id } = await world.withLog(log.slice(4), { n: 6, p: 4, in: true });
    await world.items.write({ op: "put", key: pageKey(id, 0, 0), attributes: { l: log.slice(0, 4) } });
    await world.items.write({ op: "put", key: valueKey(id, refOf(value)), attributes: { value } });
    await world.items.write({ op: "put", key: inputKey(id, 0), attributes: { value: bytes("long") } });

    const { body } = await world.ask(`GET /invocations/${id}/journal?from=3&limit=2`);
    expect(body).toMatchObject({
      length: 6,
      input: { value: "long" },
      entries: [{ index: 3 }, { index: 4 }],
    });
    expect((body as { entries: object[] }).entries).toHaveLength(2);
    expect(await entriesOf(world, id, "?from=5")).toEqual([
      { index: 5, type: "set", command: 5, name: "a", value: "v".repeat(2000) },
    ]);
    expect(await entriesOf(world, id, "?from=6")).toEqual([]);
  });

  test("without more values than an answer holds", async () => {
    const world = new AdminWorld();
    const value = new Uint8Array(256 * 1024).fill(97);
    const log = Array.from({ length: 10 }, (_, command): Value => ["r", command, "", refOf(value)]);
    const { id } = await world.withLog(log);
    await world.items.write({ op: "put", key: valueKey(id, refOf(value)), attributes: { value } });
    const entries = (await entriesOf(world, id)) as { result: Record<string, string> }[];
    expect(entries.filter(({ result }) => result["value"] !== undefined)).toHaveLength(8);
    expect(entries.at(-1)?.result).toEqual({ value_ref: refOf(value) });
  });

  test("never with a gap", async () => {
    const world = new AdminWorld();
    const { id } = await world.withLog([], { n: 1 });
    expect(await world.ask(`GET /invocations/${id}/journal`)).toMatchObject({ status: 500 });
    expect(world.logs).toEqual([{ level: "error", message: "admin: unexpected failure" }]);
  });
});

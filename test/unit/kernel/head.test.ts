/** The head: it is read back as it was written, and a newer format is refused. */
import { describe, expect, test } from "vitest";
import { decodeEntries } from "../../../lib/model/entry.ts";
import {
  encodeAttempt,
  encodeReplyTo,
  FORMAT_VERSION,
  newHead,
  parseHead,
  retentionAttributes,
} from "../../../lib/model/head.ts";
import { isExpired } from "../../../lib/model/head-age.ts";
import { headKey, inputKey, pageKey } from "../../../lib/model/head-keys.ts";
import { whileAt, whileOpen } from "../../../lib/store/head/clauses.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import { type Attributes, holds } from "../../../lib/model/item.ts";
import { MAILBOX_RETENTION_MS } from "../../../lib/limits.ts";
import type { Start } from "../../../lib/model/message.ts";
import { encodeOutcome, failure, success } from "../../../lib/model/outcome.ts";

const id = invocationId("Counter", "k", new Uint8Array(UNIQUE_SIZE));
const start: Start = {
  kind: "start",
  id,
  incarnation: 3,
  origin: "parent.0.1",
  target: { service: "Counter", handler: "add", key: "k" },
  input: new Uint8Array([1]),
  headers: { a: "b" },
  replyTo: { id: "inv_parent", incarnation: 1, command: 2 },
  idempotencyKey: "idem",
  acceptedAtMs: 1000,
};

describe("parse", () => {
  test("a new head", () => {
    const head = parseHead({ ...newHead(start, { token: "t", deployment: "d" }), s: "running", u: 2000 });
    expect(head).toMatchObject({
      status: "running",
      incarnation: 3,
      target: start.target,
      origin: "parent.0.1",
      token: "t",
      deployment: "d",
      length: 0,
      tail: [],
      notes: [],
      replies: [start.replyTo],
      idempotencyKey: "idem",
      acceptedAtMs: 1000,
      modifiedAtMs: 2000,
      attempt: { count: 0 },
    });
    expect(head).not.toHaveProperty("outcome");
    expect(head).not.toHaveProperty("wait");
  });

  test("a target without a key", () => {
    const { key: _, ...target } = start.target;
    expect(parseHead({ ...newHead({ ...start, target }, {}), s: "running", u: 1 }).target).toEqual(target);
  });

  test("one that has been through much", () => {
    const run = { command: 1, attempts: 2, sinceMs: 3 };
    const error = { code: 500, message: "no" };
    const item: Attributes = {
      ...newHead(start, {}),
      s: "suspended",
      u: 1,
      n: 5,
      b: 4,
      p: 3,
      l: [
        ["z", 1, 9, ""],
        ["n", 1, null],
      ],
      m: [["x", "uid"]],
      w: ["race", [["z", 1, 9]]],
      f: encodeAttempt({ count: 4, run }, error),
      y: 77,
      e: 88,
    };
    expect(parseHead(item)).toMatchObject({
      length: 5,
      lastAppend: 4,
      paged: 3,
      tail: [
        { kind: "sleep", command: 1, dueAtMs: 9, name: "" },
        { kind: "completion", command: 1, outcome: null },
      ],
      notes: [{ kind: "cancellation", delivery: "uid" }],
      wait: { kind: "race", parts: [{ kind: "sleep", command: 1, dueAtMs: 9 }] },
      attempt: { count: 4, run },
      failure: error,
      dueAtMs: 77,
      expiresAtMs: 88,
    });
  });

  test.each([
    ["a success", success(new Uint8Array([7]))],
    ["a failure", failure(418, "no", { a: "b" })],
    ["a failure without metadata", failure(500, "no")],
    ["a long value", { ok: true as const, ref: "value#abc" }],
  ])("an outcome: %s", (_, outcome) => {
    expect(
      parseHead({ ...newHead(start, {}), s: "completed", u: 1, x: encodeOutcome(outcome) }).outcome,
    ).toEqual(outcome);
  });

  test("another format is refused, and so is an entry of another kind", () => {
    expect(() => parseHead({ ...newHead(start, {}), v: FORMAT_VERSION + 1 })).toThrow(
      /journal format 2 is not supported/,
    );
    for (const bad of [["?", 0], ["rr", 0], [], "r", [1]])
      expect(() => decodeEntries([bad as never])).toThrow(/unknown journal entry/);
    expect(() => decodeEntries("log")).toThrow(TypeError);
    expect(decodeEntries(undefined)).toEqual([]);
  });

  test("reply addresses", () => {
    expect(encodeReplyTo({ id: "i", incarnation: 1, command: 2 })).toEqual(["i", 1, 2]);
  });
});

describe("conditions", () => {
  const item = { ...newHead(start, {}), s: "running", n: 4 };
  test.each<[string, Attributes | undefined, boolean, boolean]>([
    ["as believed", item, true, true],
    ["absent", undefined, false, false],
    ["of another incarnation", { ...item, i: 4 }, false, false],
    ["completed", { ...item, s: "completed" }, false, false],
    ["paused", { ...item, s: "paused" }, true, false],
    ["longer", { ...item, n: 5 }, true, false],
    ["shorter", { ...item, n: 3 }, true, false],
  ])("J1, J3: %s", (_, held, open, at) => {
    expect([holds(held, whileOpen(3)), holds(held, whileAt(3, 4))]).toEqual([open, at]);
  });
});

test("R10: a head outlives the mailbox; its result expires before", () => {
  const { e, ttl } = retentionAttributes(1000, { retentionMs: 500 });
  expect(e).toBe(1500);
  expect(Number(ttl) * 1000).toBeGreaterThanOrEqual(1500 + MAILBOX_RETENTION_MS);
  expect([
    isExpired({ expiresAtMs: 1500 }, 1499),
    isExpired({ expiresAtMs: 1500 }, 1500),
    isExpired({}, 1e15),
  ]).toEqual([false, true, false]);
});

test("an incarnation's items are its own, and pages are in order", () => {
  expect(
    new Set([
      headKey(id).sk,
      inputKey(id, 1).sk,
      inputKey(id, 2).sk,
      pageKey(id, 1, 0).sk,
      pageKey(id, 2, 0).sk,
    ]).size,
  ).toBe(5);
  expect(pageKey(id, 1, 9).sk < pageKey(id, 1, 10).sk).toBe(true);
});

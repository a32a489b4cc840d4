/** Ids: they name their service and key, and a made-up id is recognised. */
import { describe, expect, test } from "vitest";
import {
  awakeableId,
  childUnique,
  groupOf,
  idempotentUnique,
  incarnationOf,
  invocationId,
  isExclusiveId,
  isInvocationId,
  journalPartition,
  lockPartition,
  parseAwakeableId,
  promisePartition,
  serviceTag,
  statePartition,
  tagOf,
  UNIQUE_SIZE,
  workflowUnique,
} from "../../../lib/model/ids.ts";

const unique = (fill: number): Uint8Array => new Uint8Array(UNIQUE_SIZE).fill(fill);
const plain = invocationId("Greeter", undefined, unique(1));
const keyed = invocationId("Counter", "k", unique(1));

describe("invocation ids", () => {
  test("begin as Restate's do, and tell their service's tag", () => {
    expect(plain).toMatch(/^inv_[\w-]+$/);
    expect([tagOf(plain), tagOf(keyed)]).toEqual([serviceTag("Greeter"), serviceTag("Counter")]);
  });

  test("a plain one's group is itself, an exclusive one's is its key's", () => {
    expect([groupOf(plain), isExclusiveId(plain)]).toEqual([plain, false]);
    expect(isExclusiveId(keyed)).toBe(true);
    expect(groupOf(keyed)).toBe(groupOf(invocationId("Counter", "k", unique(2))));
    const others = [
      groupOf(invocationId("Counter", "l", unique(1))),
      groupOf(invocationId("Other", "k", unique(1))),
      groupOf(invocationId("Counter", "", unique(1))),
    ];
    expect(new Set([groupOf(keyed), ...others]).size).toBe(4);
  });

  test("every changed character is noticed", () => {
    for (const id of [plain, keyed]) {
      for (let at = 4; at < id.length; at++) {
        const other = id[at] === "A" ? "B" : "A";
        expect(isInvocationId(id.slice(0, at) + other + id.slice(at + 1))).toBe(false);
      }
    }
  });

  test.each([
    "",
    "inv_",
    "inv_abc",
    `${plain}A`,
    plain.slice(0, -1),
    plain.slice(4),
    `${plain}=`,
    plain.replace("inv_", "INV_"),
    "inv_ÿÿÿÿ",
  ])("no id: %s", (text) => {
    expect(isInvocationId(text)).toBe(false);
    expect(() => groupOf(text)).toThrow(RangeError);
  });
});

describe("awakeable ids", () => {
  test.each([plain, keyed])("there and back: %s", (id) => {
    for (const [incarnation, index] of [
      [0, 17],
      [0xffff_ffff, 0xffff_ffff],
      [1, 0],
    ] as const) {
      const text = awakeableId({ id, incarnation, index });
      expect(text).toMatch(/^sign_1[\w-]+$/);
      expect(parseAwakeableId(text)).toEqual({ id, incarnation, index });
    }
  });

  test("what was made up is refused", () => {
    const text = awakeableId({ id: plain, incarnation: 0, index: 17 });
    const others = [
      "",
      "sign_1",
      "sign_1AAAAAAAAAAAAAAAA",
      text.slice(0, -1),
      `${text}A`,
      text.slice(5),
      plain,
      text.replace("sign_1", "prom_1"),
    ];
    for (const other of others) expect(parseAwakeableId(other)).toBeUndefined();
    expect(() => awakeableId({ id: "inv_made_up", incarnation: 0, index: 17 })).toThrow(RangeError);
  });
});

describe("M2: derived", () => {
  test("the same for the same cause, another for any other", () => {
    const causes = [
      childUnique(plain, 0, 1),
      childUnique(plain, 0, 2),
      childUnique(plain, 1, 1),
      childUnique(keyed, 0, 1),
      idempotentUnique("S", undefined, "h", "i"),
      idempotentUnique("S", "", "h", "i"),
      idempotentUnique("S", "k", "h", "i"),
      idempotentUnique("S", "k", "h", "j"),
      idempotentUnique("S", "kh", "", "i"),
      workflowUnique("S", "k"),
      workflowUnique("Sk", ""),
    ];
    expect(new Set(causes.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(causes.length);
    expect(causes.every((bytes) => bytes.byteLength === UNIQUE_SIZE)).toBe(true);
    expect(childUnique(plain, 0, 1)).toEqual(causes[0]);
  });

  test("an incarnation is never 0, and derives from its origin", () => {
    expect(incarnationOf("a")).toBe(incarnationOf("a"));
    expect(incarnationOf("a")).not.toBe(incarnationOf("b"));
    for (let n = 0; n < 500; n++) expect(incarnationOf(`origin ${n}`)).toBeGreaterThan(0);
  });
});

test("every partition of a service begins with its tag, and no two kinds meet", () => {
  const partitions = [statePartition("S", "k"), promisePartition("S", "k"), lockPartition("S", "k")];
  expect(new Set(partitions).size).toBe(3);
  for (const partition of partitions) expect(partition.startsWith(`${serviceTag("S")}.`)).toBe(true);
  expect(journalPartition(keyed).startsWith(`${serviceTag("Counter")}.`)).toBe(true);
});

/** 0019: what a head, an answer and a request say of what a failed attempt had begun, also those of other versions. */
import { describe, expect, test } from "vitest";
import { begunIn, begunOn } from "../../../lib/model/begun.ts";
import { encodeAttempt, HEAD_ATTRIBUTE, newHead, parseHead } from "../../../lib/model/head.ts";
import { BEGUN_CHARS_MAX, BEGUN_MAX } from "../../../lib/limits.ts";
import type { Start } from "../../../lib/model/message.ts";
import type { Value } from "../../../lib/model/value.ts";
import { countAttempt } from "../../../runtime/dispatcher/failed-attempt.ts";

const start: Start = {
  ...{ kind: "start", id: "inv_1", incarnation: 0, origin: "o", headers: {}, acceptedAtMs: 1 },
  ...{ target: { service: "S", handler: "h" }, input: new Uint8Array() },
};
const begun = { deployment: "dp_1", commands: [[1, 'run "step"']] as const };
const attemptIn = (stored: Value) =>
  parseHead({ ...newHead(start, {}), [HEAD_ATTRIBUTE.attempt]: stored }).attempt;

describe("in a head", () => {
  test("it is read as it was written", () => {
    expect(attemptIn(encodeAttempt({ count: 2, begun }))).toEqual({ count: 2, begun });
  });

  test("an earlier version's has none", () => {
    expect(attemptIn({ count: 2, failure: { code: 500, message: "no" } })).toEqual({ count: 2 });
  });

  test("what a later version adds is ignored, and so is what cannot be read", () => {
    const later = { ...begun, more: [1] } as unknown as Value;
    expect(attemptIn({ count: 2, begun: later, more: 1 })).toEqual({ count: 2, begun });
    expect(attemptIn({ count: 2, begun: [1, 2] })).toEqual({ count: 2 });
  });
});

describe("in a handler's answer", () => {
  const failed = {
    kind: "failed",
    failure: { code: 500, message: "no" },
    length: 1,
    progress: false,
  } as const;

  test("what was known before stays if it says nothing: it has died, or its SDK is an earlier one", () => {
    const died = { kind: "died", failure: failed.failure, throttled: false } as const;
    expect(countAttempt({ count: 1, begun }, failed, false)).toEqual({ count: 1, begun });
    expect(countAttempt({ count: 1, begun }, died, false)).toEqual({ count: 1, begun });
    expect(countAttempt({ count: 1 }, { ...failed, begun }, false)).toEqual({ count: 1, begun });
  });

  test("it is cut", () => {
    const commands = Array.from({ length: 2 * BEGUN_MAX }, (_, command) => [command, "x".repeat(1000)]);
    const cut = begunIn({ deployment: "dp_1", commands });
    expect(cut?.commands).toHaveLength(BEGUN_MAX);
    expect(cut?.commands[0]).toEqual([0, "x".repeat(BEGUN_CHARS_MAX)]);
  });

  test.each([null, 1, "x", {}, { deployment: 1, commands: [] }, { ...begun, commands: [[1]] }])(
    "%j is nothing",
    (value) => expect(begunIn(value)).toBeUndefined(),
  );
});

test("other code may begin something else", () => {
  expect(begunOn("dp_1", begun)).toEqual(begun.commands);
  expect(begunOn("dp_2", begun)).toEqual([]);
});

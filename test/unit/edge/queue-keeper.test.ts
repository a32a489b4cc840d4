/** R16: how long messages are hidden, in which order, and when they are released. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Incoming } from "../../../lib/model/message.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { QueueKeeper, type Receipts } from "../../../runtime/dispatcher/queue-keeper.ts";
import { ManualClock } from "../local/manual-clock.ts";
import {
  AGAIN_MS_MAX,
  HIDDEN_MS,
  HIDDEN_STEP_MS,
  HIDE_AFTER_MS,
  HIDING_BEAT_MS,
  LINGER_MS,
} from "../../../lib/limits.ts";

type Request = readonly [what: string, ...messages: string[]];

let clock: ManualClock;
let requests: Request[];
let hide: Receipts["hide"];
const receipts: Receipts = {
  hide: async (messages) => {
    requests.push(["hide", ...messages.map(({ messageId, ms }) => `${messageId} ${ms}`)]);
    return await hide(messages);
  },
  delete: async (ids) => void requests.push(["delete", ...ids]),
};
beforeEach(() => {
  clock = new ManualClock();
  requests = [];
  hide = async () => [];
});

/** `a1` is a message of group `a`. */
const message = (messageId: string, receiveCount = 1): Incoming => ({
  messageId,
  group: messageId.slice(0, 1),
  sequence: messageId,
  receiveCount,
  body: "",
});
const batchOf = (...ids: string[]): Incoming[] => ids.map((id) => message(id));
const keeping = (batch: readonly Incoming[]): QueueKeeper => {
  const keeper = new QueueKeeper({ receipts, clock, logger: silentLogger }, batch);
  keeper.begin();
  return keeper;
};

test("after two seconds, and then with each beat: of a group the oldest first, and the longest", async () => {
  const keeper = keeping(batchOf("a1", "b1", "a2", "a3"));
  await clock.advance(HIDE_AFTER_MS - 1);
  expect(requests).toEqual([]);
  await clock.advance(1);
  const [a1, a2] = [HIDDEN_MS + 2 * HIDDEN_STEP_MS, HIDDEN_MS + HIDDEN_STEP_MS];
  const beat = ["hide", `a1 ${a1}`, `b1 ${HIDDEN_MS}`, `a2 ${a2}`, `a3 ${HIDDEN_MS}`];
  expect(requests).toEqual([beat]);
  await clock.advance(2 * HIDING_BEAT_MS);
  expect(requests).toEqual([beat, beat, beat]);
  await keeper.end();
  await clock.advance(10 * HIDING_BEAT_MS);
  expect(requests).toHaveLength(3);
  expect(clock.waits()).toEqual([]);
});

test("a batch that is through soon costs no request: Lambda deletes it", async () => {
  const batch = batchOf("a1", "b1");
  const keeper = keeping(batch);
  keeper.finish(batch.slice(0, 1), []);
  keeper.finish(batch.slice(1), []);
  await keeper.end();
  expect(requests).toEqual([]);
  expect(clock.waits()).toEqual([]);
});

describe("with a straggler", () => {
  test("finished groups are deleted, and not hidden any more", async () => {
    const [a1, a2, b1] = batchOf("a1", "a2", "b1") as [Incoming, Incoming, Incoming];
    const keeper = keeping([a1, a2, b1]);
    keeper.finish([a1, a2], []);
    await clock.advance(LINGER_MS);
    expect(requests).toEqual([["delete", "a1", "a2"]]);
    await clock.advance(HIDE_AFTER_MS - LINGER_MS);
    expect(requests.slice(1)).toEqual([["hide", `b1 ${HIDDEN_MS}`]]);
    keeper.finish([b1], []);
    await keeper.end();
    expect(requests).toHaveLength(2);
  });

  test("what is given back is shown soon, after what is done was deleted", async () => {
    const [a1, a2, b1] = [message("a1"), message("a2", 3), message("b1")];
    const keeper = keeping([a1, a2, b1]);
    keeper.finish([a1], [a2]);
    await clock.advance(LINGER_MS);
    expect(requests).toEqual([
      ["delete", "a1"],
      ["hide", "a2 4000"],
    ]);
    keeper.finish([b1], []);
    await keeper.end();
    expect(requests).toHaveLength(2);
  });
});

test("what is given back at the end does not wait for the last beat's end, but longer each time", async () => {
  const batch = [message("a1"), message("b1", 2), message("c1", 99)];
  const keeper = keeping(batch);
  for (const each of batch) keeper.finish([], [each]);
  await keeper.end();
  expect(requests).toEqual([["hide", "a1 1000", "b1 2000", `c1 ${AGAIN_MS_MAX}`]]);
});

describe("R7: the next message of a group is not begun", () => {
  test("when SQS says that one of it is not ours any more; other groups go on", async () => {
    hide = async () => ["a2"];
    const keeper = keeping(batchOf("a1", "a2", "b1"));
    expect(keeper.holds("a")).toBe(true);
    await clock.advance(HIDE_AFTER_MS);
    expect(keeper.holds("a")).toBe(false);
    expect(keeper.holds("b")).toBe(true);
    await keeper.end();
  });

  test("when beats fail until the last good one has run out", async () => {
    const keeper = keeping(batchOf("a1"));
    await clock.advance(HIDE_AFTER_MS);
    hide = async () => await Promise.reject(new Error("no answer"));
    await clock.advance(2 * HIDING_BEAT_MS);
    expect(keeper.holds("a")).toBe(true);
    await clock.advance(HIDDEN_MS - 2 * HIDING_BEAT_MS);
    expect(keeper.holds("a")).toBe(false);
    hide = async () => [];
    await clock.advance(HIDING_BEAT_MS);
    expect(keeper.holds("a")).toBe(true);
    await keeper.end();
  });

  test("when nobody knows whether the first beat cut the visibility short", async () => {
    hide = async () => await Promise.reject(new Error("the answer was lost"));
    const keeper = keeping(batchOf("a1"));
    await clock.advance(HIDE_AFTER_MS + HIDING_BEAT_MS);
    expect(keeper.holds("a")).toBe(true);
    await clock.advance(HIDDEN_MS - HIDING_BEAT_MS);
    expect(keeper.holds("a")).toBe(false);
    await keeper.end();
  });
});

test("a deletion that fails is left to Lambda, and the message is kept until then", async () => {
  const batch = batchOf("a1", "b1");
  const keeper = new QueueKeeper(
    {
      receipts: { ...receipts, delete: async () => await Promise.reject(new Error("no answer")) },
      clock,
      logger: silentLogger,
    },
    batch,
  );
  keeper.begin();
  keeper.finish(batch.slice(0, 1), []);
  await clock.advance(HIDING_BEAT_MS);
  expect(requests.at(-1)).toEqual(["hide", `a1 ${HIDDEN_MS}`, `b1 ${HIDDEN_MS}`]);
  await keeper.end();
});

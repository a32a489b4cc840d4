/** What the pages of events say, and the events that they begin with: each is one that its source could deliver. */
import { describe, expect, test } from "vitest";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { readEvent } from "../../../runtime/events/shapes/event.ts";
import { parseSource } from "../../../runtime/events/source.ts";
import { courseOf, type SubscriptionCourse, subscriptionOf } from "../../../ui/admin/subscriptions.ts";
import { aimOf } from "../../../ui/pages/events/aim.ts";
import { eventFor } from "../../../ui/pages/events/event-shapes.ts";
import {
  countsInWords,
  eventsSentence,
  lookOfSubscription,
  rateInWords,
  subscriptionSentence,
} from "../../../ui/pages/events/events-words.ts";
import { outcomeInWords, outcomeOf } from "../../../ui/pages/events/outcome.ts";
import type { Said } from "../../../ui/words/pieces.ts";
import { recordOriginOf } from "../../../ui/words/record-origin.ts";

const NOW = Date.UTC(2030, 0, 1);
const COUNTS = { accepted: 1200, repeated: 3, rejected: 1, failed: 0, accepted_last_minute: 90 };

const answer = (source: string, status: object = {}, more: object = {}): AnswerFields =>
  new AnswerFields(
    {
      ...{ id: "sub_1a", name: "orders", source, sink: "service://Shop/place", options: {} },
      ...{ created_at: "2030-01-01T00:00:00.000Z", status: { read_here: true, counts: COUNTS, ...status } },
      ...more,
    },
    "answer",
  );
const subscription = (source: string, status: object = {}) => subscriptionOf(answer(source, status));
const course = (source: string, more: object = {}): SubscriptionCourse => courseOf(answer(source, {}, more));
const flat = (sentence: Said): string =>
  sentence.map((part) => (typeof part === "string" ? part : part[0])).join("");

test("the list says what is wrong, or that nothing is", () => {
  const [running, failing, paused] = ["running", "failing", "paused"].map((state) =>
    subscription("kafka://main/orders", { state }),
  );
  if (!running || !failing || !paused) throw new Error("three");
  expect(flat(eventsSentence([running], 0, false))).toBe("1 subscription. Nothing is wrong.");
  expect(flat(eventsSentence([running, failing, paused], 1, false))).toBe(
    "3 subscriptions. 1 fails, and is tried again. 1 is paused. 1 record was set aside, and waits for you.",
  );
  expect(flat(eventsSentence([failing, failing], 100, true))).toBe(
    "2 subscriptions. 2 fail, and are tried again. At least 100 records were set aside, and wait for you.",
  );
});

test.for([
  ["kafka://main/orders", { state: "running", lag: 0 }, "It reads its topic, and has accepted all of it."],
  ["kafka://main/orders", { state: "running", lag: 1 }, "It reads its topic, and is 1 record behind."],
  ["kafka://main/orders", { state: "running", lag: null }, "It reads its topic."],
  ["kafka://main/orders", { state: "starting" }, "It joins its group."],
  [
    "kafka://main/orders",
    { state: "failing" },
    "It fails, and is tried again. Nothing is lost: what is not accepted is read again.",
  ],
  ["kafka://main/orders", { state: "paused" }, "It is paused. Nothing is read; the topic keeps its records."],
  ["schedule://nightly", { state: "paused" }, "It is paused. No tick is made."],
  [
    "schedule://nightly",
    { state: "running", next_tick: "2030-01-01T00:00:10.000Z" },
    "This server makes its ticks. The next tick is due in 10 s.",
  ],
  [
    "schedule://nightly",
    { state: null, read_here: false },
    "Its ticks are made elsewhere. There is no next tick.",
  ],
  [
    "sqs://work",
    { state: null, read_here: false },
    "This server does not read its source. It takes what is delivered.",
  ],
] as const)("%s %j: %s", ([source, status, said]) => {
  expect(flat(subscriptionSentence(subscription(source, status), NOW))).toBe(said);
});

test("one that a person has paused is not drawn as what needs somebody", () => {
  expect(lookOfSubscription(subscription("sqs://work", { state: "paused" })).look).toBe("suspended");
  expect(lookOfSubscription(subscription("sqs://work", { state: null })).word).toBe("Delivered");
});

test("counts and rates", () => {
  expect(countsInWords(subscription("sqs://work"))).toBe("1,200 accepted, 3 repeated, 1 set aside");
  expect(countsInWords(subscription("sqs://work", { counts: null }))).toBe("not counted here");
  expect([undefined, 0, 7, 90, 60_000].map(rateInWords)).toEqual(["", "0/s", "7/min", "1.5/s", "1000/s"]);
});

test("a partition that is read is the lane that its mark is of", () => {
  const { lanes } = course("kafka://main/orders", {
    lanes: [
      {
        lane: "main/orders-0",
        accepted_to: "41",
        accepted_at: "2030-01-01T00:00:00.000Z",
        left_out: [{ from: "3", to: "5" }],
      },
      { lane: "main/orders-7", accepted_to: "2", accepted_at: "2030-01-01T00:00:00.000Z" },
    ],
    perdure: {
      partitions: [
        { partition: 0, end: "50", lag: 8, failing: true },
        { partition: 1, end: "0", lag: 0 },
      ],
    },
  });
  expect(lanes).toMatchObject([
    {
      name: "orders-0",
      position: "41",
      end: "50",
      lag: 8,
      isFailing: true,
      leftOut: [{ from: "3", to: "5" }],
    },
    { name: "orders-1", end: "0", isFailing: false, leftOut: [] },
    { name: "orders-7", position: "2" },
  ]);
});

describe("an event to begin with", () => {
  const SOURCES = [
    ...[
      "kafka://main/orders",
      "sqs://work",
      "sqs://work.fifo",
      "sns://news",
      "events://bus",
      "kinesis://clicks",
    ],
    ...["dynamodb://table", "s3://bucket", "schedule://nightly"],
  ];
  test.each(SOURCES)("is one of %s", (text) => {
    const source = parseSource(text);
    if (typeof source === "string") throw new Error(source);
    const batchOf = (id: string, nowMs: number) =>
      readEvent(JSON.parse(eventFor(course(text), { nowMs, id })), source, { oneAtATime: false });
    const [record, ...others] = batchOf("one", NOW).records;
    expect([record?.unreadable, others, batchOf("one", NOW).ignored]).toEqual([undefined, [], 0]);
    // Made anew it is another record; of Kafka, once the first one was accepted.
    if (source.scheme !== "kafka")
      expect(batchOf("two", NOW + 1000).records[0]?.identity).not.toEqual(record?.identity);
  });
  test("of Kafka lies above the mark", () => {
    const lanes = [{ lane: "main/orders-0", accepted_to: "41", accepted_at: "2030-01-01T00:00:00.000Z" }];
    const text = eventFor(course("kafka://main/orders", { lanes }), { nowMs: NOW, id: "x" });
    expect(text).toContain('"offset": 42');
  });
});

test.for([
  [{ kind: "latest", text: "" }, { target: "latest" }],
  [{ kind: "offsets", text: " 0=42, 1=7 " }, { target: { 0: "42", 1: "7" } }],
  [{ kind: "offsets", text: "0=4x" }, { fault: "0=4x is no partition=offset, such as 0=42." }],
  [{ kind: "offsets", text: " " }, { fault: "Say at least one offset, such as 0=42." }],
  [{ kind: "time", text: "" }, { fault: "Say which time." }],
  [{ kind: "time", text: "2030-01-01T00:00:00Z" }, { target: "2030-01-01T00:00:00.000Z" }],
] as const)("where to: %j", ([aim, expected]) => {
  expect(aimOf(aim)).toEqual(expected);
});

test.for([
  [200, { counts: { accepted: 1, skipped: 0, rejected: 2 } }, "1 accepted, 2 set aside."],
  [200, { counts: { accepted: 0 } }, "It had no records."],
  [503, { counts: { failed: 1 }, message: "throttled" }, "1 to be delivered again. throttled"],
  [400, { message: "no event" }, "no event"],
  [500, undefined, "The server has answered 500."],
] as const)("an outcome: %s %j", ([status, body, said]) => {
  expect(outcomeInWords(outcomeOf(status, body))).toBe(said);
});

test("where a record comes from, as its headers say", () => {
  const of = (headers: Record<string, string>) =>
    recordOriginOf("sub_1a", { "perdure.subscription": "orders", ...headers });
  expect(recordOriginOf(undefined)).toBeUndefined();
  expect(recordOriginOf("sub_1a")).toEqual({ subscription: "sub_1a" });
  expect(of({ "kafka.topic": "t", "kafka.partition": "3", "kafka.offset": "42" })).toEqual({
    ...{ subscription: "sub_1a", name: "orders", record: "t, partition 3, offset 42" },
  });
  // In a queue, it is the notification that says what it is.
  const queued = {
    "aws.sqs.message-id": "m",
    "aws.sqs.queue": "q",
    "aws.sns.message-id": "n",
    "aws.sns.topic": "t",
  };
  expect(of(queued)?.record).toBe("t, message n");
  expect(of({ "aws.sqs.message-id": "\u202E", "aws.sqs.queue": "q" })?.record).toBe("q, message ⟨U+202E⟩");
});

/** How subscriptions are doing, as the admin API of a server says that reads sources by itself; and records decided all at once. */
import { expect, test } from "vitest";
import { RecordTally } from "../../../runtime/events/record-tally.ts";
import { SkipRefused } from "../../../runtime/events/kafka/skip.ts";
import { findSubscription } from "../../../runtime/events/subscription-store.ts";
import { isConsumed } from "../../../runtime/events/subscription.ts";
import { Admin } from "../../../runtime/admin/admin.ts";
import { AdminWorld } from "../admin/admin-world.ts";
import { answerOf, requestOf } from "../ingress/world.ts";
import { kafkaEvent, sqsEvent } from "./events.ts";

const CLUSTER = { name: "main", properties: { "bootstrap.servers": "127.0.0.1:9092" } };
const HOURLY = {
  ...{ name: "hourly", source: "schedule://hourly", sink: "service://T/hello" },
  options: { "perdure.schedule": "0 * * * *" },
};
const WORK = { name: "work", source: "sqs://work", sink: "service://T/hello" };
const ORDERS = { name: "orders", source: "kafka://main/orders", sink: "service://O/add" };

class ReadingWorld extends AdminWorld {
  readonly reading = new Admin(
    {
      ...this.adminPorts,
      recordTally: new RecordTally(this.clock),
      sources: {
        reads: (subscription) => isConsumed(subscription) || subscription.schedule !== undefined,
        check: async () => await Promise.resolve(undefined),
        status: async (subscription) =>
          await Promise.resolve(
            isConsumed(subscription)
              ? {
                  ...{ state: "failing" as const, records: 3, errors: 1, partitions: [] },
                  lastError: { message: "no broker answers", atMs: this.clock.now() },
                }
              : undefined,
          ),
        skip: async () => await Promise.reject(new SkipRefused("somebody else reads it")),
      },
    },
    { version: "0.1.0", ingressEndpoint: "http://127.0.0.1:8080/" },
  );

  async say(line: string, body?: unknown) {
    return await this.ask(line, body, this.reading);
  }
}

interface Listed {
  readonly subscriptions: readonly { readonly name: string; readonly status?: unknown }[];
}

test("a list says how each is doing, if it is asked to", async () => {
  const world = new ReadingWorld();
  await world.say("POST /kafka-clusters", CLUSTER);
  for (const each of [WORK, HOURLY, ORDERS]) await world.say("POST /subscriptions", each);
  await world.say(
    "POST /events/work",
    sqsEvent([
      { id: "m1", value: 1 },
      { id: "m2", value: 2 },
    ]),
  );
  const plain = (await world.say("GET /subscriptions")).body as Listed;
  expect(plain.subscriptions.every(({ status }) => status === undefined)).toBe(true);
  const { subscriptions } = (await world.say("GET /subscriptions?status=true")).body as Listed;
  const counts = { accepted: 0, repeated: 0, rejected: 0, failed: 0, accepted_last_minute: 0 };
  const quiet = { lag: null, last_record_at: null, last_error: null };
  expect(Object.fromEntries(subscriptions.map(({ name, status }) => [name, status]))).toEqual({
    work: {
      ...{ read_here: false, state: null, ...quiet },
      counts: { ...counts, accepted: 2, accepted_last_minute: 2 },
    },
    hourly: { read_here: true, state: "running", ...quiet, counts, next_tick: expect.any(String) },
    orders: {
      ...{ read_here: true, state: "failing", ...quiet, counts },
      last_error: { message: "no broker answers", at: expect.any(String) },
    },
  });
});

test("a schedule is paused and goes on; it says when its next ticks are due, and whose the last one was", async () => {
  const world = new ReadingWorld();
  await world.say("POST /subscriptions", HOURLY);
  const shown = async () => (await world.say("GET /subscriptions/hourly")).body as object;
  expect(await shown()).toMatchObject({
    ...{ paused: false, last_tick: null, status: { state: "running" } },
    next_ticks: Array.from({ length: 5 }, () => expect.stringMatching(/:00:00/u) as unknown),
  });
  expect((await world.say("PATCH /subscriptions/hourly", { paused: true })).body).toMatchObject({
    paused: true,
  });
  expect(await shown()).toMatchObject({ paused: true, next_ticks: [], next_tick: null });
  const resumedAtMs = world.clock.now();
  await world.say("PATCH /subscriptions/hourly", { paused: false });
  expect(await findSubscription(world.items, "hourly")).toMatchObject({ isPaused: false, resumedAtMs });
});

test("what nothing here reads cannot be paused; an answer says what to do instead", async () => {
  const world = new ReadingWorld();
  await world.say("POST /subscriptions", WORK);
  const refused = await world.say("PATCH /subscriptions/work", { paused: true });
  expect(refused).toMatchObject({ status: 400 });
  expect(JSON.stringify(refused.body)).toContain("does not read the source by itself");
  const environment = { kind: "aws" } as const;
  const inAws = new Admin(world.adminPorts, { version: "0.1.0", ingressEndpoint: "", environment });
  const answered = await world.ask("PATCH /subscriptions/work", { paused: true }, inAws);
  expect(answered.status).toBe(400);
  expect(JSON.stringify(answered.body)).toContain("update-event-source-mapping --uuid UUID --no-enabled");
});

test("a topic that is read takes no event by hand: its offsets would be made up", async () => {
  const world = new ReadingWorld();
  await world.say("POST /kafka-clusters", CLUSTER);
  await world.say("POST /subscriptions", ORDERS);
  const event = kafkaEvent({ 0: { offset: 1_000_000, records: [{ key: "k", value: 1 }] } });
  expect((await world.say("POST /events/orders", event)).status).toBe(409);
  const byHand = { ...ORDERS, name: "by-hand", options: { "perdure.consumer": "none" } };
  await world.say("POST /subscriptions", byHand);
  expect((await world.say("POST /events/by-hand", event)).status).toBe(200);
});

test("all records that wait are tried again, or dropped, a page at a time", async () => {
  const world = new ReadingWorld();
  await world.say("POST /kafka-clusters", CLUSTER);
  await world.say("POST /subscriptions", { ...ORDERS, options: { "perdure.consumer": "none" } });
  const records = Array.from({ length: 150 }, (_, value) => ({ value }));
  await world.say("POST /events/orders", kafkaEvent({ 0: { offset: 0, records } }));
  const waiting = async () => {
    const { body } = await world.say("GET /events/rejected?subscription=orders&status=waiting&limit=1000");
    return (body as { rejected: unknown[] }).rejected.length;
  };
  expect(await waiting()).toBe(150);
  const refused = (await world.say("POST /events/rejected/orders/retry")).body as Decided;
  expect([refused.succeeded.length, refused.failed.length]).toEqual([0, 100]);
  expect(refused.failed[0]?.message).toContain("no key");
  const first = (await world.say("POST /events/rejected/orders/retry", { key: "k" })).body as Decided;
  expect([first.succeeded.length, first.next]).toEqual([100, expect.any(String)]);
  expect(await waiting()).toBe(50);
  const rest = await world.say("POST /events/rejected/orders/drop", { after: first.next });
  expect((rest.body as Decided).succeeded).toHaveLength(50);
  expect(await waiting()).toBe(0);
  expect((await world.say("GET /events/rejected?status=banana")).status).toBe(400);
  expect((await world.say("POST /events/rejected/none/retry")).status).toBe(404);
});

interface Decided {
  readonly succeeded: readonly string[];
  readonly failed: readonly { readonly id: string; readonly message: string }[];
  readonly next?: string;
}

test("SQL finds what was set aside", async () => {
  const world = new ReadingWorld();
  await world.say("POST /kafka-clusters", CLUSTER);
  await world.say("POST /subscriptions", { ...ORDERS, options: { "perdure.consumer": "none" } });
  await world.say("POST /events/orders", kafkaEvent({ 0: { offset: 7, records: [{ value: "x" }] } }));
  const sql = `SELECT subscription, source, service_name, handler_name, status, reason, record, bytes, event
    FROM perdure_rejected_events WHERE rejected_at > '2020-01-01'`;
  const answered = await answerOf(
    world.reading.handle({
      ...requestOf("POST /query", JSON.stringify({ query: sql })),
      headers: { "content-type": "application/json", accept: "application/json" },
    }),
  );
  expect((answered.body as { rows: unknown[] }).rows).toEqual([
    {
      ...{ subscription: "orders", source: "kafka://main/orders", service_name: "O", handler_name: "add" },
      ...{ status: "waiting", reason: "no-key", record: "orders, partition 0, offset 7" },
      ...{ bytes: 3, event: '"x"' },
    },
  ]);
});

/** `/subscriptions`, `/kafka-clusters` and `/events`, as people and Restate's command line ask. */
import { describe, expect, test } from "vitest";
import { findCluster } from "../../../runtime/events/subscription-store.ts";
import { AdminWorld } from "../admin/admin-world.ts";
import { kafkaEvent, sqsEvent } from "./events.ts";

const CLUSTER = {
  name: "main",
  properties: {
    "bootstrap.servers": "127.0.0.1:9092",
    "sasl.password": "dummy",
    "sasl.jaas.config": "dummy",
  },
};
const ORDERS = {
  source: "kafka://main/orders",
  sink: "service://O/add",
  options: { "auto.offset.reset": "earliest" },
};

async function withCluster(): Promise<AdminWorld> {
  const world = new AdminWorld();
  expect((await world.ask("POST /kafka-clusters", CLUSTER)).status).toBe(201);
  return world;
}

interface SubscriptionView {
  readonly id: string;
  readonly source: string;
  readonly sink: string;
  readonly options: Record<string, string>;
}
const idOf = (body: unknown): string => (body as SubscriptionView).id;

describe("Kafka clusters", () => {
  test("are shown without their secrets", async () => {
    const world = await withCluster();
    const { body } = await world.ask("GET /kafka-clusters/main");
    expect(body).toMatchObject({
      name: "main",
      properties: {
        "bootstrap.servers": "127.0.0.1:9092",
        "sasl.password": "***",
        "sasl.jaas.config": "***",
      },
      subscriptions: [],
    });
    expect((await world.ask("GET /kafka-clusters")).body).toMatchObject({ clusters: [{ name: "main" }] });
  });

  test.each([
    ["no brokers", { name: "x", properties: {} }, 400],
    ["no host name", { name: "a b", properties: CLUSTER.properties }, 400],
    ["there already", CLUSTER, 409],
    ["a property that is no text", { name: "x", properties: { "bootstrap.servers": 1 } }, 422],
    ["no body", [], 422],
  ])("are refused: %s", async (_, body, status) => {
    expect((await (await withCluster()).ask("POST /kafka-clusters", body)).status).toBe(status);
  });

  test("change as a whole, and cannot go while they are used", async () => {
    const world = await withCluster();
    const properties = { "metadata.broker.list": "127.0.0.1:9093" };
    expect((await world.ask("PATCH /kafka-clusters/main", { properties })).body).toMatchObject({
      properties,
    });
    expect((await world.ask("PATCH /kafka-clusters/none", { properties })).status).toBe(404);
    const { id } = (await world.ask("POST /subscriptions", ORDERS)).body as SubscriptionView;
    const refused = await world.ask("DELETE /kafka-clusters/main");
    expect(refused.status).toBe(409);
    expect(JSON.stringify(refused.body)).toContain(id);
    expect((await world.ask("DELETE /kafka-clusters/main?force=true")).status).toBe(202);
    expect((await world.ask("DELETE /kafka-clusters/main")).status).toBe(404);
  });
});

test("a secret that was hidden, and comes back as it was shown, stays", async () => {
  const world = await withCluster();
  const { properties } = (await world.ask("GET /kafka-clusters/main")).body as {
    properties: Record<string, string>;
  };
  const changed = { ...properties, "bootstrap.servers": "127.0.0.1:9099" };
  await world.ask("PATCH /kafka-clusters/main", { properties: changed });
  const stored = await findCluster(world.items, "main");
  expect(stored?.properties).toEqual({ ...CLUSTER.properties, "bootstrap.servers": "127.0.0.1:9099" });
});

describe("subscriptions", () => {
  test("are made, listed, described and deleted with Restate's bodies", async () => {
    const world = await withCluster();
    const made = await world.ask("POST /subscriptions", ORDERS);
    expect(made.status).toBe(201);
    const { id } = made.body as SubscriptionView;
    expect(id).toMatch(/^sub_1[0-9A-Za-z]{22}$/);
    expect(made.body).toMatchObject({
      ...{ source: ORDERS.source, sink: ORDERS.sink },
      options: { "auto.offset.reset": "earliest", "client.id": "perdure", "group.id": id },
    });
    const others = ["", `?source=${ORDERS.source}`, "?source=kafka://main/other", `?sink=${ORDERS.sink}`];
    const counts = others.map(async (query) => {
      const { body } = await world.ask(`GET /subscriptions${query}`);
      return (body as { subscriptions: unknown[] }).subscriptions.length;
    });
    expect(await Promise.all(counts)).toEqual([1, 1, 0, 1]);
    expect((await world.ask(`GET /subscriptions/${id}`)).body).toMatchObject({ id, lanes: [] });
    expect((await world.ask(`DELETE /subscriptions/${id}`)).status).toBe(202);
    expect((await world.ask(`DELETE /subscriptions/${id}`)).status).toBe(404);
    expect((await world.ask(`GET /subscriptions/${id}`)).status).toBe(404);
  });

  test("made again they have the same id; another one of the name is refused", async () => {
    const world = await withCluster();
    const named = { ...ORDERS, name: "orders" };
    const [first, again] = [
      await world.ask("POST /subscriptions", named),
      await world.ask("POST /subscriptions", named),
    ];
    expect([again.status, idOf(again.body)]).toEqual([201, idOf(first.body)]);
    const other = await world.ask("POST /subscriptions", { ...named, sink: "service://O/get" });
    expect(other).toMatchObject({ status: 409, body: { restate_code: "META0009" } });
    expect((await world.ask("GET /subscriptions/orders")).body).toMatchObject({
      name: "orders",
      options: { "group.id": "orders" },
    });
  });

  test.each([
    ["an unknown scheme", { ...ORDERS, source: "pulsar://main/orders" }, "source"],
    ["an empty topic", { ...ORDERS, source: "kafka://main/" }, "source"],
    ["an unknown cluster", { ...ORDERS, source: "kafka://other/orders" }, "Available clusters: [main]"],
    ["an unknown service", { ...ORDERS, sink: "service://None/add" }, "service 'None' is not registered"],
    ["an unknown handler", { ...ORDERS, sink: "service://O/none" }, "service 'O' has no handler 'none'"],
    ["another kind of sink", { ...ORDERS, sink: "http://O/add" }, "service://Service/handler"],
    ["a value of an option", { ...ORDERS, options: { "auto.offset.reset": "banana" } }, "earliest"],
    [
      "an option of ours that is none",
      { ...ORDERS, options: { "perdure.kee": "x" } },
      "there is no such option",
    ],
    [
      "an option of a queue",
      { source: "sqs://work", sink: "service://T/hello", options: { size: "1" } },
      "no such option",
    ],
    ["no key for a handler that needs one", { source: "sqs://work", sink: "service://O/add" }, "perdure.key"],
    [
      "a schedule that is none",
      { source: "schedule://x", sink: "service://T/hello", options: { "perdure.schedule": "61 * * * *" } },
      "minutes",
    ],
    [
      "a schedule of a topic",
      { ...ORDERS, options: { "perdure.schedule": "rate(1 minute)" } },
      "of a schedule alone",
    ],
    ["no limit in flight", { ...ORDERS, options: { "perdure.max.in.flight": "many" } }, "from 1 to"],
    ["a rate that is none", { ...ORDERS, options: { "perdure.max.rate": "0" } }, "from 1 to"],
    [
      "a rate of a queue",
      { source: "sqs://work", sink: "service://T/hello", options: { "perdure.max.rate": "5" } },
      "of a Kafka topic",
    ],
    ["a name that is a path", { ...ORDERS, name: "rejected" }, "reserved"],
    ["a name that is an id", { ...ORDERS, name: `sub_1${"a".repeat(22)}` }, "is no id"],
  ])("are refused with the reason: %s", async (_, body, reason) => {
    const answer = await (await withCluster()).ask("POST /subscriptions", body);
    expect(answer).toMatchObject({ status: 400, body: { restate_code: "META0009" } });
    expect((answer.body as { message: string }).message).toContain(reason);
  });

  test("a malformed body is 422", async () => {
    const world = await withCluster();
    for (const body of [
      [],
      { source: 1, sink: "x" },
      { ...ORDERS, options: [] },
      { ...ORDERS, options: { a: 1 } },
    ])
      expect((await world.ask("POST /subscriptions", body)).status).toBe(422);
  });
});

describe("events", () => {
  test("a Kafka event is accepted, and its invocations say which subscription they are of", async () => {
    const world = await withCluster();
    const id = idOf((await world.ask("POST /subscriptions", ORDERS)).body);
    const event = kafkaEvent({ 2: { offset: 7, records: [{ key: "k", value: 1 }] } });
    const answer = await world.ask(`POST /events/${id}`, event);
    expect(answer).toMatchObject({
      status: 200,
      body: { batchItemFailures: [], counts: { accepted: 1, skipped: 0, rejected: 0, failed: 0 } },
    });
    const start = world.takeStart();
    expect(start.target).toEqual({ service: "O", handler: "add", key: "k" });
    await world.putHead(start, {});
    const { body } = await world.ask(`GET /invocations/${start.id}`);
    expect(body).toMatchObject({ invoked_by: "subscription", invoked_by_subscription_id: id });
    expect((await world.ask(`GET /subscriptions/${id}`)).body).toMatchObject({
      lanes: [{ lane: "main/orders-2", accepted_to: "7" }],
    });
    expect((await world.ask(`POST /events/${id}`, event)).body).toMatchObject({ counts: { skipped: 1 } });
  });

  test("an event of another source is refused, an unknown subscription is 404", async () => {
    const world = await withCluster();
    const id = idOf((await world.ask("POST /subscriptions", ORDERS)).body);
    expect((await world.ask(`POST /events/${id}`, sqsEvent([{ id: "m", value: 1 }]))).status).toBe(400);
    const other = kafkaEvent({ 0: { offset: 0, records: [{ value: 1 }] } }, "other");
    expect((await world.ask(`POST /events/${id}`, other)).status).toBe(400);
    expect((await world.ask("POST /events/none", other)).status).toBe(404);
  });

  test("what was set aside is listed, shown, tried again with a key, and dropped", async () => {
    const world = await withCluster();
    await world.ask("POST /subscriptions", { ...ORDERS, name: "orders" });
    const event = kafkaEvent({ 0: { offset: 0, records: [{ value: "first" }, { value: "second" }] } });
    expect((await world.ask("POST /events/orders", event)).body).toMatchObject({ counts: { rejected: 2 } });
    const listed = (await world.ask("GET /events/rejected")).body as { rejected: { id: string }[] };
    expect(listed.rejected).toMatchObject([
      { subscription: "orders", reason: "no-key", status: "waiting", key: null },
      { subscription: "orders" },
    ]);
    const [one = "", two = ""] = listed.rejected.map(({ id }) => `/events/rejected/orders/${id}`);
    expect((await world.ask(`GET ${one}`)).body).toMatchObject({
      bytes: expect.any(Number),
      value: expect.any(String),
    });
    expect((await world.ask(`POST ${one}/retry`)).status).toBe(409);
    expect((await world.ask(`POST ${one}/retry`, { key: "" })).status).toBe(422);
    expect((await world.ask(`POST ${one}/retry`, { key: "k9" })).status).toBe(202);
    expect(world.takeStart().target).toEqual({ service: "O", handler: "add", key: "k9" });
    expect((await world.ask(`POST ${one}/retry`, { key: "k9" })).status).toBe(409);
    expect((await world.ask(`DELETE ${two}`)).status).toBe(202);
    expect((await world.ask(`POST ${two}/drop`)).status).toBe(409);
    expect((await world.ask("GET /events/rejected?subscription=orders&limit=1")).body).toMatchObject({
      next: expect.any(String),
    });
    expect((await world.ask("GET /events/rejected/orders/rej_none")).status).toBe(404);
  });

  test("what was decided does not stand before what waits", async () => {
    const world = await withCluster();
    await world.ask("POST /subscriptions", { ...ORDERS, name: "orders" });
    const records = Array.from({ length: 5 }, (_, value) => ({ value }));
    await world.ask("POST /events/orders", kafkaEvent({ 0: { offset: 0, records } }));
    const list = async (query: string) =>
      (await world.ask(`GET /events/rejected?${query}`)).body as {
        rejected: { id: string }[];
        next?: string;
      };
    const ids = (await list("subscription=orders")).rejected.map(({ id }) => id);
    for (const id of ids.slice(0, 3)) await world.ask(`DELETE /events/rejected/orders/${id}`);
    expect(await list("status=waiting&limit=2")).toMatchObject({
      rejected: [{ id: ids[3] }, { id: ids[4] }],
    });
    const first = await list("subscription=orders&status=waiting&limit=1");
    expect(first).toMatchObject({ rejected: [{ id: ids[3] }], next: expect.any(String) });
    const rest = await list(`subscription=orders&status=waiting&limit=2&after=${first.next}`);
    expect(rest.rejected.map(({ id }) => id)).toEqual([ids[4]]);
    expect(rest.next).toBeUndefined();
    expect((await list("status=dropped&limit=9")).rejected).toHaveLength(3);
  });

  test("a push that fails is 503, with what failed", async () => {
    const world = new AdminWorld();
    await world.ask("POST /subscriptions", {
      name: "nightly",
      source: "schedule://nightly",
      sink: "service://T/hello",
    });
    world.mailboxFails = true;
    const tick = { perdure: "schedule", schedule: "nightly", time: "2030-01-01T00:00:00Z" };
    const answer = await world.ask("POST /events/nightly", tick);
    expect((await world.ask("GET /subscriptions/nightly")).body).toMatchObject({
      last_failure: { record: "nightly, 2030-01-01T00:00:00Z", records: 1, message: expect.any(String) },
    });
    expect(answer).toMatchObject({
      status: 503,
      body: { counts: { failed: 1 }, message: expect.any(String) },
    });
  });
});

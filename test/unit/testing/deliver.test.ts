/** `TestEnvironment.deliver`: every shape, redeliveries, what the source gets, and what is set aside. */
import {
  handlers,
  object,
  serde,
  service,
  workflow,
  type Context,
  type ObjectContext,
  type WorkflowContext,
} from "perdure";
import {
  dynamoDbEvent,
  eventBridgeEvent,
  kafkaEvent,
  kinesisEvent,
  s3Event,
  scheduleEvent,
  snsEvent,
  type SourceEvent,
  sqsEvent,
  TestEnvironment,
  type TestSubscription,
} from "perdure/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { recorded } from "../events/events.ts";

interface Ran {
  readonly key: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

async function starting(...subscriptions: readonly TestSubscription[]) {
  const ran: Ran[] = [];
  const note = (ctx: Context, key: string, value: unknown): unknown => {
    ran.push({ key, value, headers: Object.fromEntries(ctx.request().headers) });
    return value;
  };
  const plain = service({
    name: "Plain",
    handlers: {
      take: async (ctx: Context, value: unknown) => note(ctx, "", value),
      fail: async (_ctx: Context, _value: unknown) => {
        throw new Error("not now");
      },
    },
  });
  const account = object({
    name: "Account",
    handlers: { add: async (ctx: ObjectContext, value: unknown) => note(ctx, ctx.key, value) },
  });
  const order = workflow({
    name: "Order",
    handlers: { run: async (ctx: WorkflowContext, value: unknown) => note(ctx, ctx.key, value) },
  });
  const environment = await TestEnvironment.start({ services: [plain, account, order], subscriptions });
  return { environment, ran };
}

const KAFKA = { source: "kafka://main/orders", sink: "Account/add" };

test("records of Kafka, each once, however often they come", async () => {
  const { environment, ran } = await starting(KAFKA);
  await using _ = environment;
  const records = [
    { key: "a", value: 1, headers: { "X-Kind": "gift" } },
    { key: "b", value: { two: 2 } },
    { key: "a", value: 3 },
  ];
  const delivered = await environment.deliver("Account.add", records, { times: 2 });
  expect(delivered.deliveries.map(({ counts }) => [counts.accepted, counts.skipped])).toEqual([
    [3, 0],
    [0, 3],
  ]);
  expect(delivered.batchItemFailures).toEqual([]);
  expect(await Promise.all(delivered.invocations.map((each) => each.result()))).toEqual([1, { two: 2 }, 3]);
  await environment.settled();
  expect(ran.filter(({ key }) => key === "a").map(({ value }) => value)).toEqual([1, 3]);
  expect(ran.length).toBe(3);
  expect(ran[0]?.headers).toMatchObject({ "x-kind": "gift", "kafka.offset": "0", "kafka.topic": "orders" });
  await environment.deliver("Account.add", { key: "a", value: 4 });
  await environment.settled();
  expect(ran.at(-1)?.headers["kafka.offset"]).toBe("3");
});

test("two doors at once", async () => {
  const { environment, ran } = await starting(KAFKA);
  await using _ = environment;
  const delivered = await environment.deliver(
    "Account.add",
    [
      { key: "a", value: 1 },
      { key: "a", value: 2 },
    ],
    { times: 3, atOnce: true },
  );
  await environment.settled();
  expect(delivered.deliveries.length).toBe(3);
  expect(delivered.invocations.length).toBe(2);
  expect(ran.map(({ value }) => value)).toEqual([1, 2]);
});

test.each([
  [
    "kafka://main/orders",
    kafkaEvent(
      [
        { key: "a", value: 1 },
        { key: "b", value: 2 },
        { key: "a", value: 3 },
      ],
      {
        topic: "orders",
        offset: 7,
      },
    ),
    [{ itemIdentifier: { partition: "orders-0", offset: 8 } }],
  ],
  [
    "sqs://q.fifo",
    sqsEvent(
      [
        { id: "m-1", key: "a", value: 1 },
        { id: "m-2", key: "a", value: 2 },
        { id: "m-3", key: "a", value: 3 },
      ],
      { queue: "q.fifo" },
    ),
    [{ itemIdentifier: "m-2" }, { itemIdentifier: "m-3" }],
  ],
  [
    "kinesis://s",
    kinesisEvent(
      [
        { key: "a", value: 1, sequenceNumber: "11" },
        { key: "a", value: 2, sequenceNumber: "12" },
        { key: "a", value: 3, sequenceNumber: "13" },
      ],
      { stream: "s" },
    ),
    [{ itemIdentifier: "12" }],
  ],
])(
  "a part of %s is refused, comes again, and all of it runs once and in order",
  async (source, event, failures) => {
    const { environment, ran } = await starting({ name: "it", source, sink: "Account/add" });
    await using _ = environment;
    const { deliveries, invocations } = await environment.deliver("it", event, { accepts: 1, times: 2 });
    expect(deliveries.map(({ batchItemFailures }) => batchItemFailures)).toEqual([failures, []]);
    expect(deliveries[0]).toMatchObject({
      counts: { accepted: 1, failed: 2 },
      error: expect.stringMatching(/the mailbox refused/u),
    });
    expect(invocations.length).toBe(3);
    await environment.settled();
    expect(ran.map(({ value }) => value).toSorted((a, b) => Number(a) - Number(b))).toEqual([1, 2, 3]);
    expect(ran.filter(({ key }) => key === "a").map(({ value }) => value)).toEqual(
      source.startsWith("kafka") ? [1, 3] : [1, 2, 3],
    );
  },
);

const SHAPES: readonly (readonly [source: string, event: SourceEvent, value: unknown, headers: object])[] = [
  [
    "kafka://main/t",
    kafkaEvent([{ key: "k", value: 7, headers: { h: "v" } }], { topic: "t", offset: 9 }),
    7,
    { h: "v", "kafka.offset": "9", "kafka.key": "aw==" },
  ],
  [
    "sqs://work",
    sqsEvent([{ id: "m-1", value: 7, headers: { H: "v" } }], { queue: "work" }),
    7,
    { h: "v", "aws.sqs.message-id": "m-1" },
  ],
  [
    "sqs://work.fifo",
    sqsEvent([{ key: "g", value: 7 }], { queue: "work.fifo" }),
    7,
    { "aws.sqs.message-group-id": "g" },
  ],
  [
    "sns://news",
    snsEvent([{ value: 7, subject: "s", headers: { h: "v" } }], { topic: "news" }),
    7,
    { h: "v", "aws.sns.subject": "s" },
  ],
  [
    "kinesis://clicks",
    kinesisEvent([{ key: "k", value: 7 }], { stream: "clicks" }),
    7,
    { "aws.kinesis.partition-key": "k" },
  ],
  [
    "events://bus",
    eventBridgeEvent({ id: 7 }, { source: "shop", detailType: "Sold" }),
    expect.objectContaining({ detail: { id: 7 }, "detail-type": "Sold" }),
    { "aws.events.source": "shop" },
  ],
  [
    "s3://pictures",
    s3Event({ bucket: "pictures", key: "a b.png" }),
    expect.objectContaining({ detail: expect.objectContaining({ bucket: { name: "pictures" } }) }),
    { "aws.s3.key": "a b.png", "aws.s3.event-name": "Object Created" },
  ],
  [
    "dynamodb://items",
    dynamoDbEvent([{ keys: { id: { S: "i" } }, newImage: { id: { S: "i" }, n: { N: "1" } } }], {
      table: "items",
    }),
    expect.objectContaining({ eventName: "INSERT" }),
    { "aws.dynamodb.table": "items", "aws.dynamodb.event-name": "INSERT" },
  ],
  [
    "schedule://nightly",
    scheduleEvent("nightly", { time: new Date(0), input: 7 }),
    7,
    { "aws.scheduler.time": "1970-01-01T00:00:00.000Z" },
  ],
];

test.each(SHAPES)("an event of %s, made by its builder", async (source, event, value, headers) => {
  const { environment, ran } = await starting({ name: "it", source, sink: "Plain/take" });
  await using _ = environment;
  const delivered = await environment.deliver("it", event, { times: 3 });
  await environment.settled();
  expect(ran).toEqual([{ key: "", value, headers: expect.objectContaining(headers) }]);
  expect(await delivered.invocations[0]?.status()).toBe("completed");
});

test.each([
  ["kafka://main/t", true, true],
  ["sqs://work", true, true],
  ["sns://news", true, true],
  ["kinesis://clicks", true, false],
  ["events://bus", false, false],
  ["schedule://nightly", false, false],
])("a plain record for %s", async (source, hasKey, hasHeaders) => {
  const { environment, ran } = await starting({ name: "it", source, sink: "Plain/take" });
  await using _ = environment;
  const value = { n: 1 };
  const key = { key: "k", value };
  const headers = { value, headers: { h: "v" } };
  const refused = (field: string) => `a record of ${source.replace(/\/\/.*/u, "//")} has no ${field}`;
  if (hasKey) await environment.deliver("it", key);
  else await expect(environment.deliver("it", key)).rejects.toThrow(refused("key"));
  if (hasHeaders) await environment.deliver("it", headers);
  else await expect(environment.deliver("it", headers)).rejects.toThrow(refused("headers"));
  await environment.deliver("it", { value });
  await environment.settled();
  expect(ran.length).toBe(1 + Number(hasKey) + Number(hasHeaders));
  expect(ran.filter((each) => each.headers["h"] === "v").length).toBe(Number(hasHeaders));
});

test("a file as AWS has written it", async () => {
  const { environment, ran } = await starting({ name: "it", source: "sqs://orders", sink: "Plain/take" });
  await using _ = environment;
  // The queue of the file is another one: nothing of it is taken.
  await expect(environment.deliver("it", recorded("sqs-standard") as SourceEvent)).rejects.toThrow(
    /the event is of '.+', the subscription's source is 'orders'/u,
  );
  expect(ran).toEqual([]);
});

test("what cannot become an invocation is set aside, and the rest goes on", async () => {
  const { environment, ran } = await starting(KAFKA);
  await using _ = environment;
  const event = kafkaEvent(
    [{ value: "no key" }, { key: Uint8Array.of(0xff), value: "bad key" }, { key: "a", value: "good" }],
    { topic: "orders", offset: 0 },
  );
  const { counts, invocations } = await environment.deliver("Account.add", event, { times: 2 });
  expect(counts).toMatchObject({ skipped: 3 });
  expect(invocations.length).toBe(1);
  const rejected = await environment.rejected("Account.add");
  expect(
    rejected.map(({ reason, coordinates, status }) => `${reason}: ${coordinates}, ${status}`).toSorted(),
  ).toEqual([
    "bad-key: orders, partition 0, offset 1, waiting",
    "no-key: orders, partition 0, offset 0, waiting",
  ]);
  const noKey = rejected.find(({ reason }) => reason === "no-key");
  expect(new TextDecoder().decode(noKey?.value)).toBe('"no key"');
  const path = `/events/rejected/Account.add/${noKey?.id}/retry`;
  expect((await environment.admin(path, "POST", { key: "b" })).status).toBe(202);
  await environment.settled();
  expect(ran.map(({ key, value }) => [key, value])).toEqual([
    ["a", "good"],
    ["b", "no key"],
  ]);
});

test("bytes that no queue can carry", async () => {
  const { environment } = await starting({ name: "it", source: "sqs://work", sink: "Plain/take" });
  await using _ = environment;
  await expect(environment.deliver("it", { value: Uint8Array.of(255) })).rejects.toThrow(/are no UTF-8/u);
});

test("a workflow runs for the first record of its key", async () => {
  const { environment } = await starting({ source: "sqs://o.fifo", sink: "Order/run" });
  await using _ = environment;
  const first = await environment.deliver("Order.run", { key: "o-1", value: 1 });
  const second = await environment.deliver("Order.run", { key: "o-1", value: 2 });
  expect([first.counts.accepted, second.counts.alreadyStarted]).toEqual([1, 1]);
  expect(second.invocations[0]?.id).toBe(first.invocations[0]?.id);
  expect(await second.invocations[0]?.result()).toBe(1);
});

test("a failing handler does not hold up its source; its error is there to be asked for", async () => {
  const { environment } = await starting({ source: "sqs://work", sink: "Plain/fail" });
  await using _ = environment;
  const delivered = await environment.deliver("Plain.fail", { value: 1 });
  expect(delivered).toMatchObject({ batchItemFailures: [], failsWhole: false, counts: { accepted: 1 } });
  const [invocation] = delivered.invocations;
  if (!invocation) throw new Error("there is none");
  await environment.skip("30d");
  await expect(invocation.result()).rejects.toThrow(/is paused: not now/u);
  expect(await invocation.error()).toMatchObject({ message: "not now" });
});

test("subscriptions that cannot work are refused with the reason", async () => {
  const start = (source: string, sink: string, options = {}) => starting({ source, sink, options });
  await expect(start("sqs://work", "Account/add")).rejects.toThrow(
    /the subscription 'Account.add': .*needs a key/u,
  );
  await expect(start("sqs://work", "Plain/missing")).rejects.toThrow(/no handler 'missing'/u);
  await expect(start("queue://work", "Plain/take")).rejects.toThrow(/must be one of kafka:/u);
  await expect(start("kafka://main/t", "Plain/take", { "perdure.key": "?" })).rejects.toThrow(
    /must be record/u,
  );
});

test("an unknown subscription, a wrong shape, no delivery at all", async () => {
  const { environment } = await starting(KAFKA);
  await using _ = environment;
  await expect(environment.deliver("orders", { value: 1 })).rejects.toThrow(
    "there is no subscription 'orders'; there are Account.add",
  );
  await expect(environment.deliver("Account.add", sqsEvent([{ value: 1 }], { queue: "q" }))).rejects.toThrow(
    /of no shape that a source 'kafka:/u,
  );
  await expect(environment.deliver("Account.add", [])).rejects.toThrow("there is no record to deliver");
  await expect(environment.deliver("Account.add", null as never)).rejects.toThrow(/is no JSON object/u);
  await expect(environment.deliver("Account.add", { value: 1 }, { times: 0 })).rejects.toThrow(
    /not 0 times/u,
  );
});

test("skipped time makes the ticks of schedules, each once and at its time", async () => {
  const { environment, ran } = await starting({
    ...{ name: "nightly", source: "schedule://nightly", sink: "Plain/take" },
    options: { "perdure.schedule": "0 2 * * *" },
  });
  await using _ = environment;
  const first = new Date(environment.now());
  first.setUTCHours(first.getUTCHours() < 2 ? 2 : 26, 0, 0, 0);
  await environment.skip("3d");
  await environment.skip({ days: 1 });
  const expected = [0, 1, 2, 3].map((day) => new Date(first.getTime() + day * 86_400_000).toISOString());
  expect(ran.map(({ value }) => (value as { time: string }).time)).toEqual(expected);
  expect(ran[0]?.headers["aws.scheduler.schedule"]).toBe("nightly");
});

test("a schedule that is made later ticks as well", async () => {
  const { environment, ran } = await starting();
  await using _ = environment;
  const made = await environment.admin("/subscriptions", "POST", {
    ...{ name: "often", source: "schedule://often", sink: "service://Account/add" },
    options: { "perdure.schedule": "rate(1 hour)", "perdure.key": "constant:all" },
  });
  expect(made.status).toBe(201);
  await environment.skip("5h");
  expect(ran.map(({ key }) => key)).toEqual(Array(5).fill("all"));
});

test("raw bytes, all headers, and the trace go on in the handler", async () => {
  interface Seen {
    readonly bytes: readonly number[];
    readonly headers: Readonly<Record<string, string>>;
    readonly trace: string;
  }
  const raw = service({
    name: "Raw",
    handlers: {
      take: handlers.handler(
        { input: serde.binary, output: serde.json },
        async (ctx: Context, bytes: Uint8Array) => {
          const { headers, attemptHeaders } = ctx.request();
          const trace = String(attemptHeaders.get("traceparent")).split("-")[1] ?? "";
          return { bytes: [...bytes], headers: Object.fromEntries(headers), trace };
        },
      ),
    },
  });
  await using environment = await TestEnvironment.start({
    services: [raw],
    subscriptions: ["kafka://main/t", "sqs://q", "sns://t"].map((source) => ({
      ...{ name: source.slice(0, 3), source, sink: "Raw/take" },
    })),
  });
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01`, "x-one": "1", "X-Two": "zwei ☃" };
  const bytes = [0, 255, 128, 10];
  const seen = async (name: string, event: Parameters<TestEnvironment["deliver"]>[1]): Promise<Seen> => {
    const [invocation] = (await environment.deliver(name, event)).invocations;
    if (!invocation) throw new Error("nothing was started");
    return await invocation.result<Seen>();
  };
  const all = expect.objectContaining({ "x-one": "1", "x-two": "zwei ☃" });
  expect(await seen("kaf", { value: Uint8Array.from(bytes), headers })).toEqual({
    bytes,
    headers: all,
    trace,
  });
  expect((await seen("sns", { value: 1, headers })).trace).toBe(trace);
  expect(await seen("sqs", { value: 1, headers })).toEqual({ bytes: [49], headers: all, trace });
  // What AWS writes of a sender that it traces itself.
  const header = `Root=1-${trace.slice(0, 8)}-${trace.slice(8)};Parent=b7ad6b7169203331;Sampled=1`;
  const traced = await seen("sqs", sqsEvent([{ value: 1, trace: header }], { queue: "q" }));
  expect([traced.trace, traced.headers["x-amzn-trace-id"]]).toEqual([trace, header]);
});

test("a value that the handler's schema refuses is set aside, and is not retried", async () => {
  const amounts: number[] = [];
  const schema = z.object({ amount: z.coerce.number().positive(), note: z.string().default("none") });
  const strict = service({
    name: "Strict",
    handlers: {
      take: handlers.handler({ input: serde.schema(schema) }, async (_ctx, { amount }) => {
        amounts.push(amount);
      }),
    },
  });
  await using environment = await TestEnvironment.start({
    services: [strict],
    subscriptions: [{ name: "it", source: "sqs://q", sink: "Strict/take" }],
  });
  // The JSON Schema of discovery, which is of what comes out of the schema, would refuse the first one.
  for (const value of [{ amount: "7" }, { amount: -1 }, { amount: 8, note: "n" }, Buffer.from("no JSON")])
    await environment.deliver("it", { value }, { times: 2 });
  await environment.settled();
  expect(amounts).toEqual([7, 8]);
  const rejected = await environment.rejected("it");
  expect(rejected.map(({ reason }) => reason)).toEqual(["refused", "refused"]);
  expect(rejected.map(({ message }) => message).join("\n")).toMatch(/\(at \/amount\) Too small/u);
  expect(environment.counts.invocations).toBe(4);
});

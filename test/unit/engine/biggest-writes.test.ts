/**
 * The biggest requests that the engine makes, each on its own and many at once, all within what DynamoDB and SQS take (P1). The local
 * store refuses what DynamoDB refuses, so that these scenarios end at all is half of the proof. The other half is how far they stay below.
 */
import {
  DurablePromise,
  object,
  service,
  workflow,
  type Context,
  type ObjectContext,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { TestEnvironment } from "perdure/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { compileCondition, compileUpdate } from "../../../lib/aws/expression.ts";
import { withIndex } from "../../../lib/aws/head-index.ts";
import { KEY_BYTES_MAX, NAME_BYTES_MAX, PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import {
  DYNAMO_EXPRESSION_BYTES_MAX,
  DYNAMO_ITEM_BYTES_MAX,
  SQS_ID_CHARS_MAX,
  SQS_REQUEST_BYTES_MAX,
} from "../../../lib/limits/aws.ts";
import { sizeOf, type Write } from "../../../lib/model/item.ts";
import type { Outgoing } from "../../../lib/model/message.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";

const KEY = "ü".repeat(KEY_BYTES_MAX / 2);
const NAME = "ö".repeat(NAME_BYTES_MAX / 2);
const PAYLOAD = "x".repeat(PAYLOAD_BYTES_MAX - 2);
const COUNT = 400;
/** Each is an invocation of its own, which takes its time. */
const CALLS = 100;

const echo = object({
  name: "Echo",
  handlers: { back: async (_ctx: ObjectContext, text: string) => text },
});
const big = object({
  name: "Big",
  handlers: {
    state: async (ctx: ObjectContext) => {
      for (let n = 0; n < 20; n++) ctx.set(`${NAME.slice(2)}${n}`, "s".repeat(10_000));
      ctx.set(NAME, PAYLOAD);
      await ctx.sleep(5);
      const found = ((await ctx.get<string>(NAME)) ?? "").length;
      ctx.clearAll();
      return found;
    },
    steps: async (ctx: ObjectContext) => {
      const results = Array.from({ length: COUNT }, (_, n) => ctx.run(NAME, () => `${n}`.repeat(600)));
      return (await DurablePromise.all(results)).length + (await ctx.run(NAME, () => PAYLOAD)).length;
    },
    calls: async (ctx: ObjectContext) => {
      const calls = Array.from({ length: CALLS }, (_, n) =>
        ctx.objectClient(echo, `${KEY.slice(4)}${n}`).back("y".repeat(800)),
      );
      return (
        (await DurablePromise.all(calls)).length + (await ctx.objectClient(echo, KEY).back(PAYLOAD)).length
      );
    },
    sends: async (ctx: ObjectContext) => {
      for (let n = 0; n < CALLS; n++) ctx.objectSendClient(echo, `${KEY.slice(4)}${n}`).back("z".repeat(800));
      ctx.objectSendClient(echo, KEY).back(PAYLOAD);
      return CALLS;
    },
    waits: async (ctx: ObjectContext) => {
      const sleeps = Array.from({ length: COUNT }, (_, n) => ctx.sleep(50 + (n % 50)));
      await DurablePromise.all(sleeps);
      return COUNT;
    },
  },
});
const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext) => (await ctx.promise<string>(NAME).get()).length,
    resolve: async (ctx: WorkflowSharedContext) => await ctx.promise<string>(NAME).resolve(PAYLOAD),
  },
});
const signals = service({
  name: "Signals",
  handlers: {
    collect: async (ctx: Context) => {
      const awakeables = Array.from({ length: COUNT }, () => ctx.awakeable<string>());
      const client = ctx.serviceSendClient(answers);
      client.resolve(awakeables.map(({ id }) => id));
      const all = await DurablePromise.all(awakeables.map(({ promise }) => promise));
      return all.length;
    },
  },
});
const answers = service({
  name: "Answers",
  handlers: {
    resolve: async (ctx: Context, ids: readonly string[]) => {
      for (const id of ids) ctx.resolveAwakeable(id, "a".repeat(900));
    },
  },
});

const most = { condition: 0, update: 0, item: 0, batch: 0, id: 0 };
const atLeast = (name: keyof typeof most, found: number): void =>
  void (most[name] = Math.max(most[name], found));

function measured(asked: Write): void {
  const write = asked.op === "delete" ? asked : withIndex(asked);
  const { ConditionExpression: condition = "" } = compileCondition(write.when);
  atLeast("condition", condition.length);
  if (write.op === "update") atLeast("update", compileUpdate(write).UpdateExpression?.length ?? 0);
  if (write.op === "put") atLeast("item", sizeOf(write.attributes));
}
function measuredBatch(messages: readonly Outgoing[]): void {
  for (const { group, dedup } of messages) atLeast("id", Math.max(group.length, dedup.length));
  for (const { body } of messages) atLeast("batch", Buffer.byteLength(body));
}

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await TestEnvironment.start({ services: [echo, big, flow, signals, answers] });
});
afterAll(async () => await environment.stop());

const path = (handler: string): string => `/Big/${encodeURIComponent(KEY)}/${handler}`;

test.each([
  ["state", PAYLOAD.length],
  ["steps", COUNT + PAYLOAD.length],
  ["calls", CALLS + PAYLOAD.length],
  ["sends", CALLS],
  ["waits", COUNT],
])(
  "%s",
  async (handler, expected) => {
    await whileMeasured(async () => expect(await environment.call(path(handler))).toBe(expected));
  },
  120_000,
);

test("notes", async () => {
  await whileMeasured(async () => expect(await environment.call("/Signals/collect")).toBe(COUNT));
}, 120_000);

test("a promise", async () => {
  await whileMeasured(async () => {
    const key = encodeURIComponent(KEY);
    const running = environment.call(`/Flow/${key}/run`);
    await environment.call(`/Flow/${key}/resolve`);
    expect(await running).toBe(PAYLOAD.length);
  });
}, 120_000);

test("all of them are within what AWS takes, expressions far below", () => {
  expect(Math.min(...Object.values(most))).toBeGreaterThan(0);
  expect(most.item).toBeLessThan(DYNAMO_ITEM_BYTES_MAX);
  expect(most.condition).toBeLessThan(DYNAMO_EXPRESSION_BYTES_MAX / 2);
  expect(most.update).toBeLessThan(DYNAMO_EXPRESSION_BYTES_MAX);
  expect(most.batch).toBeLessThan(SQS_REQUEST_BYTES_MAX);
  expect(most.id).toBeLessThanOrEqual(SQS_ID_CHARS_MAX);
});

async function whileMeasured(work: () => Promise<void>): Promise<void> {
  const stores = vi.spyOn(LocalItemStore.prototype, "write");
  const mailboxes = vi.spyOn(LocalMailbox.prototype, "sendBatch");
  try {
    await work();
    for (const [asked] of stores.mock.calls) measured(asked);
    for (const [messages] of mailboxes.mock.calls) measuredBatch(messages);
  } finally {
    stores.mockRestore();
    mailboxes.mockRestore();
  }
}

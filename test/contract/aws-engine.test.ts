/**
 * The whole engine over the AWS adapters: handlers, dispatcher, timers and ingress, on dynalite and fauxqs. It uses the
 * Lambda entries' own conversions. In place of Lambda's event source mappings, a loop receives messages, hands them out
 * and deletes them.
 */
import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { DurablePromise, object, service, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PollingWatch } from "../../runtime/aws/polling-watch.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { type Invoker, silentLogger } from "../../lib/ports.ts";
import {
  decodeTurnOutcome,
  decodeTurnRequest,
  encodeTurnOutcome,
  encodeTurnRequest,
} from "../../lib/protocol.ts";
import { Dispatcher } from "../../runtime/dispatcher/dispatcher.ts";
import { type ApiGatewayEvent, toRequest, toResult } from "../../runtime/http/api-gateway.ts";
import { Ingress } from "../../runtime/ingress/ingress.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { forwardTimer } from "../../runtime/timers/due-timer.ts";
import { createEndpoint } from "../../sdk/endpoint.ts";
import { type DynamoEmulator, startDynalite } from "../support/emulator-dynamo.ts";
import {
  deleteFrom,
  nearTimers,
  receiveFrom,
  releaseTo,
  type SqsEmulator,
  startFauxqs,
  toIncoming,
} from "../support/emulator-sqs.ts";

const doubler = service({
  name: "Doubler",
  handlers: { double: async (ctx: Context, n: number) => await ctx.run("double", () => n * 2) },
});
const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const total = ((await ctx.get<number>("total")) ?? 0) + by;
      ctx.set("total", total);
      return total;
    },
    rest: async (ctx: ObjectContext) => {
      await ctx.sleep(1000);
      return await ctx.get("total");
    },
  },
});
const caller = service({
  name: "Caller",
  handlers: {
    all: async (ctx: Context, count: number) => {
      const calls = Array.from({ length: count }, (_, n) => ctx.serviceClient(doubler).double(n));
      return (await DurablePromise.all(calls)).reduce((sum, next) => sum + next, 0);
    },
    large: async (ctx: Context) => (await ctx.run("large", () => "x".repeat(100_000))).length,
  },
});

/** Receives from a queue until it is stopped. `handle` returns the messages to deliver again. */
function poll(client: SQSClient, queueUrl: string, handle: (batch: Message[]) => Promise<readonly string[]>) {
  const polling = { stopped: false };
  const loop = (async () => {
    while (!polling.stopped) {
      const batch = await receiveFrom(client, queueUrl, 50);
      if (batch.length === 0) continue;
      void (async () => {
        const failed = await handle(batch);
        for (const { MessageId = "", ReceiptHandle = "" } of batch) {
          const again = failed.includes(MessageId);
          await (again ? releaseTo : deleteFrom)(client, queueUrl, ReceiptHandle);
        }
      })();
    }
  })();
  return async () => {
    polling.stopped = true;
    await loop;
  };
}

let dynamo: DynamoEmulator;
let sqs: SqsEmulator;
let ingress: Ingress;
let turns = 0;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  dynamo = await startDynalite();
  sqs = await startFauxqs();
  const mailboxUrl = await sqs.createQueue("mailbox.fifo");
  const delayQueueUrl = await sqs.createQueue("timers");
  const client = sqs.client();
  const items = dynamo.items({ rereadRefused: true });
  const registry = new ItemRegistry(items, systemClock);
  const mailbox = sqs.mailbox(mailboxUrl);
  const clock = systemClock;
  const timers = nearTimers(sqs.requests, delayQueueUrl, clock);
  const endpoint = createEndpoint([doubler, counter, caller]);
  const ports = { items, mailbox, timers, registry, clock, entropy: systemEntropy, logger: silentLogger };
  const invoker: Invoker = {
    // Lambda carries text, both ways.
    invoke: async (_deployment, request) => {
      turns++;
      const outcome = await endpoint.runTurn(decodeTurnRequest(encodeTurnRequest(request)), ports);
      return decodeTurnOutcome(encodeTurnOutcome(outcome));
    },
  };
  const dispatcher = new Dispatcher({ ...ports, invoker });
  await registry.register({
    id: "dp_1",
    address: "in-process",
    createdAtMs: clock.now(),
    services: endpoint.discover().services,
  });
  ingress = new Ingress({ ...ports, watch: new PollingWatch(clock), invoker }, { callWaitMs: 20_000 });
  stops.push(
    poll(client, mailboxUrl, async (batch) => await dispatcher.handle(batch.map(toIncoming), 60_000)),
    poll(client, delayQueueUrl, async (batch) => {
      for (const { Body = "" } of batch)
        await forwardTimer({ mailbox, timers, items, clock }, parseTimer(Body));
      return [];
    }),
  );
});

afterAll(async () => {
  for (const stop of stops) await stop();
  await sqs.close();
  await dynamo.close();
});

async function call(path: string, body: unknown) {
  const event: ApiGatewayEvent = {
    rawPath: `/prod${path}`,
    rawQueryString: "",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: { stage: "prod", http: { method: "POST" } },
  };
  const { statusCode, body: answer } = toResult(await ingress.handle(toRequest(event, "ingress")));
  const text = Buffer.from(answer, "base64").toString();
  return { status: statusCode, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

test("a service with a step", async () => {
  expect(await call("/Doubler/double", 21)).toEqual({ status: 200, body: 42 });
});

test("an object: no update is lost, and each is seen by who made it", async () => {
  const totals = await Promise.all(Array.from({ length: 10 }, () => call("/Counter/a/add", 1)));
  expect(totals.map(({ body }) => Number(body)).toSorted((a, b) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ]);
});

test("a suspended object holds its key; what is parked behind it goes on in order", async () => {
  await call("/Counter/b/add", 5);
  const rest = call("/Counter/b/rest", undefined);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const later = await Promise.all([call("/Counter/b/add", 1), rest]);
  expect(later).toEqual([
    { status: 200, body: 6 },
    { status: 200, body: 5 },
  ]);
});

test("calls that are awaited together wake their caller once", async () => {
  const before = turns;
  expect(await call("/Caller/all", 12)).toEqual({ status: 200, body: 132 });
  expect(turns - before).toBe(14);
});

test("a large result of a step is kept in an item of its own", async () => {
  expect(await call("/Caller/large", null)).toEqual({ status: 200, body: 100_000 });
});

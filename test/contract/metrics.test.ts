/**
 * Every metric is written, by the Lambda entries as they are: ingress, dispatcher, reconciler and source door, over dynalite and fauxqs. Alarms and
 * dashboard take names and dimension from lib/metrics.ts, as test/infra/alarms.test.ts shows. So each of them watches what is there.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { handlers, object, service, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ENVIRONMENT } from "../../lib/environment.ts";
import { MAILBOX_DIMENSION, METRIC_DIMENSION, METRIC_NAMESPACE, METRICS } from "../../lib/metrics.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { childUnique, groupOf, invocationId } from "../../lib/model/ids.ts";
import { encodeMessage, type Message, type Start } from "../../lib/model/message.ts";
import { decodeTurnRequest, encodeTurnOutcome } from "../../lib/protocol.ts";
import { acceptHead } from "../../lib/store/head/births.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import type { DynamoItems } from "../../lib/aws/dynamo-items.ts";
import { storeSubscription } from "../../runtime/events/subscription-store.ts";
import { parseSubscription } from "../../runtime/events/subscription.ts";
import { createEndpoint } from "../../sdk/endpoint.ts";
import {
  DUMMY_CREDENTIALS,
  type DynamoEmulator,
  REGION,
  startDynalite,
  TABLES,
} from "../support/emulator-dynamo.ts";
import { type SqsEmulator, startFauxqs } from "../support/emulator-sqs.ts";
import { kafkaEvent } from "../unit/events/events.ts";

const RUNTIME = "measured";
const DAY_MS = 24 * 60 * 60 * 1000;

const fail = (): never => {
  throw new Error("not today");
};
const tasks = service({
  name: "Tasks",
  handlers: {
    ok: async () => await Promise.resolve("ok"),
    fails: async () => await Promise.resolve(fail()),
    gives: handlers.handler(
      { retryPolicy: { maxAttempts: 1, onMaxAttempts: "pause" } },
      async () => await Promise.resolve(fail()),
    ),
    throttled: async (_ctx: Context) => await Promise.resolve("never"),
  },
});
const keyed = object({
  name: "Keyed",
  handlers: { rest: async (ctx: ObjectContext) => await ctx.sleep({ hours: 1 }) },
});

const before = { ...process.env };
let dynamo: DynamoEmulator;
let sqs: SqsEmulator;
let lambda: Server;
let deadLettersUrl: string;
let items: DynamoItems;
let sequence = 0;

/** In place of Lambda: it runs the turn, or is busy. */
function startLambda(ports: Parameters<ReturnType<typeof createEndpoint>["runTurn"]>[1]): Server {
  const endpoint = createEndpoint([tasks, keyed]);
  return createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const request = decodeTurnRequest(Buffer.concat(chunks).toString());
      if (request.target.handler === "throttled") {
        outgoing.writeHead(429, { "x-amzn-errortype": "TooManyRequestsException" });
        return void outgoing.end('{"message":"busy"}');
      }
      void endpoint.runTurn(request, ports).then((outcome) => outgoing.end(encodeTurnOutcome(outcome)));
    });
  });
}

beforeAll(async () => {
  dynamo = await startDynalite();
  sqs = await startFauxqs();
  const mailboxUrl = await sqs.createQueue("mailbox.fifo");
  deadLettersUrl = await sqs.createQueue("mailbox-dead.fifo");
  const delayQueueUrl = await sqs.createQueue("timers");
  items = dynamo.items({ rereadRefused: true });
  const registry = new ItemRegistry(items, systemClock);
  const mailbox = sqs.mailbox(mailboxUrl);
  lambda = startLambda({ items, mailbox, registry, clock: systemClock, entropy: systemEntropy });
  lambda.listen(0, "127.0.0.1");
  await vi.waitUntil(() => lambda.listening);
  await registry.register({
    ...{ id: "dp_1", address: "arn:aws:lambda:us-east-1:000000000000:function:f:1", createdAtMs: Date.now() },
    services: createEndpoint([tasks, keyed])
      .discover()
      .services.map((each) => ({ ...each, guards: false })),
  });
  const environment: Record<keyof typeof ENVIRONMENT, string> = {
    ...{ journalTable: TABLES.journal, stateTable: TABLES.state, registryTable: TABLES.registry },
    ...{ mailboxUrl, mailboxDeadLettersUrl: deadLettersUrl, delayQueueUrl, runtimeName: RUNTIME },
    ...{
      delayQueueArn: "arn:aws:sqs:us-east-1:0:timers",
      delayDeadLettersArn: "",
      scheduleGroup: "g",
      schedulerRoleArn: "arn:r",
    },
    ...{
      delayQueueMsMax: "900000",
      mailboxEpoch: "0",
      ingressUrl: "",
      listing: "",
      logLevel: "error",
      directAlias: "",
      guardTable: TABLES.guards,
      ownMailboxes: "",
      ...{ corsOrigins: "*", corsCredentials: "" },
    },
  };
  for (const [name, value] of Object.entries(environment))
    process.env[ENVIRONMENT[name as keyof typeof ENVIRONMENT]] = value;
  const { port } = lambda.address() as AddressInfo;
  // An entry keeps its connections, and may have been loaded with the environment of another file.
  vi.resetModules();
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = dynamo.endpoint;
  process.env["AWS_ENDPOINT_URL_SQS"] = sqs.endpoint;
  process.env["AWS_ENDPOINT_URL_LAMBDA"] = `http://127.0.0.1:${port}`;
  process.env["AWS_REGION"] = REGION;
  process.env["AWS_ACCESS_KEY_ID"] = DUMMY_CREDENTIALS.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = DUMMY_CREDENTIALS.secretAccessKey;
});

afterAll(async () => {
  process.env = before;
  lambda.closeAllConnections();
  lambda.close();
  await sqs.close();
  await dynamo.close();
});

const startOf = (name: string, handler: string, number: number, key?: string): Start => ({
  ...({ kind: "start", incarnation: 0, headers: {}, input: new Uint8Array(0) } as const),
  ...{
    id: invocationId(name, key, childUnique("inv_x", 0, number)),
    origin: `o${number}`,
    acceptedAtMs: Date.now(),
  },
  target: key === undefined ? { service: name, handler } : { service: name, handler, key },
});

const CONTEXT = { getRemainingTimeInMillis: () => 60_000 };

async function dispatch(
  message: Message,
  { received = 1, ageMs = 0, queue = "mailbox.fifo" } = {},
): Promise<void> {
  const { handler } = await import("../../runtime/dispatcher/lambda.ts");
  const body = encodeMessage(message);
  const attributes = {
    ...{ MessageGroupId: groupOf(message.id), SequenceNumber: String(++sequence).padStart(20, "0") },
    ...{ ApproximateReceiveCount: String(received), SentTimestamp: String(Date.now() - ageMs) },
  };
  const eventSourceARN = `arn:aws:sqs:us-east-1:000000000000:${queue}`;
  const record = { messageId: `m${sequence}`, receiptHandle: "r", body, attributes, eventSourceARN };
  await handler({ Records: [record] }, CONTEXT);
}

/** To the source door: a record that is accepted, one without a key, both once more, and an event of nobody's. */
async function deliverRecords(): Promise<void> {
  const { handler } = await import("../../runtime/events/lambda.ts");
  const sink = "service://Keyed/rest";
  const parsed = parseSubscription(
    { name: "orders", source: "kafka://main/orders", sink, options: {} },
    Date.now(),
  );
  if ("reason" in parsed) throw new Error(parsed.reason);
  await storeSubscription(items, parsed);
  const event = kafkaEvent({ 0: { offset: 0, records: [{ key: "k", value: 1 }, { value: 2 }] } });
  const invokedBy = (alias: string) => ({
    ...CONTEXT,
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:door:${alias}`,
  });
  for (let again = 0; again < 2; again++) await handler(event, invokedBy(parsed.id));
  await expect(handler(event, invokedBy("nobody"))).rejects.toThrow("names no subscription");
}

interface Definition {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}

const definitionsIn = ({ ["_aws"]: line }: Record<string, unknown>): readonly Definition[] =>
  (line as { readonly CloudWatchMetrics: readonly Definition[] }).CloudWatchMetrics;

test(
  "each of them, with the one dimension that alarms and dashboard ask for",
  { timeout: 60_000 },
  async () => {
    const lines: string[] = [];
    const stdout = vi
      .spyOn(process.stdout, "write")
      .mockImplementation((text) => lines.push(String(text)) > 0);
    try {
      await dispatch(startOf("Tasks", "ok", 1));
      await dispatch(startOf("Tasks", "fails", 2));
      await dispatch(startOf("Tasks", "gives", 3));
      await dispatch(startOf("Tasks", "throttled", 4));
      await dispatch(startOf("Keyed", "rest", 5, "k"));
      await dispatch(startOf("Keyed", "rest", 6, "k"));
      const { id } = startOf("Tasks", "ok", 7);
      await items.write({ op: "put", key: headKey(id), attributes: { v: 99 } });
      const note = { kind: "completion", command: 0, outcome: null } as const;
      await dispatch(
        { kind: "notify", id, incarnation: 0, note, dueAtMs: Date.now() - 1000 },
        { received: 5, ageMs: DAY_MS },
      );
      const { handler: ask } = await import("../../runtime/ingress/lambda.ts");
      const requestContext = { stage: "$default", http: { method: "GET" } };
      const event = {
        rawPath: `/restate/output/${id}`,
        rawQueryString: "",
        isBase64Encoded: false,
        requestContext,
      };
      expect((await ask(event)).statusCode).toBe(500);
      await items.write({ op: "delete", key: headKey(id) });
      await acceptHead(
        { items, clock: { ...systemClock, now: () => Date.now() - DAY_MS } },
        startOf("Tasks", "ok", 8),
      );
      const dead = new SendMessageCommand({
        ...{
          QueueUrl: deadLettersUrl,
          MessageBody: encodeMessage(startOf("Tasks", "ok", 9)),
          MessageGroupId: "g",
        },
        MessageDeduplicationId: "d",
      });
      await sqs.client().send(dead);
      await deliverRecords();
      lines.push("reconciler");
      const { handler: reconcile } = await import("../../runtime/reconciler/lambda.ts");
      await reconcile(undefined, CONTEXT);
    } finally {
      stdout.mockRestore();
    }
    const written = lines
      .filter((line) => line.includes('"_aws"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const names = new Set<string>();
    for (const line of written) {
      expect(line[METRIC_DIMENSION]).toBe(RUNTIME);
      for (const { Namespace, Dimensions, Metrics } of definitionsIn(line)) {
        expect([Namespace, Dimensions]).toEqual([METRIC_NAMESPACE, [[METRIC_DIMENSION]]]);
        for (const { Name } of Metrics) {
          expect(line[Name]).toBeDefined();
          names.add(Name);
        }
      }
    }
    const byReconciler = lines.slice(lines.indexOf("reconciler")).join("");
    expect(byReconciler).toContain(`"${METRICS.paused.name}":[1]`);
    expect([...names].toSorted()).toEqual(
      // Spans are dropped only where they are made: test/contract/after-answer.test.ts.
      Object.values(METRICS)
        .map(({ name }) => name)
        .filter((name) => name !== METRICS.spansDropped.name)
        .toSorted(),
    );
  },
);

test("what comes again in a mailbox of a service's own is told from what does in the runtime's", async () => {
  const lines: string[] = [];
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    await dispatch(startOf("Tasks", "ok", 20), { received: 5, ageMs: DAY_MS, queue: "own.fifo" });
  } finally {
    stdout.mockRestore();
  }
  const line = JSON.parse(lines.find((text) => text.includes('"_aws"')) ?? "{}") as Record<string, unknown>;
  expect(line).toMatchObject({ [METRIC_DIMENSION]: RUNTIME, [MAILBOX_DIMENSION]: "own.fifo" });
  const named = definitionsIn(line).map(({ Dimensions, Metrics }) => [
    Dimensions,
    Metrics.map(({ Name }) => Name),
  ]);
  expect(named).toContainEqual([[[METRIC_DIMENSION, MAILBOX_DIMENSION]], [METRICS.comesAgainAge.name]]);
  // A backlog there is none here.
  expect(line).not.toHaveProperty(METRICS.oldestMessageAge.name);
});

/**
 * The whole app, deployed to an emulator of AWS by CDK's own command line, and driven over HTTP. It runs the local server's
 * end-to-end suite, and tests of what only a deployment has. What an emulator cannot do is skipped, with the reason.
 * docs/emulators.md says what is therefore not proven.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListScheduleGroupsCommand, ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { connect } from "perdure/client";
import { iam } from "perdure/client/aws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientSuite } from "../e2e/client-suite.ts";
import { inputSuite } from "../e2e/input-suite.ts";
import { until } from "../e2e/target.ts";
import { DUMMY_CREDENTIALS } from "../support/emulator-dynamo.ts";
import { proxyTo } from "./api-proxy.ts";
import { ACCOUNT, Cdk, REGION, STACK } from "./cdk.ts";
import { cliSuite } from "./cli-suite.ts";
import { DeployedApp } from "./deployed-app.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { beginPasses, guardsIn } from "./guards.ts";
import { REGISTRY_CACHE_MS } from "../../lib/limits.ts";

let emulator: Emulator;
let cdk: Cdk;
let app: DeployedApp;
let outputs: Record<string, string>;
const closing: (() => Promise<void>)[] = [];
const output = (name: string): string => outputs[name] ?? "";
const environment = (build: string): Record<string, string> => ({
  PERDURE_CLOUD_BUILD: build,
  PERDURE_CLOUD_LOG: emulator.folder === undefined ? "" : join(emulator.folder, "steps"),
});
const client = () => ({ endpoint: emulator.endpoint, region: REGION, credentials: DUMMY_CREDENTIALS });

beforeAll(async () => {
  emulator = await startEmulator();
  closing.push(() => emulator.stop());
  console.log(`deploying to ${emulator.name} at ${emulator.endpoint}`);
  cdk = new Cdk(emulator);
  await cdk.run(["bootstrap", `aws://${ACCOUNT}/${REGION}`]);
  ({ outputs } = await cdk.deploy(environment("1")));
  const ingress = await proxyTo(output("IngressUrl"), emulator.endpoint, false);
  const admin = await proxyTo(output("AdminUrl"), emulator.endpoint, true);
  closing.push(ingress.close, admin.close);
  app = new DeployedApp(ingress, admin);
  // Before the first handler looks whether there are passes: so all that follows has its guards in the table.
  await beginPasses(place());
  await until(
    () => guardsIn(place()),
    ({ passes }) => passes?.number === 1,
    30_000,
  );
});
const place = () => ({
  ...{ client: client(), table: output("GuardTable"), delayQueueUrl: output("DelayQueueUrl") },
});
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

const serving = async (): Promise<DeployedApp> => app;
cliSuite(() => emulator.endpoint);
clientSuite("deployed", serving);
inputSuite("deployed", serving, {
  "headers too long":
    "API Gateway refuses them at 10 KB, and the emulator at 16: they never reach the ingress",
});

interface View {
  readonly status: string;
  readonly last_failure?: string;
}
const view = async (id: string): Promise<View> => (await app.admin(`/invocations/${id}`)) as View;

/** Calls, one in the other. */
const CHAIN = 3;

describe("what only a deployment has", () => {
  test("the admin API is for signed requests only", async () => {
    const open = await proxyTo(output("AdminUrl"), emulator.endpoint, false);
    closing.push(open.close);
    expect((await fetch(`${open.url}/services`)).status).toBe(403);
    expect(await app.admin("/services")).toMatchObject({ services: expect.any(Array) as unknown });
  });

  test("browser-preflight: the route for it needs no signature, its function answers it, and calls need one", async () => {
    const { host } = new URL(output("SignedUrl"));
    const listed = await fetch(`${emulator.endpoint}/v2/apis/${host.split(".")[0]}/routes`);
    const { items } = (await listed.json()) as { items: { routeKey: string; authorizationType: string }[] };
    expect(Object.fromEntries(items.map((route) => [route.routeKey, route.authorizationType]))).toEqual({
      $default: "AWS_IAM",
      "OPTIONS /{proxy+}": "NONE",
    });
    // MiniStack answers every OPTIONS itself, and never by a route. So the function gets what API Gateway would make of it.
    const origin = "https://shop.example";
    const asked = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type,x-amz-date",
    };
    const http = { method: "OPTIONS" };
    const event = { rawPath: "/Greeter/greet", rawQueryString: "", headers: asked, isBase64Encoded: false };
    const Payload = JSON.stringify({ ...event, requestContext: { stage: "$default", http } });
    const invoked = await new LambdaClient(client()).send(
      new InvokeCommand({ FunctionName: output("IngressFunction"), Payload: Buffer.from(Payload) }),
    );
    const preflight = JSON.parse(invoked.Payload?.transformToString() ?? "") as {
      readonly statusCode: number;
      readonly headers: Readonly<Record<string, string>>;
    };
    expect(preflight).toMatchObject({
      statusCode: 200,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": asked["access-control-request-headers"],
      },
    });
    expect(preflight.headers).not.toHaveProperty("access-control-allow-credentials");

    const door = await proxyTo(output("SignedUrl"), emulator.endpoint, false);
    closing.push(door.close);
    const headers = { origin, "content-type": "application/json" };
    const body = JSON.stringify("Ada");
    const unsigned = await fetch(`${door.url}/Greeter/greet`, { method: "POST", headers, body });
    expect(unsigned.status).toBe(403);
    const auth = iam({ region: REGION, credentials: DUMMY_CREDENTIALS });
    const caller = connect({ url: door.url, auth, headers: { origin } });
    expect(await caller.call({ service: "Greeter", handler: "greet", parameter: "Ada" })).toBe("hello Ada");
  });

  test("a handler that is killed in mid-turn: what is recorded does not run again", async ({ skip }) => {
    const { folder } = emulator;
    if (folder === undefined) return skip(`${emulator.name} does not run functions on this machine's files`);
    await app.call("/Cloud/die", "victim", { "idempotency-key": "victim" });
    const steps = readFileSync(join(folder, "steps"), "utf8").trim().split("\n");
    expect(steps).toEqual(["victim first", "victim second", "victim second", "victim third"]);
  });

  test("a chain of calls goes from handler to handler: no link suspends, and none is sent", async ({
    skip,
  }) => {
    const { folder } = emulator;
    if (folder === undefined) return skip(`${emulator.name} does not run functions on this machine's files`);
    // As many processes as the chain needs at a time have started before it.
    await Promise.all(Array.from({ length: CHAIN + 3 }, () => app.call("/Cloud/pause", 2000)));
    expect(await app.call("/Cloud/chain", { name: "a", depth: CHAIN })).toBe(CHAIN);
    // A caller that had sent a message would have suspended, and so begun a second turn.
    const lines = readFileSync(join(folder, "steps"), "utf8").split("\n");
    const turns = lines.filter((line) => line.startsWith("chain a "));
    expect(turns).toEqual(Array.from({ length: CHAIN + 1 }, (_, link) => `chain a ${CHAIN - link}`));
  });

  test("all functions are killed, dispatcher included: everything accepted ends, once", async ({ skip }) => {
    const { killFunctions } = emulator;
    if (!killFunctions) return skip(`${emulator.name} does not let its functions' processes be killed`);
    const before = (await app.call("/Counter/killed/add", 0)) as number;
    const calls = Array.from({ length: 12 }, (_, n) =>
      app.send("/Counter/killed/add", 1, { "idempotency-key": `killed ${n}` }),
    );
    const ids = await Promise.all(calls);
    expect(killFunctions()).toBeGreaterThan(0);
    // The ingress was killed, too, so its callers try again.
    const total = async (): Promise<number> =>
      Number((await app.request("/Counter/killed/add", { body: 0 })).json);
    await until(total, (reached) => reached >= before + 12, 90_000);
    const results = await Promise.all(ids.map(async (id) => (await app.attach(id)).json as number));
    expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => before + n + 1));
  });

  test("a failure is visible while it is retried", async () => {
    const id = await app.send("/Cloud/fail");
    await until(
      () => view(id),
      ({ last_failure }) => last_failure?.includes("on purpose") === true,
    );
    await app.admin(`/invocations/${id}/kill`, "PATCH");
    await until(
      () => view(id),
      ({ status }) => status === "completed",
    );
  });

  test("what is no message does not block the mailbox", async () => {
    const sqs = new SQSClient({ ...client(), useQueueUrlAsEndpoint: false });
    const poison = { MessageBody: "no message", MessageGroupId: "poison", MessageDeduplicationId: "poison" };
    await sqs.send(new SendMessageCommand({ QueueUrl: output("MailboxUrl"), ...poison }));
    expect(await app.call("/Greeter/greet", "after")).toBe("hello after");
    const attributes = async () =>
      (
        await sqs.send(
          new GetQueueAttributesCommand({
            QueueUrl: output("MailboxUrl"),
            AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
          }),
        )
      ).Attributes;
    const none = { ApproximateNumberOfMessages: "0", ApproximateNumberOfMessagesNotVisible: "0" };
    await until(attributes, (held) => JSON.stringify(held) === JSON.stringify(none), 60_000);
    sqs.destroy();
  });
});

describe("timers across the border of EventBridge Scheduler", () => {
  /** Long turns before have left guards, which also wait here: the emulator's delay queue is set to reach some seconds only. */
  const GUARDS_GONE_MS = 150_000;
  const schedules = async (): Promise<readonly string[]> => {
    const scheduler = new SchedulerClient(client());
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ NamePrefix: "t-" }));
    scheduler.destroy();
    return Schedules.flatMap(({ Name }) => Name ?? []);
  };
  const added = async (before: readonly string[]): Promise<readonly string[]> =>
    (await schedules()).filter((name) => !before.includes(name));

  test(
    "a sleep takes the far leg and wakes on time, never early; its schedule is gone after it",
    { timeout: 2 * GUARDS_GONE_MS },
    async () => {
      const before = await schedules();
      const id = await app.send("/Cloud/sleep", 14_000);
      await until(
        () => added(before),
        (names) => names.length > 0,
      );
      const late = (await app.attach(id)).json as number;
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(8000);
      await until(
        () => added(before),
        (names) => names.length === 0,
        GUARDS_GONE_MS,
      );
    },
  );

  test("a kill takes the schedule with it", { timeout: 2 * GUARDS_GONE_MS }, async () => {
    const before = await schedules();
    const id = await app.send("/Cloud/sleep", 3_600_000);
    await until(
      () => added(before),
      (names) => names.length > 0,
    );
    await app.admin(`/invocations/${id}/kill`, "PATCH");
    await until(
      () => added(before),
      (names) => names.length === 0,
      GUARDS_GONE_MS,
    );
  });
});

test("the reconciler finds nothing to poke: all that could move has moved", async () => {
  const lambda = new LambdaClient(client());
  const answer = await lambda.send(new InvokeCommand({ FunctionName: output("ReconcilerFunction") }));
  lambda.destroy();
  expect(answer.FunctionError).toBeUndefined();
  expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString())).toMatchObject({ poked: 0 });
});

test("nothing went to a dead-letter queue", async () => {
  const sqs = new SQSClient({ ...client(), useQueueUrlAsEndpoint: false });
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: output("DeadLettersUrl"),
      AttributeNames: ["ApproximateNumberOfMessages"],
    }),
  );
  sqs.destroy();
  expect(Attributes).toEqual({ ApproximateNumberOfMessages: "0" });
});

test("guards wait in their table, and passes have come to them", { timeout: 120_000 }, async () => {
  await app.call("/Cloud/pause", 1);
  const { guards, passes } = await until(
    () => guardsIn(place()),
    (found) => (found.passes?.number ?? 0) > 1,
    90_000,
  );
  expect(guards).toBeGreaterThan(0);
  expect(passes?.untilMs).toBeGreaterThan(passes?.doneMs ?? Number.POSITIVE_INFINITY);
});

describe("deployments", () => {
  test("deploying again without a change changes nothing", async () => {
    expect((await cdk.deploy(environment("1"))).text).toContain("(no changes)");
  });

  test("what is suspended ends on the version it began on, and new invocations use the new one", async () => {
    const id = await app.send("/Across/one/run");
    await until(
      () => view(id),
      ({ status }) => status === "suspended",
    );
    await cdk.deploy(environment("2"));
    await until(
      () => app.call("/Cloud/build"),
      (build) => build === "2",
      30_000,
    );
    await app.call("/Across/one/go");
    expect((await app.attach(id)).json).toEqual({ began: "1", ended: "1" });
    // Another environment of the dispatcher may keep its old registry for so long.
    await new Promise((resolve) => void setTimeout(resolve, REGISTRY_CACHE_MS));
    const later = await app.send("/Across/two/run");
    await app.call("/Across/two/go");
    expect((await app.attach(later)).json).toEqual({ began: "2", ended: "2" });
  });

  test("destroying leaves nothing behind", async () => {
    await cdk.run(["destroy", "--all", "--force"]);
    expect(await leftovers()).toEqual([]);
  });
});

/** What bears the stack's name, by kind. */
async function leftovers(): Promise<readonly string[]> {
  const [dynamo, sqs] = [new DynamoDBClient(client()), new SQSClient(client())];
  const [lambda, scheduler] = [new LambdaClient(client()), new SchedulerClient(client())];
  const { TableNames = [] } = await dynamo.send(new ListTablesCommand({}));
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({ FunctionVersion: "ALL" }));
  const { ScheduleGroups = [] } = await scheduler.send(new ListScheduleGroupsCommand({}));
  const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
  for (const each of [dynamo, sqs, lambda, scheduler]) each.destroy();
  const names = [
    ...TableNames.map((name) => `table ${name}`),
    ...QueueUrls.map((url) => `queue ${url}`),
    ...Functions.map(({ FunctionArn }) => `function ${FunctionArn}`),
    ...ScheduleGroups.map(({ Name }) => `schedule group ${Name}`),
    ...Schedules.map(({ Name }) => `schedule ${Name}`),
  ];
  return names.filter((name) => name.includes(STACK) || name.startsWith("schedule t-"));
}

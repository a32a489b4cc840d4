/**
 * Work in flight when the runtime's data moves: the restore of docs/operations.md, step by step, and a mailbox that is replaced. What
 * waits began on a version whose variables name the tables and the mailbox of before, and ends on it.
 *
 * An emulator restores no table, so the tables are copied item by item, while nothing is written.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import {
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../e2e/target.ts";
import { DUMMY_CREDENTIALS } from "../support/emulator-dynamo.ts";
import { proxyTo } from "./api-proxy.ts";
import { ACCOUNT, Cdk, REGION } from "./cdk.ts";
import { DeployedApp } from "./deployed-app.ts";
import { type Emulator, startEmulator } from "./emulator.ts";

/** The longest back-off between the attempts of what fails, and some more. */
const ENDS_MS_MAX = 90_000;
const DEPLOY_MS_MAX = 900_000;
const RESTORED = "restored-";
/** DynamoDB takes so many writes at once. */
const BATCH = 25;

let emulator: Emulator;
let cdk: Cdk;
let app: DeployedApp;
let outputs: Record<string, string>;
const closing: (() => Promise<void>)[] = [];
const output = (name: string): string => outputs[name] ?? "";
const client = () => ({ endpoint: emulator.endpoint, region: REGION, credentials: DUMMY_CREDENTIALS });

async function deploy(environment: Record<string, string>): Promise<void> {
  const folder = emulator.folder ?? "";
  const log = { PERDURE_CLOUD_LOG: folder && join(folder, "steps") };
  ({ outputs } = await cdk.deploy({ ...log, ...environment }));
  const ingress = await proxyTo(output("IngressUrl"), emulator.endpoint, false);
  const admin = await proxyTo(output("AdminUrl"), emulator.endpoint, true);
  closing.push(ingress.close, admin.close);
  app = new DeployedApp(ingress, admin);
}

beforeAll(async () => {
  emulator = await startEmulator();
  closing.push(() => emulator.stop());
  cdk = new Cdk(emulator);
  await cdk.run(["bootstrap", `aws://${ACCOUNT}/${REGION}`]);
  await deploy({ PERDURE_CLOUD_BUILD: "1" });
}, DEPLOY_MS_MAX);
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

interface InFlight {
  readonly suspended: string;
  readonly holding: string;
  readonly parked: string;
  readonly failing: string;
}

const reaches = async (id: string, status: string): Promise<void> =>
  void (await until(
    async () => (await app.admin(`/invocations/${id}`)) as { readonly status?: string },
    (view) => view.status === status,
    ENDS_MS_MAX,
  ));

async function begin(name: string): Promise<InFlight> {
  const suspended = await app.send(`/Across/${name}/run`);
  const holding = await app.send(`/Held/${name}/hold`);
  await reaches(suspended, "suspended");
  await reaches(holding, "suspended");
  const parked = await app.send(`/Held/${name}/count`);
  const failing = await app.send("/Cloud/mend", name);
  await reaches(parked, "pending");
  await reaches(failing, "backing-off");
  return { suspended, holding, parked, failing };
}

/** What it ends with: on which builds. */
async function end(name: string, { suspended, holding, parked, failing }: InFlight): Promise<unknown> {
  appendFileSync(join(emulator.folder ?? "", "steps"), `mended ${name}\n`);
  await app.call(`/Across/${name}/go`);
  const go = `/restate/invocation/${holding}/signals/go/resolve`;
  expect((await app.request(go, {})).status).toBe(202);
  const ends = [suspended, holding, parked, failing].map(async (id) => {
    await reaches(id, "completed");
    return (await app.attach(id)).json;
  });
  return await Promise.all(ends);
}

/** Lambda hands no messages to these functions any more, or does so again. */
async function consume(enabled: boolean): Promise<void> {
  const lambda = new LambdaClient(client());
  const mappings = async () => {
    const found = ["DispatcherFunction", "TimersFunction"].map(async (name) => {
      const command = new ListEventSourceMappingsCommand({ FunctionName: output(name) });
      return (await lambda.send(command)).EventSourceMappings ?? [];
    });
    return (await Promise.all(found)).flat();
  };
  for (const { UUID } of await mappings())
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: enabled }));
  await until(mappings, (found) => found.every(({ State }) => State === (enabled ? "Enabled" : "Disabled")));
  lambda.destroy();
}

/** As a restore leaves it: with its indexes, under another name. */
async function copy(dynamo: DynamoDBClient, from: string, to: string): Promise<void> {
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: from }));
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes: indexes } = Table ?? {};
  await dynamo.send(
    new CreateTableCommand({
      ...{ TableName: to, BillingMode: "PAY_PER_REQUEST", KeySchema, AttributeDefinitions },
      ...(indexes && {
        GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema: keys, Projection }) => ({
          ...{ IndexName, KeySchema: keys, Projection },
        })),
      }),
    }),
  );
  const scan = new ScanCommand({ TableName: from, ConsistentRead: true });
  const { Items: items = [], LastEvaluatedKey: more } = await dynamo.send(scan);
  expect(more).toBeUndefined();
  for (let at = 0; at < items.length; at += BATCH) {
    const puts = items.slice(at, at + BATCH).map((Item) => ({ PutRequest: { Item } }));
    await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [to]: puts } }));
  }
}

test("restore: what is in flight ends on the new tables", { timeout: DEPLOY_MS_MAX }, async ({ skip }) => {
  if (emulator.folder === undefined)
    return skip(`${emulator.name} does not run functions on this machine's files`);
  const inFlight = await begin("restore");
  await consume(false);
  const dynamo = new DynamoDBClient(client());
  const before = output("JournalTable");
  for (const name of ["Journal", "State", "Registry"])
    await copy(dynamo, output(`${name}Table`), `${RESTORED}${name.toLowerCase()}`);
  await deploy({ PERDURE_CLOUD_BUILD: "1", PERDURE_CLOUD_TABLES: RESTORED });
  expect(output("JournalTable")).toBe(`${RESTORED}journal`);
  await consume(true);
  const ended = await end("restore", inFlight);
  // The version of before: all but the tables is as it was.
  expect(ended).toEqual([{ began: "1", ended: "1" }, "1", 3, "1"]);
  expect(await app.call("/Held/restore/count")).toBe(4);
  // This stack keeps no tables: what ends here needs nothing of the old ones.
  expect((await dynamo.send(new ListTablesCommand({}))).TableNames).not.toContain(before);
  dynamo.destroy();
});

test(
  "replacement of the mailbox: what is in flight ends by way of the new one",
  {
    timeout: DEPLOY_MS_MAX,
  },
  async ({ skip }) => {
    if (emulator.folder === undefined)
      return skip(`${emulator.name} does not run functions on this machine's files`);
    const inFlight = await begin("replaced");
    const before = output("MailboxUrl");
    await deploy({ PERDURE_CLOUD_BUILD: "2", PERDURE_CLOUD_TABLES: RESTORED, PERDURE_CLOUD_EPOCH: "1" });
    expect(output("MailboxUrl")).not.toBe(before);
    const sqs = new SQSClient(client());
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
    sqs.destroy();
    expect(QueueUrls).not.toContain(before);
    expect(await end("replaced", inFlight)).toEqual([{ began: "1", ended: "1" }, "1", 3, "1"]);
    // The numbers of the new mailbox begin anew, and its epoch is later: a writer of the key is not taken for an older one.
    expect(await app.call("/Held/replaced/count")).toBe(4);
    const steps = readFileSync(join(emulator.folder, "steps"), "utf8").split("\n");
    expect(steps.filter((line) => line === "begun replaced")).toHaveLength(1);
  },
);

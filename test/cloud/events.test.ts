/**
 * Subscriptions of a deployed stack, one of each source. What the emulator delivers by itself is sent to the source. Kafka it does not
 * have: there the deployed source door is invoked with recorded events, by the alias of the subscription.
 *
 * Each source gets ten records of two keys. One of them is poison, and one is refused by the mailbox until the source was told of it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { InvokeCommand, LambdaClient, ListAliasesCommand } from "@aws-sdk/client-lambda";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Start } from "../../lib/model/message.ts";
import { sourceAlias } from "../../lib/model/source-alias.ts";
import { until } from "../e2e/target.ts";
import { DUMMY_CREDENTIALS } from "../support/emulator-dynamo.ts";
import { recorded } from "../unit/events/events.ts";
import { proxyTo } from "./api-proxy.ts";
import { ACCOUNT, Cdk, REGION } from "./cdk.ts";
import { DeployedApp } from "./deployed-app.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { EventSources, type Sent } from "./event-sources.ts";
import { FaultyMailbox } from "./faulty-mailbox.ts";

/** A queue hides for thirty seconds what was given back, a schedule ticks each minute, and all of it waits for the same machine. */
const SOON = 180_000;
const DEPLOY_MS_MAX = 600_000;
const RECORDS = 10;
const POISON = 3;
const REFUSED = 5;
const KILLS = 4;
const KILL_EVERY_MS = 700;

let emulator: Emulator;
let cdk: Cdk;
let app: DeployedApp;
let mailbox: FaultyMailbox | undefined;
let sources: EventSources;
let outputs: Record<string, string>;
const closing: (() => Promise<void>)[] = [];
const client = () => ({ endpoint: emulator.endpoint, region: REGION, credentials: DUMMY_CREDENTIALS });
const variables = (stage: string) => ({
  PERDURE_CLOUD_STAGE: stage,
  PERDURE_CLOUD_MAILBOX: mailbox?.url ?? "",
});

/** Starts that the mailbox refuses, by what {@link named} says. */
const refused = new Set<string>();
/** By its subscription, and by its id in the test or its offset. */
const named = ({ input, headers }: Start): string => {
  const { "perdure.subscription": subscription = "", "kafka.offset": offset } = headers;
  const text = typeof input === "string" ? input : Buffer.from(input).toString();
  const [id = offset] = new RegExp(`\\b${subscription}-\\d\\d\\b`, "u").exec(text) ?? [];
  return `${subscription} ${id}`;
};

beforeAll(async () => {
  emulator = await startEmulator();
  closing.push(() => emulator.stop());
  // Functions of LocalStack run in containers: they do not reach this process.
  if (emulator.folder !== undefined) {
    const opened = await FaultyMailbox.open(emulator.endpoint);
    opened.refuses = (start) => refused.has(named(start));
    closing.push(() => opened.close());
    mailbox = opened;
  }
  cdk = new Cdk(emulator, "events-app.ts");
  await cdk.run(["bootstrap", `aws://${ACCOUNT}/${REGION}`]);
  ({ outputs } = await cdk.deploy(variables("all")));
  sources = new EventSources(emulator.endpoint, outputs);
  const ingress = await proxyTo(outputs["IngressUrl"] ?? "", emulator.endpoint, false);
  const admin = await proxyTo(outputs["AdminUrl"] ?? "", emulator.endpoint, true);
  closing.push(ingress.close, admin.close);
  app = new DeployedApp(ingress, admin);
}, DEPLOY_MS_MAX);
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

const ran = async (subscription: string, key: string): Promise<readonly string[]> =>
  (await app.call(`/Listed/${key}/ids`, subscription)) as string[];

interface Rejected {
  readonly id: string;
  readonly reason: string;
  readonly status: string;
  readonly coordinates: string;
}
const rejectedOf = async (subscription: string): Promise<readonly Rejected[]> =>
  ((await app.admin(`/events/rejected?subscription=${subscription}`)) as { rejected: Rejected[] }).rejected;

const failureOf = async (subscription: string): Promise<unknown> =>
  ((await app.admin(`/subscriptions/${subscription}`)) as { last_failure: unknown }).last_failure;

interface Delivered {
  readonly subscription: string;
  readonly title: string;
  readonly put: (to: EventSources) => (records: readonly Sent[]) => Promise<void>;
  /** What keeps its order: all of it, each key, or nothing. */
  readonly lanes: "one" | "keys" | "none";
  readonly poison: string | undefined;
  /** All records are of one key: of the subscription's constant. */
  readonly hasOneKey?: boolean;
}
const of = (
  subscription: string,
  title: string,
  put: Delivered["put"],
  lanes: Delivered["lanes"],
  poison: string | undefined,
): Delivered => ({ subscription, title, put, lanes, poison });

const DELIVERED: readonly Delivered[] = [
  of("queue", "an SQS queue", (to) => to.queue, "none", "no-key"),
  of("fifo", "a FIFO queue", (to) => to.fifo, "keys", "headers-too-large"),
  of("topic", "an SNS topic", (to) => to.topic, "none", "no-key"),
  // MiniStack gives its messages no sequence numbers. So their groups wait for each other.
  of("fifo-topic", "a FIFO topic", (to) => to.fifoTopic, "one", "headers-too-large"),
  of("rule", "an EventBridge rule", (to) => to.rule, "none", "no-key"),
  { ...of("objects", "an S3 bucket", (to) => to.objects, "none", undefined), hasOneKey: true },
  of("stream", "a Kinesis stream", (to) => to.stream, "one", "no-key"),
  of("table", "a DynamoDB stream", (to) => to.table, "one", "no-key"),
];

function recordsOf({ subscription, poison, hasOneKey = false }: Delivered): readonly Sent[] {
  return Array.from({ length: RECORDS }, (_, at) => ({
    id: `${subscription}-${String(at).padStart(2, "0")}`,
    key: hasOneKey || at % 2 === 0 ? "a" : "b",
    isPoison: poison !== undefined && at === POISON,
  }));
}

/** Of one key. */
const laterRecordsOf = ({ subscription, hasOneKey = false }: Delivered): readonly Sent[] =>
  Array.from({ length: RECORDS }, (_, at) => ({
    id: `${subscription}-${RECORDS + at}`,
    key: hasOneKey ? "a" : "killed",
    isPoison: false,
  }));

/** The object's name, where that is all that a record has. */
const shown = (ids: readonly string[]): readonly string[] => ids.map((id) => id.replace("in/", ""));

describe("the emulator delivers, by an event source mapping, what was sent to", () => {
  test.concurrent.each(DELIVERED)("$title", { timeout: 2 * SOON }, async (delivered) => {
    const { subscription, put, lanes, poison } = delivered;
    const records = recordsOf(delivered);
    const expected = (key: string): readonly string[] =>
      records.filter((each) => each.key === key && !each.isPoison).map(({ id }) => id);
    const marked = `${subscription} ${records[REFUSED]?.id}`;
    if (mailbox) refused.add(marked);
    await put(sources)(records);
    if (mailbox) {
      await until(
        () => failureOf(subscription),
        (failure) => failure !== null,
        SOON,
      );
      refused.delete(marked);
    }
    for (const key of ["a", "b"]) {
      const ids = await until(
        async () => shown(await ran(subscription, key)),
        ({ length }) => length >= expected(key).length,
        SOON,
      );
      expect(lanes === "none" ? ids.toSorted() : ids).toEqual(expected(key));
    }
    const rejected = await rejectedOf(subscription);
    expect(rejected.map(({ reason, status }) => [reason, status])).toEqual(
      poison === undefined ? [] : [[poison, "waiting"]],
    );
    if (!mailbox) return;
    // What was delivered again: the refused one, and what its source keeps behind it.
    const came = mailbox.came.map(named);
    const again = records.filter(
      ({ id }) => came.filter((each) => each === `${subscription} ${id}`).length > 1,
    );
    const behind = records.filter(
      ({ key }, at) => at >= REFUSED && (lanes !== "keys" || key === records[REFUSED]?.key),
    );
    expect(again).toContain(records[REFUSED]);
    expect(again.filter((each) => !behind.includes(each))).toEqual([]);
  });

  test(
    "all of them, while every function is killed again and again",
    { timeout: 2 * SOON },
    async ({ skip }) => {
      const { killFunctions } = emulator;
      if (!killFunctions) return skip(`${emulator.name} does not let its functions' processes be killed`);
      const sent = DELIVERED.map((delivered) => ({ delivered, records: laterRecordsOf(delivered) }));
      const all = Promise.all(sent.map(({ delivered, records }) => delivered.put(sources)(records)));
      let killed = 0;
      for (let kills = 0; kills < KILLS; kills++) {
        await sleep(KILL_EVERY_MS);
        killed += killFunctions();
      }
      await all;
      expect(killed).toBeGreaterThan(KILLS);
      for (const { delivered, records } of sent) {
        const { subscription, lanes, hasOneKey = false } = delivered;
        const expected = records.map(({ id }) => id);
        const ids = await until(
          async () => shown(await ran(subscription, hasOneKey ? "a" : "killed").catch(() => [])),
          ({ length }) => length >= expected.length + (hasOneKey ? RECORDS : 0),
          SOON,
        );
        const later = ids.filter((id) => expected.includes(id));
        expect([subscription, lanes === "none" ? later.toSorted() : later]).toEqual([subscription, expected]);
        expect(new Set(ids).size).toBe(ids.length);
      }
    },
  );

  test("a schedule: each tick once, with its time", { timeout: 2 * SOON }, async () => {
    const ticks = await until(
      () => ran("tick", "a"),
      ({ length }) => length > 0,
      SOON,
    );
    for (const time of ticks) expect(new Date(time).getTime()).toBeGreaterThan(Date.now() - 2 * SOON);
    expect(new Set(ticks).size).toBe(ticks.length);
  });
});

interface Invoked {
  readonly error: string | undefined;
  readonly answer: unknown;
}
async function invoked(alias: string, event: unknown): Promise<Invoked> {
  const lambda = new LambdaClient(client());
  const to = { FunctionName: outputs["DoorFunction"], Qualifier: alias };
  const Payload = Buffer.from(JSON.stringify(event));
  const { FunctionError: error, Payload: answer } = await lambda.send(new InvokeCommand({ ...to, Payload }));
  lambda.destroy();
  return { error, answer: JSON.parse(Buffer.from(answer ?? []).toString()) as unknown };
}

interface KafkaRecord {
  readonly offset: number;
}
interface KafkaEvent {
  readonly records: Readonly<Record<string, readonly KafkaRecord[]>>;
}
const PARTITION = "parcels-3";
const RECORDED = recorded("kafka-msk") as KafkaEvent;
/** The first one has a key, the second one has none. */
const [KEYED] = RECORDED.records[PARTITION] ?? [];
const withOffsets = (...offsets: readonly number[]): KafkaEvent => ({
  ...RECORDED,
  records: { [PARTITION]: offsets.map((offset) => ({ ...KEYED, offset })) },
});
const FIRST = 1507;

describe("the emulator has no Kafka: the deployed door is invoked with a recorded event of", () => {
  test.each([
    { subscription: "whole", title: "MSK", failsWhole: true },
    { subscription: "pollers", title: "MSK with pollers of its own", failsWhole: false },
  ])("$title", { timeout: SOON }, async ({ subscription, failsWhole }) => {
    const alias = sourceAlias(subscription, failsWhole);
    const deliver = async (event: KafkaEvent): Promise<Invoked> => await invoked(alias, event);
    const all = { error: undefined, answer: { batchItemFailures: [] } };
    expect(await deliver(RECORDED)).toEqual(all);
    expect(await deliver(RECORDED)).toEqual(all);
    const runs = async (...offsets: readonly number[]): Promise<void> => {
      const ids = await until(
        () => ran(subscription, "parcel-81"),
        ({ length }) => length >= offsets.length,
        SOON,
      );
      expect(ids).toEqual(offsets.map(String));
    };
    await runs(FIRST);
    expect((await rejectedOf(subscription)).map(({ reason }) => reason)).toEqual(["no-key"]);
    if (!mailbox) return;
    const offset = FIRST + 3;
    const marked = `${subscription} ${offset}`;
    refused.add(marked);
    const batch = withOffsets(FIRST, offset - 1, offset, offset + 1);
    const failed = await deliver(batch);
    if (failsWhole) expect(failed.error).toBe("Unhandled");
    else
      expect(failed).toEqual({
        ...{ error: undefined },
        answer: { batchItemFailures: [{ itemIdentifier: { partition: PARTITION, offset } }] },
      });
    refused.delete(marked);
    expect(await deliver(batch)).toEqual(all);
    await runs(FIRST, offset - 1, offset, offset + 1);
    // What lay below the mark was not even sent once more.
    const came = mailbox.came.map(named);
    expect(came.filter((each) => each === `${subscription} ${FIRST}`)).toHaveLength(1);
    expect(came.filter((each) => each === `${subscription} ${offset - 1}`)).toHaveLength(1);
  });
});

describe("the stack", () => {
  const NAMES = [...DELIVERED.map(({ subscription }) => subscription), "tick", "whole", "pollers"];
  const listed = async (): Promise<readonly string[]> => {
    const { subscriptions } = (await app.admin("/subscriptions")) as { subscriptions: { name: string }[] };
    return subscriptions.map(({ name }) => name).toSorted();
  };

  test("makes an alias of the newest code for each subscription, and the admin API lists them", async () => {
    const lambda = new LambdaClient(client());
    const { Aliases = [] } = await lambda.send(
      new ListAliasesCommand({ FunctionName: outputs["DoorFunction"] }),
    );
    lambda.destroy();
    expect(new Set(Aliases.map(({ Name, FunctionVersion }) => `${Name} ${FunctionVersion}`))).toEqual(
      new Set(NAMES.map((name) => `${sourceAlias(name, name === "whole")} $LATEST`)),
    );
    expect(await listed()).toEqual(NAMES.toSorted());
  });

  test(
    "takes a subscription away with all that delivers to it, and the others go on",
    { timeout: DEPLOY_MS_MAX },
    async () => {
      await cdk.deploy(variables("fewer"));
      expect(await listed()).toEqual(NAMES.filter((name) => name !== "topic").toSorted());
      const sqs = new SQSClient({ ...client(), useQueueUrlAsEndpoint: false });
      const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
      sqs.destroy();
      expect(QueueUrls.filter((url) => url.includes("Sourcestopic"))).toEqual([]);
      await sources.queue([{ id: "queue-99", key: "c", isPoison: false }]);
      await until(
        () => ran("queue", "c"),
        (ids) => ids.includes("queue-99"),
        SOON,
      );
    },
  );

  test("is destroyed as a whole", { timeout: DEPLOY_MS_MAX }, async () => {
    await cdk.run(["destroy", "--all", "--force"]);
    const sqs = new SQSClient({ ...client(), useQueueUrlAsEndpoint: false });
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
    sqs.destroy();
    expect(QueueUrls).toEqual([]);
  });
});

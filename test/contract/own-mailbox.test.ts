/** Services' own mailboxes, with SQS's requests: the dispatcher's Lambda entry sends on and handles, the depth of a queue is seen. */
import { ReceiveMessageCommand, type Message as Received } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { ENVIRONMENT } from "../../lib/environment.ts";
import { groupOf, invocationId } from "../../lib/model/ids.ts";
import { outgoing } from "../../lib/store/send.ts";
import { OwnMailboxes } from "../../lib/store/own-mailboxes.ts";
import { depthOfQueue } from "../../runtime/aws/sqs-depth.ts";
import {
  DUMMY_CREDENTIALS,
  type DynamoEmulator,
  REGION,
  startDynalite,
  TABLES,
} from "../support/emulator-dynamo.ts";
import { type SqsEmulator, startFauxqs } from "../support/emulator-sqs.ts";

const before = { ...process.env };
let dynamo: DynamoEmulator;
let sqs: SqsEmulator;
let mailboxUrl: string;
let ownUrl: string;

beforeAll(async () => {
  dynamo = await startDynalite();
  sqs = await startFauxqs();
  mailboxUrl = await sqs.createQueue("mailbox.fifo");
  ownUrl = await sqs.createQueue("slow.fifo");
  const items = dynamo.items({ rereadRefused: true });
  await new OwnMailboxes(items, systemClock, true).put({ service: "Slow", url: ownUrl, heldUntilMs: 0 });
  const variables: Partial<Record<keyof typeof ENVIRONMENT, string>> = {
    ...{ journalTable: TABLES.journal, stateTable: TABLES.state, registryTable: TABLES.registry },
    ...{ mailboxUrl, delayQueueUrl: await sqs.createQueue("timers"), delayQueueArn: "arn:timers" },
    ...{ scheduleGroup: "g", schedulerRoleArn: "arn:r", ownMailboxes: "expected", logLevel: "error" },
  };
  for (const [name, value] of Object.entries(variables))
    process.env[ENVIRONMENT[name as keyof typeof ENVIRONMENT]] = value;
  // An entry keeps its connections, and may have been loaded with the environment of another file.
  vi.resetModules();
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = dynamo.endpoint;
  process.env["AWS_ENDPOINT_URL_SQS"] = sqs.endpoint;
  process.env["AWS_REGION"] = REGION;
  process.env["AWS_ACCESS_KEY_ID"] = DUMMY_CREDENTIALS.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = DUMMY_CREDENTIALS.secretAccessKey;
});

afterAll(async () => {
  process.env = before;
  await sqs.close();
  await dynamo.close();
});

const CONTEXT = { getRemainingTimeInMillis: () => 60_000 };

async function receive(queueUrl: string): Promise<Received[]> {
  const command = new ReceiveMessageCommand({
    ...{ QueueUrl: queueUrl, MaxNumberOfMessages: 10 },
    MessageSystemAttributeNames: ["All"],
  });
  return (await sqs.client().send(command)).Messages ?? [];
}

/** What the dispatcher gives back, since it could not look something up, comes again. */
async function handle(queue: string, messages: readonly Received[]): Promise<readonly unknown[]> {
  for (let times = 1; ; times++) {
    const failed = await handleOnce(queue, messages);
    if (failed.length === 0 || times === RECEIVES_MAX) return failed;
  }
}
const RECEIVES_MAX = 3;

/** As Lambda's event source does it. */
async function handleOnce(queue: string, messages: readonly Received[]): Promise<readonly unknown[]> {
  const { handler } = await import("../../runtime/dispatcher/lambda.ts");
  const records = messages.map(({ MessageId = "", ReceiptHandle = "", Body = "", Attributes = {} }) => ({
    ...{ messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: Attributes },
    eventSourceARN: `arn:aws:sqs:${REGION}:000000000000:${queue}`,
  }));
  return (await handler({ Records: records }, CONTEXT)).batchItemFailures;
}

test(
  "a message comes through both mailboxes, with its place; those of other services stay",
  { timeout: 60_000 },
  async () => {
    const unknown = (service: string) => {
      const id = invocationId(service, "k", new Uint8Array(14).fill(1));
      return outgoing({ kind: "resume", id, enters: true }, service, groupOf(id));
    };
    const [slow, fast] = [unknown("Slow"), unknown("Fast")];
    await sqs.mailbox(mailboxUrl).sendBatch([slow, fast]);
    const messages = await receive(mailboxUrl);
    expect(messages).toHaveLength(2);
    expect(await depthOfQueue(sqs.requests, mailboxUrl)).toBe(2);
    expect(await handle("mailbox.fifo", messages)).toEqual([]);

    expect(await depthOfQueue(sqs.requests, ownUrl)).toBe(1);
    const own = await receive(ownUrl);
    const place = messages.find(({ Body }) => Body === slow.body)?.Attributes?.SequenceNumber;
    expect(own.map(({ Body }) => Body)).toEqual([expect.stringContaining(`"sequence":"${place}"`)]);
    expect(own[0]?.Body).toContain(slow.body);
    expect(own[0]?.Attributes?.MessageGroupId).toBe(slow.group);
    expect(await handle("slow.fifo", own)).toEqual([]);

    // A double is dropped by SQS.
    expect(await handle("mailbox.fifo", messages)).toEqual([]);
    expect(await depthOfQueue(sqs.requests, ownUrl)).toBe(1);
  },
);

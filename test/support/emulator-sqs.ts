/** SQS on loopback: fauxqs in this process. */
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { INVALID_MESSAGE_BODY_CHAR } from "../../node_modules/fauxqs/dist/sqs/sqsTypes.js";
import { JsonService } from "../../lib/aws/json-service.ts";
import { QueueMailbox } from "../../lib/aws/queue-mailbox.ts";
import { RestService } from "../../lib/aws/rest-service.ts";
import { SignedHttp } from "../../lib/aws/signed-http.ts";
import { sqsRequests, type SqsRequests } from "../../lib/aws/sqs-requests.ts";
import type { Incoming } from "../../lib/model/message.ts";
import type { Clock } from "../../lib/ports.ts";
import { SqsTimers } from "../../runtime/aws/sqs-timers.ts";
import { carrying } from "./emulator-answers.ts";
import { DUMMY_CREDENTIALS, REGION } from "./emulator-dynamo.ts";

/** fauxqs checks UTF-16 units, and so refuses characters beyond the Basic Multilingual Plane. SQS accepts them. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
INVALID_MESSAGE_BODY_CHAR.test = (text) => NOT_XML.test(text);

export interface SqsEmulator {
  readonly endpoint: string;
  /** Its operations, by a light client. */
  readonly requests: SqsRequests;
  mailbox(queueUrl: string): QueueMailbox;
  /** AWS's own, for the test's side. The emulator destroys it when it closes. */
  client(config?: { readonly maxAttempts?: number }): SQSClient;
  /** Returns the queue's URL. A name that ends in `.fifo` makes a FIFO queue. */
  createQueue(name: string, attributes?: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

/** `startFauxqs` would listen on all interfaces, so its app is built and started here. */
export async function startFauxqs(): Promise<SqsEmulator> {
  const app = buildApp({ logger: false, defaultRegion: REGION });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  return sqsAt({ endpoint, region: REGION, account: "000000000000" }, async () => {
    app.server.closeAllConnections();
    await app.close();
  });
}

/** An emulator that answers already. */
export function sqsAt(
  {
    endpoint,
    region,
    account,
  }: { readonly endpoint: string; readonly region: string; readonly account: string },
  close: () => Promise<void>,
): SqsEmulator {
  const clients: SQSClient[] = [];
  const newClient = (config: { readonly maxAttempts?: number } = {}): SQSClient => {
    const client = new SQSClient({ endpoint, region, credentials: DUMMY_CREDENTIALS, ...config });
    clients.push(client);
    return client;
  };
  const http = new SignedHttp({
    ...{ service: "sqs", region, endpoint: new URL(endpoint) },
    credentials: () => DUMMY_CREDENTIALS,
  });
  const requests = sqsRequests(new JsonService(http, "AmazonSQS"));
  return {
    endpoint,
    requests,
    mailbox: (queueUrl) => new QueueMailbox(requests.SendMessageBatch, queueUrl),
    client: newClient,
    async createQueue(name, attributes = {}) {
      const fifo = name.endsWith(".fifo") ? { FifoQueue: "true", ContentBasedDeduplication: "false" } : {};
      const command = new CreateQueueCommand({
        QueueName: name,
        Attributes: { VisibilityTimeout: "30", ...fifo, ...attributes },
      });
      await newClient().send(command);
      // The URL in its answer has a host under localhost, which not every resolver knows.
      return `${endpoint}/${account}/${name}`;
    },
    async close() {
      http.destroy();
      for (const client of clients) client.destroy();
      await close();
    },
  };
}

/** A message as Lambda's event source mapping hands it to the dispatcher. */
export const toIncoming = ({ MessageId = "", Body = "", Attributes = {} }: Message): Incoming => ({
  messageId: MessageId,
  group: Attributes.MessageGroupId ?? "",
  sequence: Attributes.SequenceNumber ?? "",
  receiveCount: Number(Attributes.ApproximateReceiveCount),
  body: Body,
});

/** Timers over an emulated delay queue. Their far leg answers, and does nothing: EventBridge Scheduler has no emulator. */
export const nearTimers = (sqs: SqsRequests, delayQueueUrl: string, clock: Pick<Clock, "now">): SqsTimers =>
  new SqsTimers({
    sqs,
    scheduler: new RestService(carrying(() => ({ body: '{"ScheduleArn":"arn"}' })).http),
    delayQueueUrl,
    delayQueueArn: "arn:aws:sqs:us-east-1:000000000000:timers",
    scheduleGroup: "test",
    schedulerRoleArn: "arn:aws:iam::000000000000:role/test",
    clock,
  });

const POLL_MS = 20;

/** Receives until something came, for `waitMs` at most. It uses short polls, because a long one takes whole seconds. */
export async function receiveFrom(client: SQSClient, queueUrl: string, waitMs: number): Promise<Message[]> {
  for (const deadline = Date.now() + waitMs; ; await sleep(POLL_MS)) {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 0,
      MessageSystemAttributeNames: ["All"],
    });
    const { Messages = [] } = await client.send(command);
    if (Messages.length > 0 || Date.now() >= deadline) return Messages;
  }
}

export async function deleteFrom(client: SQSClient, queueUrl: string, handle: string): Promise<void> {
  await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: handle }));
}

/** Makes it visible again at once. */
export async function releaseTo(client: SQSClient, queueUrl: string, handle: string): Promise<void> {
  await client.send(
    new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle: handle, VisibilityTimeout: 0 }),
  );
}

/** The consumer's side of a queue, by the receipts of what it has received. */
export function consumerOf(client: SQSClient, queueUrl: string) {
  const handles = new Map<string, string>();
  const handleOf = ({ messageId }: Incoming): string => handles.get(messageId) ?? "";
  return {
    async receive(waitMs: number): Promise<readonly Incoming[]> {
      const messages = await receiveFrom(client, queueUrl, waitMs);
      for (const { MessageId = "", ReceiptHandle = "" } of messages) handles.set(MessageId, ReceiptHandle);
      return messages.map(toIncoming);
    },
    delete: (message: Incoming) => deleteFrom(client, queueUrl, handleOf(message)),
    release: (message: Incoming) => releaseTo(client, queueUrl, handleOf(message)),
  };
}

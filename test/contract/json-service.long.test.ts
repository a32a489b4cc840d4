/** The light client of handlers against emulators: the suites of the AWS adapters through it. */
import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoItems } from "../../lib/aws/dynamo-items.ts";
import { dynamoRequests, sendMessageBatch } from "../../lib/aws/handler-connection.ts";
import { JsonService } from "../../lib/aws/json-service.ts";
import { QueueMailbox } from "../../lib/aws/queue-mailbox.ts";
import type { Incoming } from "../../lib/model/message.ts";
import { DUMMY_CREDENTIALS, REGION, startDynalite, TABLES } from "../support/emulator-dynamo.ts";
import { deleteFrom, receiveFrom, releaseTo, startFauxqs } from "../support/emulator-sqs.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { mailboxSuite } from "./mailbox-suite.ts";

const shared = { region: REGION, credentials: () => DUMMY_CREDENTIALS };
const dynamoAt = (endpoint: string, maxAttempts = 3): JsonService =>
  new JsonService({
    ...shared,
    service: "dynamodb",
    target: "DynamoDB_20120810",
    endpoint: new URL(endpoint),
    maxAttempts,
  });

itemStoreSuite(
  "DynamoDB (dynalite), light client",
  async () => {
    const emulator = await startDynalite();
    const service = dynamoAt(emulator.endpoint);
    const close = async (): Promise<void> => {
      service.destroy();
      await emulator.close();
    };
    return { items: new DynamoItems(dynamoRequests(service), TABLES, { rereadRefused: true }), close };
  },
  { comparesUtf16: true },
);

mailboxSuite("SQS (fauxqs), light client", async () => {
  const emulator = await startFauxqs();
  const queueUrl = await emulator.createQueue("mailbox.fifo");
  const endpoint = new URL(emulator.endpoint);
  const service = new JsonService({ ...shared, service: "sqs", target: "AmazonSQS", endpoint });
  return {
    mailbox: new QueueMailbox(sendMessageBatch(service), queueUrl),
    ...consumerOf(emulator.client(), queueUrl),
    close: async () => {
      service.destroy();
      await emulator.close();
    },
  };
});

function consumerOf(client: SQSClient, queueUrl: string) {
  const handles = new Map<string, string>();
  const handleOf = ({ messageId }: Incoming): string => handles.get(messageId) ?? "";
  return {
    async receive(waitMs: number) {
      const messages = await receiveFrom(client, queueUrl, waitMs);
      for (const { MessageId = "", ReceiptHandle = "" } of messages) handles.set(MessageId, ReceiptHandle);
      return messages.map(toIncoming);
    },
    delete: (message: Incoming) => deleteFrom(client, queueUrl, handleOf(message)),
    release: (message: Incoming) => releaseTo(client, queueUrl, handleOf(message)),
  };
}

const toIncoming = ({ MessageId = "", Body = "", Attributes = {} }: Message): Incoming => ({
  messageId: MessageId,
  group: Attributes.MessageGroupId ?? "",
  sequence: Attributes.SequenceNumber ?? "",
  receiveCount: Number(Attributes.ApproximateReceiveCount),
  body: Body,
});

/** The dispatcher's Lambda entry: an SQS FIFO event source with partial batch responses. */
import { Connection, once } from "../aws/connection.ts";
import { lambdaInvoker } from "../aws/lambda-connection.ts";
import { SqsReceipts } from "../aws/sqs-receipts.ts";
import { timersOf } from "../aws/sqs-timers.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { RECEIVES_USUAL } from "../../lib/metrics.ts";
import type { Incoming } from "../../lib/model/message.ts";
import { Dispatcher } from "./dispatcher.ts";
import { QueueKeeper } from "./queue-keeper.ts";

interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
}
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger, meter } = connection;
  const ports = {
    items,
    mailbox: connection.mailbox(),
    timers: timersOf(connection),
    invoker: lambdaInvoker(),
    registry: new ItemRegistry(items, clock),
    ...{ clock, entropy, logger, meter },
  };
  const mailboxEpoch = Number(connection.optional("mailboxEpoch") ?? 0);
  return { connection, dispatcher: new Dispatcher(ports, { mailboxEpoch }) };
});

/** Returns the messages that are to come again: of each group those from the first that failed on (R7). */
export async function handler(event: { readonly Records: readonly SqsRecord[] }, context: LambdaContext) {
  const { connection, dispatcher } = connect();
  const { clock, logger, meter } = connection;
  const batch = event.Records.map(incoming);
  const handles = new Map(event.Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const receipts = new SqsReceipts(connection.sqs(), connection.required("mailboxUrl"), handles);
  const keeper = new QueueKeeper({ receipts, clock, logger }, batch);
  keeper.begin();
  const again = event.Records.filter(comesAgain);
  meter.measure("oldestMessageAge", ageOf(event.Records, clock.now()));
  if (again.length > 0) meter.measure("comesAgainAge", ageOf(again, clock.now()));
  try {
    const failed = await dispatcher.handle(batch, context.getRemainingTimeInMillis(), keeper);
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  } finally {
    await keeper.end();
    meter.flush();
  }
}

const comesAgain = ({ attributes }: SqsRecord): boolean =>
  Number(attributes["ApproximateReceiveCount"] ?? 1) > RECEIVES_USUAL;

const ageOf = (records: readonly SqsRecord[], nowMs: number): number =>
  Math.max(0, ...records.map(({ attributes }) => nowMs - Number(attributes["SentTimestamp"] ?? nowMs)));

/** Throws for a message without its FIFO attributes: an event source that is misconfigured must not lose the order. */
function incoming({ messageId, body, attributes }: SqsRecord): Incoming {
  const { MessageGroupId: group, SequenceNumber: sequence, ApproximateReceiveCount: received } = attributes;
  if (group === undefined || sequence === undefined) {
    throw new Error(
      `message ${messageId} has no MessageGroupId or SequenceNumber: the mailbox must be a FIFO queue`,
    );
  }
  return { messageId, body, group, sequence, receiveCount: Number(received ?? 1) };
}

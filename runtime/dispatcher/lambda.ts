/** The dispatcher's Lambda entry: an SQS FIFO event source with partial batch responses. */
import { Connection, early } from "../aws/connection.ts";
import { functionTraces } from "../aws/function-traces.ts";
import { lambdaInvoker } from "../aws/lambda-connection.ts";
import { SqsReceipts } from "../aws/sqs-receipts.ts";
import { timersOf } from "../aws/sqs-timers.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { RECEIVES_USUAL } from "../../lib/metrics.ts";
import type { Incoming } from "../../lib/model/message.ts";
import { OwnMailboxes } from "../../lib/store/own-mailboxes.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Intake } from "./intake.ts";
import { QueueKeeper } from "./queue-keeper.ts";

interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly eventSourceARN?: string;
}
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

const traces = await functionTraces(process.env);

const connect = await early(
  () => {
    const connection = new Connection(process.env);
    const items = connection.items();
    const { clock, entropy, logger, meter } = connection;
    const turns = lambdaInvoker(connection.environment, { items, clock, resources: connection.resources() });
    traces.measure(meter);
    const ports = {
      items,
      mailbox: connection.mailbox(),
      timers: timersOf(connection),
      ...{ invoker: traces.watching(turns), traces: traces.engine },
      registry: new ItemRegistry(items, clock),
      ...{ clock, entropy, logger, meter },
    };
    const mailboxEpoch = Number(connection.optional("mailboxEpoch") ?? 0);
    const intake = new Intake({
      ...{ dispatcher: new Dispatcher(ports, { mailboxEpoch }), mailbox: ports.mailbox, clock, logger },
      mailboxes: new OwnMailboxes(items, clock, Boolean(connection.optional("ownMailboxes"))),
      mailboxAt: (url) => connection.mailbox(url),
    });
    return { connection, intake };
  },
  "dynamodb",
  "lambda",
  "sqs",
);

/** Returns the messages that are to come again: of each group those from the first that failed on (R7). */
export async function handler(event: { readonly Records: readonly SqsRecord[] }, context: LambdaContext) {
  const { connection, intake } = connect();
  const { clock, logger, meter } = connection;
  const batch = event.Records.map(incoming);
  const handles = new Map(event.Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const mailboxUrl = connection.required("mailboxUrl");
  const queueUrl = queueUrlOf(event.Records, mailboxUrl);
  const own = queueUrl === mailboxUrl ? undefined : nameIn(queueUrl);
  const receipts = new SqsReceipts(connection.sqs(), queueUrl, handles);
  const keeper = new QueueKeeper({ receipts, clock, logger }, batch);
  keeper.begin();
  const again = event.Records.filter(comesAgain);
  // A backlog that a service of its own mailbox may have is not the others'. SQS measures that queue.
  if (own === undefined) meter.measure("oldestMessageAge", ageOf(event.Records, clock.now()));
  if (again.length > 0) meter.measure("comesAgainAge", ageOf(again, clock.now()));
  try {
    const remainingMs = context.getRemainingTimeInMillis();
    const failed = await intake.handle(batch, remainingMs, keeper, own !== undefined);
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  } finally {
    await keeper.end();
    await traces.answered();
    meter.flush(own);
  }
}

const comesAgain = ({ attributes }: SqsRecord): boolean =>
  Number(attributes["ApproximateReceiveCount"] ?? 1) > RECEIVES_USUAL;

const ageOf = (records: readonly SqsRecord[], nowMs: number): number =>
  Math.max(0, ...records.map(({ attributes }) => nowMs - Number(attributes["SentTimestamp"] ?? nowMs)));

const nameIn = (queueUrl: string): string => queueUrl.slice(queueUrl.lastIndexOf("/") + 1);

/** A batch comes from one queue. A service's own mailbox is in the account and region of the runtime's. */
function queueUrlOf(records: readonly SqsRecord[], mailboxUrl: string): string {
  const name = records[0]?.eventSourceARN?.split(":").at(-1);
  if (name === undefined) return mailboxUrl;
  return mailboxUrl.slice(0, mailboxUrl.lastIndexOf("/") + 1) + name;
}

/** Throws for a message without its FIFO attributes: an event source that is misconfigured must not lose the order. */
function incoming({ messageId, body, attributes }: SqsRecord): Incoming {
  const { MessageGroupId: group, SequenceNumber: sequence, ApproximateReceiveCount: received } = attributes;
  if (group === undefined || sequence === undefined) {
    throw new Error(
      `message ${messageId} has no MessageGroupId or SequenceNumber: the mailbox must be a FIFO queue`,
    );
  }
  const sentAtMs = attributes["SentTimestamp"];
  const sent = sentAtMs === undefined ? {} : { sentAtMs: Number(sentAtMs) };
  return { messageId, body, group, sequence, receiveCount: Number(received ?? 1), ...sent };
}

/** The dispatcher's Lambda entry: an SQS FIFO event source with partial batch responses. */
import { Connection } from "../../aws/connection.ts";
import { ItemRegistry } from "../../core/registry.ts";
import type { Incoming } from "../../lib/message.ts";
import { Dispatcher } from "./core.ts";

interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
}
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

const connection = new Connection(process.env);
const items = connection.items();
const { clock, entropy, logger } = connection;
const dispatcher = new Dispatcher(
  {
    items,
    mailbox: connection.mailbox(),
    timers: connection.timers(),
    invoker: connection.invoker(),
    registry: new ItemRegistry(items, clock),
    clock,
    entropy,
    logger,
  },
  { mailboxEpoch: Number(connection.optional("mailboxEpoch") ?? 0) },
);

export async function handler(event: { readonly Records: readonly SqsRecord[] }, context: LambdaContext) {
  const failed = await dispatcher.handle(event.Records.map(incoming), context.getRemainingTimeInMillis());
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

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

/**
 * The mailbox and the delay queue, each with a dead-letter queue.
 *
 * A queue's visibility timeout is as long as its consumer may run: Lambda accepts no shorter one. The dispatcher shortens
 * it for the messages that it has received. So a dispatcher that dies delays them by seconds only.
 */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import {
  DeduplicationScope,
  FifoThroughputLimit,
  type IQueue,
  Queue,
  QueueEncryption,
  type QueueProps,
} from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { MAILBOX_RETENTION_MS } from "../lib/limits.ts";
import { QUEUE_RECEIVES_MAX } from "../lib/limits/aws.ts";

interface MailboxProps {
  readonly encryptionKey: IKey | undefined;
  /** How long its consumer may run. */
  readonly dispatcherTimeout: Duration;
  readonly deadLetters: IQueue;
}

export const sharedProps = (encryptionKey: IKey | undefined): QueueProps => ({
  enforceSSL: true,
  removalPolicy: RemovalPolicy.DESTROY,
  ...(encryptionKey
    ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
    : { encryption: QueueEncryption.SQS_MANAGED }),
});

export const fifoProps = (encryptionKey: IKey | undefined): QueueProps => ({
  ...sharedProps(encryptionKey),
  fifo: true,
  // Together they give SQS's high throughput: its limits hold per group instead of per queue.
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
});

/** The runtime's, or one of a service's own. */
export const mailboxProps = ({
  encryptionKey,
  dispatcherTimeout,
  deadLetters,
}: MailboxProps): QueueProps => ({
  ...fifoProps(encryptionKey),
  visibilityTimeout: dispatcherTimeout,
  // A head is kept longer than the mailbox may hold a message about it. That rests on this retention.
  retentionPeriod: Duration.millis(MAILBOX_RETENTION_MS),
  deadLetterQueue: { queue: deadLetters, maxReceiveCount: QUEUE_RECEIVES_MAX },
});

export interface QueuesProps {
  readonly encryptionKey: IKey | undefined;
  /** How long the mailbox's consumer may run. */
  readonly dispatcherTimeout: Duration;
  readonly timersTimeout: Duration;
}

export class Queues extends Construct {
  readonly mailbox: Queue;
  readonly mailboxDeadLetters: Queue;
  readonly delay: Queue;
  readonly delayDeadLetters: Queue;

  constructor(scope: Construct, id: string, props: QueuesProps) {
    super(scope, id);
    const { encryptionKey, dispatcherTimeout } = props;
    const shared = sharedProps(encryptionKey);
    const kept = { retentionPeriod: Duration.days(14) };
    const deadLetters = new Queue(this, "MailboxDeadLetters", { ...fifoProps(encryptionKey), ...kept });
    this.mailboxDeadLetters = deadLetters;
    this.mailbox = new Queue(
      this,
      "Mailbox",
      mailboxProps({ encryptionKey, dispatcherTimeout, deadLetters }),
    );
    this.delayDeadLetters = new Queue(this, "DelayDeadLetters", { ...shared, ...kept });
    this.delay = new Queue(this, "Delay", {
      ...shared,
      visibilityTimeout: props.timersTimeout,
      retentionPeriod: Duration.millis(MAILBOX_RETENTION_MS),
      deadLetterQueue: { queue: this.delayDeadLetters, maxReceiveCount: QUEUE_RECEIVES_MAX },
    });
  }
}

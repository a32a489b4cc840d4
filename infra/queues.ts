/**
 * The mailbox and the delay queue, each with a queue for what could not be delivered.
 *
 * The visibility timeout of a queue is as long as its consumer may run, which is the least that Lambda takes. The dispatcher
 * shortens it for what it has received, so that a dead one costs seconds.
 */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import {
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
  type QueueProps,
} from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { MAILBOX_RETENTION_MS } from "../lib/limits.ts";

/**
 * The most that SQS takes. What fails for a reason of its own is paused by the dispatcher long before (`RECEIVES_MAX`); what is
 * received so often has never been looked at, for some eight hours or more, since the dispatcher itself does not work. Until
 * then it keeps its place: a message that leaves its group lets later ones overtake it.
 */
const RECEIVES_MOST = 1000;

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
    const { encryptionKey } = props;
    const shared: QueueProps = {
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey
        ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
        : { encryption: QueueEncryption.SQS_MANAGED }),
    };
    const fifo: QueueProps = {
      ...shared,
      fifo: true,
      // Together they are SQS's high throughput: bounds per group instead of per queue.
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    };
    const kept = { retentionPeriod: Duration.days(14) };
    this.mailboxDeadLetters = new Queue(this, "MailboxDeadLetters", { ...fifo, ...kept });
    this.mailbox = new Queue(this, "Mailbox", {
      ...fifo,
      visibilityTimeout: props.dispatcherTimeout,
      // Heads outlive what the mailbox may still hold about them, and count on this.
      retentionPeriod: Duration.millis(MAILBOX_RETENTION_MS),
      deadLetterQueue: { queue: this.mailboxDeadLetters, maxReceiveCount: RECEIVES_MOST },
    });
    this.delayDeadLetters = new Queue(this, "DelayDeadLetters", { ...shared, ...kept });
    this.delay = new Queue(this, "Delay", {
      ...shared,
      visibilityTimeout: props.timersTimeout,
      retentionPeriod: Duration.millis(MAILBOX_RETENTION_MS),
      deadLetterQueue: { queue: this.delayDeadLetters, maxReceiveCount: RECEIVES_MOST },
    });
  }
}

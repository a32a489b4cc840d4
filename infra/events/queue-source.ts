/** SQS, and what comes through a queue: a push that the source door cannot take now waits there instead of being given up after some tries. */
import { Duration, RemovalPolicy, Stack, Token } from "aws-cdk-lib";
import { PolicyStatement, type ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { CfnQueue, type IQueue, Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { QUEUE_RECEIVES_MAX, SQS_RECEIVE_MAX } from "../../lib/limits/aws.ts";
import { DOOR_TIMEOUT_SECONDS, QUEUE_BATCH_MAX } from "../../lib/limits/events.ts";
import { CONSUME } from "../access.ts";
import { fifoProps, sharedProps } from "../queues.ts";
import type { AttachedSource, RecordSource } from "./record-source.ts";

/** Messages of a queue, standard or FIFO: `sqs://queue`. What it does with a message that is given back again and again is its own affair. */
export function sqs(queue: IQueue): RecordSource {
  assertHidden(queue);
  return {
    ...{ hasKeys: queue.fifo, takesFilters: true, isQueue: true, batchSize: SQS_RECEIVE_MAX },
    batchSizeMax: queue.fifo ? SQS_RECEIVE_MAX : QUEUE_BATCH_MAX,
    attach: () => ofQueue(`sqs://${queue.queueName}`, queue),
  };
}

/** Lambda refuses a queue that hides messages for a shorter time than their consumer may run. */
function assertHidden(queue: IQueue): void {
  const resource = queue.node.defaultChild;
  const seconds = resource instanceof CfnQueue ? resource.visibilityTimeout : undefined;
  if (seconds === undefined || Token.isUnresolved(seconds) || seconds >= DOOR_TIMEOUT_SECONDS) return;
  throw new RangeError(
    `${queue.node.path}: its visibilityTimeout must be ${DOOR_TIMEOUT_SECONDS} seconds or more, which the source door may run`,
  );
}

export const ofQueue = (text: string, queue: IQueue): AttachedSource => ({
  text,
  access: [
    new PolicyStatement({ actions: CONSUME, resources: [queue.queueArn] }),
    ...decrypting(queue.encryptionMasterKey),
  ],
  mapping: { eventSourceArn: queue.queueArn, functionResponseTypes: ["ReportBatchItemFailures"] },
});

/** What is encrypted with a key of the user's own. */
export const decrypting = (key: IKey | undefined): PolicyStatement[] =>
  key ? [new PolicyStatement({ actions: ["kms:Decrypt"], resources: [key.keyArn] })] : [];

const KEPT = Duration.days(14);

interface PushQueueProps {
  readonly encryptionKey: IKey | undefined;
  readonly fifo?: boolean;
  /** What puts messages into it. Absent: a role may. */
  readonly sender?: { readonly principal: ServicePrincipal; readonly sourceArn: string };
}

/** A queue for one subscription, with a dead-letter queue. Both keep messages for two weeks, which is the longest. */
export class PushQueue extends Queue {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { encryptionKey, fifo = false, sender }: PushQueueProps) {
    const props = fifo ? fifoProps(encryptionKey) : sharedProps(encryptionKey);
    const deadLetters = new Queue(scope, `${id}DeadLetters`, { ...props, retentionPeriod: KEPT });
    super(scope, id, {
      ...props,
      retentionPeriod: KEPT,
      visibilityTimeout: Duration.seconds(DOOR_TIMEOUT_SECONDS),
      removalPolicy: RemovalPolicy.DESTROY,
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: QUEUE_RECEIVES_MAX },
    });
    this.deadLetters = deadLetters;
    if (!sender) return;
    const conditions = { ArnEquals: { "aws:SourceArn": sender.sourceArn } };
    const principals = [sender.principal];
    for (const queue of [this, deadLetters])
      queue.addToResourcePolicy(
        new PolicyStatement({
          principals,
          actions: ["sqs:SendMessage"],
          resources: [queue.queueArn],
          conditions,
        }),
      );
    encryptionKey?.addToResourcePolicy(
      new PolicyStatement({
        principals,
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        // In a key's own policy it means this key.
        resources: ["*"],
        // Not the sender itself: a rule names its queue, the queue this key, and so the key cannot name the rule.
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
      }),
      true,
    );
  }
}

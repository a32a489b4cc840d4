/** SNS, EventBridge, S3 and EventBridge Scheduler. Each pushes, so each gets a queue of the subscription's own. */
import { Annotations } from "aws-cdk-lib";
import { CfnRule, type EventPattern, type IEventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnBucket, type IBucket } from "aws-cdk-lib/aws-s3";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import { CfnSubscription, type ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { SQS_RECEIVE_MAX } from "../../lib/limits/aws.ts";
import { QUEUE_BATCH_MAX } from "../../lib/limits/events.ts";
import { schedulerRole } from "../scheduler-role.ts";
import { ofQueue, PushQueue } from "./queue-source.ts";
import type { Attachment, AttachedSource, RecordSource } from "./record-source.ts";

const PUSHED = {
  takesFilters: false,
  isQueue: true,
  batchSize: SQS_RECEIVE_MAX,
  batchSizeMax: QUEUE_BATCH_MAX,
};

/** Messages of a topic, standard or FIFO: `sns://topic`. `filterPolicy`: as SNS takes it. */
export const sns = (
  topic: ITopic,
  { filterPolicy }: { readonly filterPolicy?: Readonly<Record<string, unknown>> } = {},
): RecordSource => ({
  ...{ ...PUSHED, hasKeys: topic.fifo },
  ...(topic.fifo ? { batchSizeMax: SQS_RECEIVE_MAX } : {}),
  attach: (scope, { encryptionKey }) => {
    const { topicArn, topicName, fifo } = topic;
    const sender = { principal: new ServicePrincipal("sns.amazonaws.com"), sourceArn: topicArn };
    const queue = new PushQueue(scope, "Queue", { encryptionKey, fifo, sender });
    new CfnSubscription(scope, "TopicSubscription", {
      ...{ topicArn, protocol: "sqs", endpoint: queue.queueArn },
      redrivePolicy: { deadLetterTargetArn: queue.deadLetters.queueArn },
      ...(filterPolicy ? { filterPolicy } : {}),
    }).node.addDependency(queue);
    return ofQueue(`sns://${topicName}`, queue);
  },
});

/** Events of a bus that match a pattern: `events://bus`. @default the account's default bus */
export const eventBridge = (pattern: EventPattern, bus?: Pick<IEventBus, "eventBusName">): RecordSource => ({
  ...{ ...PUSHED, hasKeys: false },
  attach: (scope, to) =>
    ofRule(scope, to, `events://${bus?.eventBusName ?? "default"}`, patternOf(pattern), bus),
});

export interface S3SourceProps {
  /** As EventBridge calls them. @default ["Object Created"] */
  readonly events?: readonly string[];
  /** How an object's key begins. */
  readonly prefix?: string;
}

/** Objects of a bucket, by EventBridge: `s3://bucket`. The bucket's notifications to it are turned on, if this app makes the bucket. */
export const s3 = (
  bucket: Pick<IBucket, "bucketName" | "node">,
  { events = ["Object Created"], prefix }: S3SourceProps = {},
): RecordSource => ({
  ...{ ...PUSHED, hasKeys: true },
  attach: (scope, to) => {
    const resource = bucket.node.defaultChild;
    if (resource instanceof CfnBucket)
      resource.addPropertyOverride(
        "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled",
        true,
      );
    else
      Annotations.of(scope).addWarningV2(
        "perdure:bucket-notifications",
        `${bucket.node.path} is not made by this app: turn on its notifications to EventBridge where it is made`,
      );
    const object = prefix === undefined ? {} : { object: { key: [{ prefix }] } };
    const detail = { bucket: { name: [bucket.bucketName] }, ...object };
    const pattern = { source: ["aws.s3"], "detail-type": [...events], detail };
    return ofRule(scope, to, `s3://${bucket.bucketName}`, pattern);
  },
});

/** As a rule has it. */
function patternOf({ detailType, ...pattern }: EventPattern): Record<string, unknown> {
  const named = { ...pattern, ...(detailType ? { "detail-type": detailType } : {}) };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function ofRule(
  scope: Construct,
  { encryptionKey }: Attachment,
  text: string,
  eventPattern: Record<string, unknown>,
  bus?: Pick<IEventBus, "eventBusName">,
): AttachedSource {
  const rule = new CfnRule(scope, "Rule", {
    description: "Perdure: events of a subscription",
    eventPattern,
    ...(bus ? { eventBusName: bus.eventBusName } : {}),
  });
  const sender = { principal: new ServicePrincipal("events.amazonaws.com"), sourceArn: rule.attrArn };
  const queue = new PushQueue(scope, "Queue", { encryptionKey, sender });
  rule.targets = [
    { id: "Queue", arn: queue.queueArn, deadLetterConfig: { arn: queue.deadLetters.queueArn } },
  ];
  return ofQueue(text, queue);
}

export interface ScheduleSourceProps {
  /** An IANA name. @default UTC */
  readonly timezone?: string;
  /** What the handler gets, as JSON. @default `{"schedule", "time"}` */
  readonly input?: unknown;
}

/** Ticks of EventBridge Scheduler, each once, with the time that it was due: `rate(1 hour)`, `cron(0 2 * * ? *)`, `at(…)`. */
export function schedule(expression: string, { timezone, input }: ScheduleSourceProps = {}): RecordSource {
  if (!/^(rate|cron|at)\(.+\)$/u.test(expression))
    throw new RangeError(
      `schedule: ${JSON.stringify(expression)} is not of the form rate(…), cron(…) or at(…)`,
    );
  return {
    ...{ ...PUSHED, hasKeys: false },
    attach: (scope, { encryptionKey }) => {
      const queue = new PushQueue(scope, "Queue", { encryptionKey });
      const queues = [queue.queueArn, queue.deadLetters.queueArn];
      const role = schedulerRole(scope, "ScheduleRole", [
        new PolicyStatement({ actions: ["sqs:SendMessage"], resources: queues }),
        ...(encryptionKey
          ? [
              new PolicyStatement({
                actions: ["kms:Decrypt", "kms:GenerateDataKey"],
                resources: [encryptionKey.keyArn],
              }),
            ]
          : []),
      ]);
      const made = new CfnSchedule(scope, "Schedule", {
        description: "Perdure: ticks of a subscription",
        scheduleExpression: expression,
        ...(timezone === undefined ? {} : { scheduleExpressionTimezone: timezone }),
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          ...{ arn: queue.queueArn, roleArn: role.roleArn, input: tick(input) },
          deadLetterConfig: { arn: queue.deadLetters.queueArn },
        },
      });
      made.node.addDependency(role);
      return ofQueue(`schedule://${made.ref}`, queue);
    },
  };
}

/** The Scheduler puts its attributes where their names are. */
const tick = (input: unknown): string =>
  JSON.stringify({
    ...{ perdure: "schedule", schedule: "<aws.scheduler.schedule-arn>" },
    ...{ time: "<aws.scheduler.scheduled-time>", input },
  });

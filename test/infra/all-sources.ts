/** A subscription of each source that there is, with every option that changes its template. For what reads templates as a whole. */
import { Duration, SecretValue, type Stack } from "aws-cdk-lib";
import { AttributeType, StreamViewType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { EventBus } from "aws-cdk-lib/aws-events";
import { Stream, StreamEncryption } from "aws-cdk-lib/aws-kinesis";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue } from "aws-cdk-lib/aws-sqs";
import {
  dynamoDbStream,
  eventBridge,
  kafka,
  kinesis,
  type PerdureRuntime,
  type RecordSource,
  s3,
  schedule,
  sns,
  sqs,
  type SubscribeOptions,
} from "../../infra/index.ts";

/** The sink need not be there: it is another app's. */
const SINK = "Elsewhere/take";
const KEYED = { key: "json:$.id", keyIfMissing: "random", generation: 1 };
const clusterArn = "arn:aws:kafka:us-east-1:123456789012:cluster/main/11111111-2222-3333-4444-555555555555-1";

/** What one has, is made in `stack` as well. */
export function subscribeToAll(stack: Stack, runtime: PerdureRuntime): void {
  const topic = { cluster: "main", topic: "orders" };
  const secret = new Secret(stack, "Login", { secretStringValue: SecretValue.unsafePlainText("{}") });
  const table = new Table(stack, "Items", {
    partitionKey: { name: "id", type: AttributeType.STRING },
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  });
  const clicks = new Stream(stack, "Clicks", { encryption: StreamEncryption.MANAGED });
  const vpc = { subnetIds: ["subnet-0123456789abcdef0"], securityGroupId: "sg-0123456789abcdef0" };
  const sources: Readonly<Record<string, readonly [RecordSource, SubscribeOptions?]>> = {
    queue: [
      sqs(new Queue(stack, "Work", { enforceSSL: true })),
      {
        ...{ ...KEYED, batchSize: 200, window: Duration.seconds(5), maxConcurrency: 7 },
        filters: [{ body: { kind: ["order"] } }],
      },
    ],
    fifo: [sqs(new Queue(stack, "InOrder", { fifo: true, enforceSSL: true }))],
    topic: [sns(new Topic(stack, "News", { enforceSSL: true }), { filterPolicy: { kind: ["a"] } })],
    "fifo-topic": [sns(new Topic(stack, "NewsInOrder", { fifo: true, enforceSSL: true }))],
    rule: [eventBridge({ source: ["shop"], detailType: ["Paid"] }, new EventBus(stack, "Bus"))],
    objects: [s3(new Bucket(stack, "Files", { enforceSSL: true }), { prefix: "in/" })],
    cron: [schedule("cron(0 2 * * ? *)", { timezone: "Europe/Berlin", input: { a: 1 } })],
    clicks: [kinesis(clicks), { window: Duration.seconds(1) }],
    "clicks-again": [kinesis(clicks, { from: "latest", parallelBatches: 2 }), { batchSize: 500 }],
    items: [dynamoDbStream(table), { filters: [{ eventName: ["INSERT"] }] }],
    msk: [kafka({ ...topic, clusterArn })],
    "msk-pollers": [kafka({ ...topic, clusterArn, secret, pollers: { min: 1, max: 3 } })],
    brokers: [kafka({ ...topic, bootstrapServers: ["b-1.example.com:9092"], secret, vpc })],
  };
  for (const [name, [source, options]] of Object.entries(sources))
    runtime.subscribe(source, SINK, { ...options, name });
}

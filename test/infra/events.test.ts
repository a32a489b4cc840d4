/** What `subscribe` makes of each source: the event source mapping, the permissions, what is between, and what it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Duration, SecretValue, Stack } from "aws-cdk-lib";
import { AttributeType, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { EventBus } from "aws-cdk-lib/aws-events";
import { Stream, StreamEncryption } from "aws-cdk-lib/aws-kinesis";
import { Key } from "aws-cdk-lib/aws-kms";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { afterAll, describe, expect, test } from "vitest";
import * as perdure from "../../infra/index.ts";
import { subscriptionId } from "../../lib/model/shown-id.ts";
import type { Statement } from "../support/iam.ts";
import { ofType, type Resource } from "./stack.ts";

const { PerdureRuntime } = perdure;

const folder = mkdtempSync(join(tmpdir(), "perdure-events-"));
afterAll(() => rmSync(folder, { recursive: true }));
const SERVED = join(folder, "served.ts");
writeFileSync(
  SERVED,
  `import { object, service } from ${JSON.stringify(join(import.meta.dirname, "../../sdk/index.ts"))};
const handlers = { take: async () => undefined };
export default [service({ name: "Plain", handlers }), object({ name: "Keyed", handlers })];\n`,
);

/** Props of a service that takes another one's place. */
type Moved = Pick<perdure.FunctionServiceProps, "runtime" | "services" | "replaces">;

interface Made {
  readonly stack: Stack;
  readonly resources: Readonly<Record<string, Resource>>;
}

function make(
  source: (stack: Stack) => perdure.RecordSource,
  options: perdure.SubscribeOptions = {},
  props: (stack: Stack) => perdure.PerdureRuntimeProps = () => ({}),
): Made {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test");
  const runtime = new PerdureRuntime(stack, "Runtime", props(stack));
  runtime.subscribe(source(stack), "Orders/place", options);
  return { stack, resources: Template.fromStack(stack).toJSON()["Resources"] as Made["resources"] };
}

/** Logical ids without their hashes. */
const short = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replace(/"([A-Za-z]\w+)[0-9A-F]{8}"/gu, '"$1"'));

const within = ({ resources }: Made, type: string) =>
  ofType(resources, type)
    .filter(([id]) => id.startsWith("RuntimeSourcesOrdersplace"))
    .map(([, { Properties }]) => short(Properties) as Record<string, unknown>);
function only(made: Made, type: string): Record<string, unknown> {
  const [found, ...more] = within(made, type);
  if (!found || more.length > 0) throw new Error(`${type}: there is not one`);
  return found;
}
const mapping = (made: Made): Record<string, unknown> => only(made, "AWS::Lambda::EventSourceMapping");
/** "action, … on resource, …", of the subscription's own policy. */
const access = (made: Made): string[] => {
  const { Roles, PolicyDocument } = only(made, "AWS::IAM::Policy");
  expect(Roles).toEqual([{ Ref: "RuntimeEventsRole" }]);
  const { Statement: statements } = PolicyDocument as { readonly Statement: readonly Statement[] };
  return statements.map(({ Effect, Action, Resource: on, Condition }) => {
    expect([Effect, Condition]).toEqual(["Allow", undefined]);
    return `${[Action].flat().join(", ")} on ${JSON.stringify(on)}`;
  });
};
const arnOf = (id: string): string => JSON.stringify({ "Fn::GetAtt": [id, "Arn"] });
const CONSUMING =
  "sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility, sqs:GetQueueAttributes on ";

const standard = (stack: Stack) => perdure.sqs(new Queue(stack, "Work"));

describe("a queue", () => {
  const made = make(standard);

  test("invokes the source door by an alias that names the subscription", () => {
    expect(mapping(made)).toEqual({
      BatchSize: 10,
      EventSourceArn: { "Fn::GetAtt": ["Work", "Arn"] },
      FunctionName: { Ref: "RuntimeSourcesOrdersplaceAlias" },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    expect(only(made, "AWS::Lambda::Alias")).toEqual({
      FunctionName: { Ref: "RuntimeEventsFunction" },
      FunctionVersion: "$LATEST",
      Name: subscriptionId("Orders.place"),
    });
  });

  test("is registered before it delivers, after Lambda may receive", () => {
    expect(only(made, "Custom::PerdureSubscription")).toEqual({
      ServiceToken: { "Fn::GetAtt": ["RuntimeRegistrarFunction", "Arn"] },
      Name: "Orders.place",
      Source: { "Fn::Join": ["", ["sqs://", { "Fn::GetAtt": ["Work", "QueueName"] }]] },
      Sink: "service://Orders/place",
      Options: {},
    });
    const [[, source] = []] = ofType(made.resources, "AWS::Lambda::EventSourceMapping").filter(([id]) =>
      id.startsWith("RuntimeSourcesOrders"),
    );
    expect(short((source as unknown as { DependsOn: string[] }).DependsOn)).toEqual([
      "RuntimeSourcesOrdersplaceAccess",
      "RuntimeSourcesOrdersplaceRegistration",
    ]);
  });

  test("is all that the door may read, beside what it needs to accept", () => {
    expect(access(made)).toEqual([CONSUMING + arnOf("Work")]);
    const policies = ofType(made.resources, "AWS::IAM::Policy").filter(([, { Properties }]) =>
      JSON.stringify(short(Properties["Roles"])).includes('"RuntimeEventsRole"'),
    );
    expect(policies).toHaveLength(2);
    const own = policies.find(([id]) => id.startsWith("RuntimeEventsRoleDefaultPolicy"))?.[1].Properties;
    const { Statement: statements } = short(own?.["PolicyDocument"]) as { Statement: Statement[] };
    expect(
      statements.map(({ Action, Resource: on }) => `${[Action].flat().join()} on ${JSON.stringify(on)}`),
    ).toEqual([
      `logs:CreateLogStream,logs:PutLogEvents on ${arnOf("RuntimeEventsLogs")}`,
      `dynamodb:GetItem,dynamodb:PutItem,dynamodb:UpdateItem,dynamodb:DeleteItem on ${arnOf("RuntimeTablesJournal")}`,
      `dynamodb:GetItem on ${arnOf("RuntimeTablesRegistry")}`,
      `sqs:SendMessage on ${arnOf("RuntimeQueuesMailbox")}`,
    ]);
  });

  test("takes what was chosen", () => {
    const options = {
      ...{ name: "work", key: "json:$.id", keyIfMissing: "random", generation: 1 },
      ...{ batchSize: 200, window: Duration.seconds(5), maxConcurrency: 7 },
      filters: [{ body: { kind: ["order"] } }],
    };
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    new PerdureRuntime(stack, "Runtime").subscribe(standard(stack), "service://Orders/place", options);
    const template = Template.fromStack(stack);
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      ...{ BatchSize: 200, MaximumBatchingWindowInSeconds: 5, ScalingConfig: { MaximumConcurrency: 7 } },
      FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["order"]}}' }] },
    });
    template.hasResourceProperties("Custom::PerdureSubscription", {
      ...{ Name: "work", Sink: "service://Orders/place" },
      Options: { "perdure.key": "json:$.id", "perdure.key.missing": "random", "perdure.generation": "1" },
    });
  });

  test("with a key of its own is read with it", () => {
    const encrypted = make((stack) =>
      perdure.sqs(
        new Queue(stack, "Work", {
          encryption: QueueEncryption.KMS,
          encryptionMasterKey: new Key(stack, "Mine"),
        }),
      ),
    );
    expect(access(encrypted)[1]).toBe(`kms:Decrypt on ${arnOf("Mine")}`);
  });
});

describe("what pushes gets a queue of its own, with dead letters", () => {
  const queuesOf = (made: Made) => within(made, "AWS::SQS::Queue");
  /** Who may send to both, and for what. */
  const senders = (made: Made) =>
    within(made, "AWS::SQS::QueuePolicy").map(({ PolicyDocument }) =>
      (PolicyDocument as { Statement: (Statement & { Principal: unknown })[] }).Statement.filter(
        ({ Effect }) => Effect === "Allow",
      ).map(({ Principal, Action, Condition }) => [Principal, Action, Condition]),
    );

  test("a topic", () => {
    const made = make((stack) => perdure.sns(new Topic(stack, "News"), { filterPolicy: { kind: ["a"] } }));
    expect(queuesOf(made)).toMatchObject([
      { MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true },
      { MessageRetentionPeriod: 1_209_600, VisibilityTimeout: 30, RedrivePolicy: { maxReceiveCount: 1000 } },
    ]);
    expect(only(made, "AWS::SNS::Subscription")).toMatchObject({
      ...{ Protocol: "sqs", TopicArn: { Ref: "News" }, FilterPolicy: { kind: ["a"] } },
      Endpoint: { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceQueue", "Arn"] },
      RedrivePolicy: {
        deadLetterTargetArn: { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceQueueDeadLetters", "Arn"] },
      },
    });
    const sender = [
      { Service: "sns.amazonaws.com" },
      "sqs:SendMessage",
      { ArnEquals: { "aws:SourceArn": { Ref: "News" } } },
    ];
    expect(senders(made)).toEqual([[sender], [sender]]);
    expect(access(made)).toEqual([CONSUMING + arnOf("RuntimeSourcesOrdersplaceQueue")]);
    expect(JSON.stringify(only(made, "Custom::PerdureSubscription")["Source"])).toContain("sns://");
  });

  test("a FIFO topic, whose order stays", () => {
    const made = make((stack) => perdure.sns(new Topic(stack, "News", { fifo: true })));
    expect(queuesOf(made)).toMatchObject([{ FifoQueue: true }, { FifoQueue: true }]);
  });

  test("events of a bus", () => {
    const made = make((stack) =>
      perdure.eventBridge({ source: ["shop"], detailType: ["Paid"] }, new EventBus(stack, "Bus")),
    );
    expect(only(made, "AWS::Events::Rule")).toMatchObject({
      ...{ EventBusName: { Ref: "Bus" }, EventPattern: { source: ["shop"], "detail-type": ["Paid"] } },
      Targets: [
        {
          Arn: { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceQueue", "Arn"] },
          DeadLetterConfig: { Arn: { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceQueueDeadLetters", "Arn"] } },
        },
      ],
    });
    const condition = {
      ArnEquals: { "aws:SourceArn": { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceRule", "Arn"] } },
    };
    const sender = [{ Service: "events.amazonaws.com" }, "sqs:SendMessage", condition];
    expect(senders(made)).toEqual([[sender], [sender]]);
    expect(mapping(made)).toMatchObject({ FunctionResponseTypes: ["ReportBatchItemFailures"] });
  });

  test("objects of a bucket", () => {
    const made = make((stack) => perdure.s3(new Bucket(stack, "Files"), { prefix: "in/" }));
    expect(only(made, "AWS::Events::Rule")["EventPattern"]).toEqual({
      ...{ source: ["aws.s3"], "detail-type": ["Object Created"] },
      detail: { bucket: { name: [{ Ref: "Files" }] }, object: { key: [{ prefix: "in/" }] } },
    });
    const [[, bucket] = []] = ofType(made.resources, "AWS::S3::Bucket");
    expect(bucket?.Properties).toEqual({
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
    const imported = make((stack) => perdure.s3(Bucket.fromBucketName(stack, "Files", "files")));
    Annotations.fromStack(imported.stack).hasWarning(
      "*",
      Match.stringLikeRegexp("turn on its notifications"),
    );
  });

  test("a schedule, whose role may send there and nowhere else", () => {
    const made = make(() =>
      perdure.schedule("cron(0 2 * * ? *)", { timezone: "Europe/Berlin", input: { a: 1 } }),
    );
    const scheduled = only(made, "AWS::Scheduler::Schedule");
    expect(scheduled).toMatchObject({
      ...{ ScheduleExpression: "cron(0 2 * * ? *)", ScheduleExpressionTimezone: "Europe/Berlin" },
      FlexibleTimeWindow: { Mode: "OFF" },
    });
    const { Input } = scheduled["Target"] as { readonly Input: string };
    expect(JSON.parse(Input)).toEqual({
      ...{ perdure: "schedule", schedule: "<aws.scheduler.schedule-arn>" },
      ...{ time: "<aws.scheduler.scheduled-time>", input: { a: 1 } },
    });
    const [ofDoor, ofSchedule] = within(made, "AWS::IAM::Policy").toSorted(
      (a, b) => JSON.stringify(a["Roles"]).length - JSON.stringify(b["Roles"]).length,
    );
    expect(ofDoor?.["Roles"]).toEqual([{ Ref: "RuntimeEventsRole" }]);
    expect(ofSchedule?.["PolicyDocument"]).toMatchObject({
      Statement: [
        {
          Action: "sqs:SendMessage",
          Resource: [
            { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceQueue", "Arn"] },
            { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceQueueDeadLetters", "Arn"] },
          ],
        },
      ],
    });
  });

  test.each<[string, (stack: Stack) => perdure.RecordSource]>([
    ["sns", (stack) => perdure.sns(new Topic(stack, "News"))],
    ["events", () => perdure.eventBridge({ source: ["shop"] })],
  ])("with the runtime's own key, which the sender may use: %s", (sender, source) => {
    const made = make(source, {}, (stack) => ({ encryptionKey: new Key(stack, "Key") }));
    expect(queuesOf(made)).toMatchObject([
      { KmsMasterKeyId: { "Fn::GetAtt": ["Key", "Arn"] } },
      { KmsMasterKeyId: { "Fn::GetAtt": ["Key", "Arn"] } },
    ]);
    const [[, key] = []] = ofType(made.resources, "AWS::KMS::Key");
    expect(JSON.stringify(key?.Properties["KeyPolicy"])).toContain(`"Service":"${sender}.amazonaws.com"`);
  });
});

describe("streams", () => {
  const GIVEN_UP = `sqs:SendMessage on ${arnOf("RuntimeSourcesOrdersplaceGivenUp")}`;

  test("of Kinesis", () => {
    const made = make(
      (stack) => perdure.kinesis(new Stream(stack, "Clicks", { encryption: StreamEncryption.UNENCRYPTED })),
      {
        window: Duration.seconds(1),
      },
    );
    expect(mapping(made)).toMatchObject({
      ...{ BatchSize: 100, MaximumBatchingWindowInSeconds: 1, StartingPosition: "TRIM_HORIZON" },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      DestinationConfig: {
        OnFailure: { Destination: { "Fn::GetAtt": ["RuntimeSourcesOrdersplaceGivenUp", "Arn"] } },
      },
    });
    expect(access(made)).toEqual([
      `kinesis:DescribeStream, kinesis:DescribeStreamSummary, kinesis:GetRecords, kinesis:GetShardIterator, kinesis:ListShards on ${arnOf("Clicks")}`,
      GIVEN_UP,
    ]);
  });

  test("of a table", () => {
    const partitionKey = { name: "id", type: AttributeType.STRING };
    const made = make((stack) =>
      perdure.dynamoDbStream(
        new Table(stack, "Items", { partitionKey, stream: StreamViewType.NEW_AND_OLD_IMAGES }),
        { from: "latest", parallelBatches: 2 },
      ),
    );
    expect(mapping(made)).toMatchObject({ StartingPosition: "LATEST", ParallelizationFactor: 2 });
    expect(access(made)).toEqual([
      `dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams on ${JSON.stringify({ "Fn::GetAtt": ["Items", "StreamArn"] })}`,
      GIVEN_UP,
    ]);
    const without = (stack: Stack) => perdure.dynamoDbStream(new Table(stack, "Items", { partitionKey }));
    expect(() => make(without)).toThrow("Test/Items has no stream");
  });
});

describe("Kafka", () => {
  const clusterArn = "arn:aws:kafka:eu-west-1:123456789012:cluster/main/uuid-1";

  test("of MSK, with IAM", () => {
    const made = make(() => perdure.kafka({ cluster: "main", topic: "orders", clusterArn }));
    expect(mapping(made)).toEqual({
      ...{ BatchSize: 100, EventSourceArn: clusterArn, Topics: ["orders"], StartingPosition: "TRIM_HORIZON" },
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: "Orders.place" },
      FunctionName: { Ref: "RuntimeSourcesOrdersplaceAlias" },
    });
    expect(only(made, "AWS::Lambda::Alias")["Name"]).toBe(`${subscriptionId("Orders.place")}-whole`);
    const cluster = (...actions: string[]) => actions.map((action) => `kafka-cluster:${action}`).join(", ");
    const of = (kind: string) => JSON.stringify(clusterArn.replace(":cluster/", `:${kind}/`));
    expect(access(made)).toEqual([
      `kafka:DescribeCluster, kafka:DescribeClusterV2, kafka:GetBootstrapBrokers on ${of("cluster")}`,
      expect.stringMatching(/^ec2:CreateNetworkInterface, .* on "\*"$/u),
      `${cluster("Connect", "DescribeClusterDynamicConfiguration")} on ${of("cluster")}`,
      `${cluster("DescribeTopic", "ReadData")} on ${of("topic").replace(/"$/u, '/orders"')}`,
      `${cluster("DescribeGroup", "AlterGroup")} on ${of("group").replace(/"$/u, '/Orders.place"')}`,
    ]);
  });

  test("with pollers of its own, whose partitions do not wait for each other", () => {
    const made = make(() =>
      perdure.kafka({ cluster: "main", topic: "orders", clusterArn, pollers: { min: 1, max: 3 } }),
    );
    expect(mapping(made)).toMatchObject({
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 3 },
    });
    expect(only(made, "AWS::Lambda::Alias")["Name"]).toBe(subscriptionId("Orders.place"));
  });

  test("anywhere else, with a secret", () => {
    const made = make((stack) =>
      perdure.kafka({
        ...{ cluster: "main", topic: "orders", bootstrapServers: ["b-1.example.com:9092"] },
        secret: new Secret(stack, "Login", { secretStringValue: SecretValue.unsafePlainText("{}") }),
        vpc: { subnetIds: ["subnet-1"], securityGroupId: "sg-1" },
      }),
    );
    expect(mapping(made)).toMatchObject({
      SelfManagedEventSource: { Endpoints: { KafkaBootstrapServers: ["b-1.example.com:9092"] } },
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: "Orders.place" },
      SourceAccessConfigurations: [
        { Type: "VPC_SUBNET", URI: "subnet:subnet-1" },
        { Type: "VPC_SECURITY_GROUP", URI: "security_group:sg-1" },
        { Type: "SASL_SCRAM_512_AUTH", URI: { Ref: "Login" } },
      ],
    });
    expect(access(made)).toEqual([
      expect.stringMatching(/^ec2:/u),
      `secretsmanager:GetSecretValue on ${JSON.stringify({ Ref: "Login" })}`,
    ]);
  });
});

describe("what would fail when it is deployed, or later, fails here", () => {
  const fifo = (stack: Stack) => perdure.sqs(new Queue(stack, "Work", { fifo: true }));
  test.each<[string, (stack: Stack) => perdure.RecordSource, perdure.SubscribeOptions, string]>([
    ["a name that is none", standard, { name: "my orders" }, "is not a text of up to 256"],
    ["a reserved name", standard, { name: "rejected" }, "is not a text of up to 256"],
    ["an empty batch", standard, { batchSize: 0 }, "batchSize must be a whole number from 1"],
    ["a large batch without a window", standard, { batchSize: 11 }, "need a window"],
    ["a large batch of a FIFO queue", fifo, { batchSize: 11 }, "from 1 to 10"],
    ["a window of a FIFO queue", fifo, { window: Duration.seconds(1) }, "do not wait"],
    ["a single door", standard, { maxConcurrency: 1 }, "maxConcurrency must be"],
    ["filters of a schedule", () => perdure.schedule("rate(1 hour)"), { filters: [{}] }, "has its own"],
    [
      "a queue that hides for too short a time",
      (stack) => perdure.sqs(new Queue(stack, "Work", { visibilityTimeout: Duration.seconds(10) })),
      {},
      "must be 30 seconds or more",
    ],
    ["a schedule that is none", () => perdure.schedule("0 2 * * *"), {}, "is not of the form rate("],
  ])("%s", (_, source, options, reason) => {
    expect(() => make(source, options)).toThrow(reason);
  });

  test.each<[string, string, perdure.SubscribeOptions, string | undefined]>([
    ["a handler that is there", "Plain/take", {}, undefined],
    ["a service of another app", "Elsewhere/take", {}, undefined],
    ["a handler that is not there", "Plain/absent", {}, "Plain has no handler 'absent'. It has take"],
    ["an object without a key", "Keyed/take", {}, "Keyed needs a key, and records of this source have none"],
    ["an object with one", "Keyed/take", { key: "json:$.id" }, undefined],
  ])("%s", (_, sink, options, reason) => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = new PerdureRuntime(stack, "Runtime");
    runtime.subscribe(standard(stack), sink, options);
    new perdure.PerdureService(stack, "Service", { runtime, entry: SERVED });
    const template = () => Template.fromStack(stack);
    if (reason === undefined) expect(template).not.toThrow();
    else expect(template).toThrow(reason);
  });

  const code = Code.fromInline("exports.handler = 1");
  const build = { code, handler: "index.handler" };
  test.each<[string, (stack: Stack, props: Moved) => void]>([
    [
      "a build of one's own",
      (stack, props) => void new perdure.PerdureService(stack, "Successor", { ...props, ...build }),
    ],
    [
      "a function that is made elsewhere",
      (stack, props) => {
        const made = new LambdaFunction(stack, "Theirs", { runtime: Runtime.NODEJS_24_X, ...build });
        perdure.PerdureService.fromFunction(stack, "Successor", { ...props, function: made });
      },
    ],
  ])("but not a handler of a service that moved to %s, which is not asked", (_, move) => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = new PerdureRuntime(stack, "Runtime");
    runtime.subscribe(standard(stack), "Plain/added");
    const replaces = new perdure.PerdureService(stack, "Service", { runtime, entry: SERVED });
    move(stack, { runtime, services: ["Plain"], replaces });
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test("a sink that is none, and the same name twice", () => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = new PerdureRuntime(stack, "Runtime");
    const source = standard(stack);
    expect(() => runtime.subscribe(source, "Orders")).toThrow('is not of the form "Service/handler"');
    runtime.subscribe(source, "Orders/place");
    expect(() => runtime.subscribe(source, "Orders/place")).toThrow(
      "there is a subscription 'Orders.place' already",
    );
  });
});

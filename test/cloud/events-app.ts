/**
 * The app of test/cloud/events.test.ts: a subscription of each source. `PERDURE_CLOUD_MAILBOX` is an address by which the source door
 * reaches its mailbox, and which refuses what it is told to. `PERDURE_CLOUD_STAGE` is `fewer` for a second deployment, without one of them.
 */
import { join } from "node:path";
import { CfnOutput, RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { EventBus } from "aws-cdk-lib/aws-events";
import { Stream } from "aws-cdk-lib/aws-kinesis";
import { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue } from "aws-cdk-lib/aws-sqs";
import {
  dynamoDbStream,
  eventBridge,
  kafka,
  kinesis,
  PerdureService,
  s3,
  schedule,
  sns,
  sqs,
} from "../../infra/index.ts";
import { openRuntime } from "./open-runtime.ts";

const { stack, runtime } = openRuntime();
new PerdureService(stack, "Listed", {
  runtime,
  entry: join(import.meta.dirname, "events-handlers.ts"),
  services: ["Listed"],
});

const removalPolicy = RemovalPolicy.DESTROY;
const queue = new Queue(stack, "Work");
const fifo = new Queue(stack, "InOrder", { fifo: true });
const topic = new Topic(stack, "News");
const fifoTopic = new Topic(stack, "NewsInOrder", { fifo: true, contentBasedDeduplication: true });
const bus = new EventBus(stack, "Bus");
const bucket = new Bucket(stack, "Files", { removalPolicy });
const stream = new Stream(stack, "Clicks", { removalPolicy });
const table = new Table(stack, "Items", {
  partitionKey: { name: "id", type: AttributeType.STRING },
  stream: StreamViewType.NEW_AND_OLD_IMAGES,
  removalPolicy,
});

const take = "Listed/take";
const inJson = { key: "json:$.key" };
runtime.subscribe(sqs(queue), take, { name: "queue", ...inJson });
runtime.subscribe(sqs(fifo), take, { name: "fifo" });
if (process.env["PERDURE_CLOUD_STAGE"] !== "fewer")
  runtime.subscribe(sns(topic), take, { name: "topic", ...inJson });
runtime.subscribe(sns(fifoTopic), take, { name: "fifo-topic" });
runtime.subscribe(eventBridge({ source: ["shop"] }, bus), take, { name: "rule", key: "json:$.detail.key" });
runtime.subscribe(s3(bucket, { prefix: "in/" }), take, { name: "objects", key: "constant:a" });
runtime.subscribe(kinesis(stream), take, { name: "stream", ...inJson });
runtime.subscribe(dynamoDbStream(table), take, { name: "table", key: "json:$.dynamodb.NewImage.key.S" });
runtime.subscribe(schedule("rate(1 minute)"), take, { name: "tick", key: "constant:a" });
const clusterArn =
  "arn:aws:kafka:us-east-1:000000000000:cluster/depot/6cc0432b-8618-4f44-bccc-e1fbd8fb7c4d-2";
const parcels = { cluster: "depot", topic: "parcels", clusterArn };
runtime.subscribe(kafka(parcels), take, { name: "whole" });
runtime.subscribe(kafka({ ...parcels, pollers: { min: 1, max: 1 } }), take, { name: "pollers" });

const [door] = runtime.node
  .findAll()
  .filter((each) => each instanceof LambdaFunction)
  .filter(({ node }) => node.path.endsWith("/Events/Function"));
if (!door) throw new Error("there is no source door");
const mailbox = process.env["PERDURE_CLOUD_MAILBOX"];
if (mailbox) door.addEnvironment("AWS_ENDPOINT_URL_SQS", mailbox);

const outputs = {
  ...{ IngressUrl: runtime.ingress.url, AdminUrl: runtime.admin.url, DoorFunction: door.functionName },
  ...{ QueueUrl: queue.queueUrl, FifoUrl: fifo.queueUrl, TopicArn: topic.topicArn },
  ...{ FifoTopicArn: fifoTopic.topicArn, BusName: bus.eventBusName, BucketName: bucket.bucketName },
  ...{ StreamName: stream.streamName, TableName: table.tableName },
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });

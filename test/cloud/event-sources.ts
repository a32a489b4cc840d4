/** Sends records to the sources of test/cloud/events-app.ts, as their users would. */
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DUMMY_CREDENTIALS } from "../support/emulator-dynamo.ts";
import { REGION } from "./cdk.ts";

export interface Sent {
  readonly id: string;
  /** Of the object that it starts. */
  readonly key: string;
  /** It cannot become an invocation: its key is missing, or its headers are too long. */
  readonly isPoison: boolean;
}

/** Sends them, in their order. */
type Put = (records: readonly Sent[]) => Promise<void>;

const HEADERS_TOO_LONG = "x".repeat(20_000);
const bodyOf = ({ id, key, isPoison }: Sent): string => JSON.stringify(isPoison ? { id } : { id, key });

export class EventSources {
  readonly #endpoint: string;
  readonly #outputs: Readonly<Record<string, string>>;

  constructor(endpoint: string, outputs: Readonly<Record<string, string>>) {
    this.#endpoint = endpoint;
    this.#outputs = outputs;
  }

  readonly queue: Put = async (records) => {
    await this.#sendBatch("QueueUrl", records, () => ({}));
  };

  /** The group is the key. */
  readonly fifo: Put = async (records) => {
    await this.#sendBatch("FifoUrl", records, ({ id, key, isPoison }) => ({
      ...{ MessageGroupId: key, MessageDeduplicationId: id },
      ...(isPoison ? { MessageAttributes: { long: attribute(HEADERS_TOO_LONG) } } : {}),
    }));
  };

  readonly topic: Put = async (records) => {
    for (const each of records) await this.#publish("TopicArn", bodyOf(each), {});
  };

  readonly fifoTopic: Put = async (records) => {
    for (const each of records) {
      const { id, key, isPoison } = each;
      const long = { Name: "long", "Value.DataType": "String", "Value.StringValue": HEADERS_TOO_LONG };
      const attributes = Object.entries(isPoison ? long : {}).map(([name, value]) => [
        `MessageAttributes.entry.1.${name}`,
        value,
      ]);
      const more: Record<string, string> = Object.fromEntries(attributes);
      const inOrder = { MessageGroupId: key, MessageDeduplicationId: id, ...more };
      await this.#publish("FifoTopicArn", bodyOf(each), inOrder);
    }
  };

  readonly rule: Put = async (records) => {
    const EventBusName = this.#output("BusName");
    const Entries = records.map((each) => ({
      ...{ EventBusName, Source: "shop", DetailType: "Paid", Detail: bodyOf(each) },
    }));
    await this.#json("events", "AWSEvents.PutEvents", { Entries });
  };

  /** Their keys are their names. */
  readonly objects: Put = async (records) => {
    for (const { id } of records) {
      const bucket = `/${this.#output("BucketName")}/in/${id}`;
      await this.#request("s3", bucket, { method: "PUT", body: id });
    }
  };

  readonly stream: Put = async (records) => {
    const Records = records.map((each) => ({
      ...{ Data: Buffer.from(bodyOf(each)).toString("base64"), PartitionKey: each.key },
    }));
    const StreamName = this.#output("StreamName");
    await this.#json("kinesis", "Kinesis_20131202.PutRecords", { StreamName, Records });
  };

  readonly table: Put = async (records) => {
    const dynamo = new DynamoDBClient(this.#client());
    const TableName = this.#output("TableName");
    for (const { id, key, isPoison } of records) {
      const Item = { id: { S: id }, ...(isPoison ? {} : { key: { S: key } }) };
      await dynamo.send(new PutItemCommand({ TableName, Item }));
    }
    dynamo.destroy();
  };

  #output(name: string): string {
    const value = this.#outputs[name];
    if (value === undefined) throw new Error(`the stack has no output ${name}`);
    return value;
  }

  #client() {
    return { endpoint: this.#endpoint, region: REGION, credentials: DUMMY_CREDENTIALS };
  }

  async #sendBatch(queue: string, records: readonly Sent[], more: (each: Sent) => object): Promise<void> {
    const sqs = new SQSClient({ ...this.#client(), useQueueUrlAsEndpoint: false });
    const Entries = records.map((each) => ({ Id: each.id, MessageBody: bodyOf(each), ...more(each) }));
    const { Failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: this.#output(queue), Entries }),
    );
    sqs.destroy();
    if (Failed.length > 0) throw new Error(`the queue refused ${JSON.stringify(Failed)}`);
  }

  async #publish(topic: string, message: string, more: Readonly<Record<string, string>>): Promise<void> {
    const form = {
      ...{ Action: "Publish", Version: "2010-03-31", TopicArn: this.#output(topic), Message: message },
      ...more,
    };
    const type = { "content-type": "application/x-www-form-urlencoded" };
    await this.#request("sns", "/", { method: "POST", body: new URLSearchParams(form), headers: type });
  }

  async #json(service: string, operation: string, input: object): Promise<void> {
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": operation };
    await this.#request(service, "/", { method: "POST", body: JSON.stringify(input), headers });
  }

  /** Emulators look at the credentials' scope, which says the service, and at no signature. */
  async #request(
    service: string,
    path: string,
    init: {
      readonly method: string;
      readonly body: string | URLSearchParams;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    const scope = `test/20300101/${REGION}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
    const headers = { ...init.headers, authorization, "x-amz-date": "20300101T000000Z" };
    const answer = await fetch(`${this.#endpoint}${path}`, { ...init, headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${service} answered ${answer.status}: ${text}`);
  }
}

const attribute = (StringValue: string) => ({ DataType: "String", StringValue });

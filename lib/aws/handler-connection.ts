/** The adapters of a handler's function, over the light client (json-service.ts). Where its data is, the turn's request says; all else its
 * environment variables do. */
import type { Table } from "../model/item.ts";
import type { Resources } from "../model/resources.ts";
import { DynamoItems, type DynamoRequests } from "./dynamo-items.ts";
import { systemClock } from "../clock.ts";
import { type Environment, ENVIRONMENT, requiredByName, resourcesIn } from "../environment.ts";
import { DelayQueue, type SendMessage } from "./delay-queue.ts";
import { DirectInvoker } from "./direct-invoker.ts";
import { JsonService, type JsonServiceOptions } from "./json-service.ts";
import { QueueMailbox, type SendMessageBatch } from "./queue-mailbox.ts";
import type { Credentials } from "./signature.ts";
import { type Connected, SignedHttp } from "./signed-http.ts";

export interface HandlerConnection {
  readonly items: DynamoItems;
  readonly mailbox: QueueMailbox;
  /** For guards. Absent: the function's stack is of an earlier version. */
  readonly timers?: DelayQueue;
  /** For calls in memory. Absent: all go by the queue. */
  readonly invoker?: DirectInvoker;
}

/** `resources`: by default what the variables name. Throws `Error` with the name of a variable that is not set. */
export function connectHandler(
  environment: Environment,
  resources: Resources = resourcesIn(environment),
): HandlerConnection {
  const { journalTable: journal, stateTable: state, registryTable: registry, mailboxUrl } = resources;
  const tables: Record<Table, string> = { journal, state, registry };
  const shared = {
    region: requiredByName(environment, "AWS_REGION"),
    credentials: () => credentialsIn(environment),
  };
  const sqs = new JsonService(sqsOptions(environment, mailboxUrl, shared));
  // Without the variable the stack has given no access to it, and the manifest says that turns set no guards.
  const delayQueueUrl = environment[ENVIRONMENT.delayQueueUrl] && resources.delayQueueUrl;
  const directAlias = environment[ENVIRONMENT.directAlias];
  return {
    items: new DynamoItems(dynamoRequests(new JsonService(dynamoOptions(environment, shared))), tables),
    mailbox: new QueueMailbox(sendMessageBatch(sqs), mailboxUrl),
    ...(delayQueueUrl ? { timers: new DelayQueue(sendMessage(sqs), delayQueueUrl, systemClock) } : {}),
    ...(directAlias
      ? {
          invoker: new DirectInvoker(
            new SignedHttp(regional(environment, "lambda", shared)),
            directAlias,
            resources,
          ),
        }
      : {}),
  };
}

type Shared = Pick<JsonServiceOptions, "region" | "credentials">;

const dynamoOptions = (environment: Environment, shared: Shared): JsonServiceOptions => ({
  ...regional(environment, "dynamodb", shared),
  target: "DynamoDB_20120810",
});

function regional(environment: Environment, service: string, shared: Shared): Connected {
  const { region } = shared;
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const endpoint = endpointOf(environment, service.toUpperCase()) ?? `https://${service}.${region}.${suffix}`;
  return { ...shared, service, endpoint: new URL(endpoint) };
}

/** By default the endpoint is that of the queue's URL, as for AWS's own client. */
function sqsOptions(environment: Environment, mailboxUrl: string, shared: Shared): JsonServiceOptions {
  const endpoint = endpointOf(environment, "SQS") ?? new URL(mailboxUrl).origin;
  return { ...shared, service: "sqs", target: "AmazonSQS", endpoint: new URL(endpoint) };
}

const endpointOf = (environment: Environment, service: string): string | undefined =>
  environment[`AWS_ENDPOINT_URL_${service}`] ?? environment["AWS_ENDPOINT_URL"];

export const dynamoRequests = (service: JsonService): DynamoRequests => ({
  GetItem: (input) => service.call("GetItem", input) as ReturnType<DynamoRequests["GetItem"]>,
  PutItem: (input) => service.call("PutItem", input),
  UpdateItem: (input) => service.call("UpdateItem", input) as ReturnType<DynamoRequests["UpdateItem"]>,
  DeleteItem: (input) => service.call("DeleteItem", input),
  Query: (input) => service.call("Query", input) as ReturnType<DynamoRequests["Query"]>,
  Scan: (input) => service.call("Scan", input) as ReturnType<DynamoRequests["Scan"]>,
});

export const sendMessageBatch =
  (service: JsonService): SendMessageBatch =>
  (input) =>
    service.call("SendMessageBatch", input) as ReturnType<SendMessageBatch>;

const sendMessage =
  (service: JsonService): SendMessage =>
  (input) =>
    service.call("SendMessage", input);

/** The credentials of the function's role. Lambda puts them into the environment. */
function credentialsIn(environment: Environment): Credentials {
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  return {
    accessKeyId: requiredByName(environment, "AWS_ACCESS_KEY_ID"),
    secretAccessKey: requiredByName(environment, "AWS_SECRET_ACCESS_KEY"),
    ...(sessionToken === undefined || sessionToken === "" ? {} : { sessionToken }),
  };
}

/** The light client of handlers: its signatures, its retries and its errors. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import {
  DeleteFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import { afterEach, describe, expect, test } from "vitest";
import { DeleteScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { DynamoItems, dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { connectHandler } from "../../lib/aws/handler-connection.ts";
import { JsonService } from "../../lib/aws/json-service.ts";
import { invocationPath } from "../../lib/aws/rest-service.ts";
import { authorization, type Credentials } from "../../lib/aws/signature.ts";
import { SignedHttp } from "../../lib/aws/signed-http.ts";
import type { Put } from "../../lib/model/item.ts";
import { answering, type SentRequest } from "../support/emulator-answers.ts";
import { DUMMY_CREDENTIALS, REGION, TABLES } from "../support/emulator-dynamo.ts";

const httpAt = (endpoint: string): SignedHttp =>
  new SignedHttp({
    ...{ service: "dynamodb", region: REGION, endpoint: new URL(endpoint) },
    credentials: () => DUMMY_CREDENTIALS,
  });

/** Ours for what they have signed. */
function signedAnew(
  { headers = {}, body = "", path, method, query = {} }: Partial<SentRequest>,
  signing: { readonly service: string; readonly credentials: Credentials },
): { readonly ours: string; readonly theirs: string } {
  const theirs = headers["authorization"] ?? "";
  const names = /SignedHeaders=([^,]+)/.exec(theirs)?.[1]?.split(";") ?? [];
  const signed = Object.fromEntries(names.map((name) => [name, headers[name] ?? ""]));
  const date = headers["x-amz-date"] ?? "";
  const nowMs = Date.parse(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
  const text = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  const at = {
    ...(path === undefined ? {} : { path }),
    ...(method === undefined ? {} : { method }),
    query: text.toReversed().join("&"),
  };
  return { ours: authorization(signed, body, { ...signing, region: REGION, nowMs, ...at }), theirs };
}

test.each([undefined, "token"])("signs as AWS's own client does, session token %s", async (sessionToken) => {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret/with+signs" };
  const held = sessionToken === undefined ? credentials : { ...credentials, sessionToken };
  const { config, sent } = answering(() => ({ body: "{}" }));
  const client = new DynamoDBClient({ ...config, credentials: held });
  await client.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "ä & ü" } } }));
  const [request = {}] = sent;
  const { ours, theirs } = signedAnew(request, { service: "dynamodb", credentials: held });
  expect(theirs).toContain("x-amz-target");
  expect(ours).toBe(theirs);
});

test("signs a question with a query as AWS's own client does", async () => {
  const { config, sent } = answering(() => ({ body: "{}" }));
  const client = new LambdaClient({ ...config, credentials: DUMMY_CREDENTIALS });
  const FunctionName = "it's (a) name!*";
  await client.send(new ListVersionsByFunctionCommand({ FunctionName, Marker: "ä =&+'(*)", MaxItems: 5 }));
  const [request = {} as SentRequest] = sent;
  expect(request.query).toEqual({ Marker: "ä =&+'(*)", MaxItems: "5" });
  const { ours, theirs } = signedAnew(request, { service: "lambda", credentials: DUMMY_CREDENTIALS });
  expect(ours).toBe(theirs);
});

test("signs an invocation as AWS's own client does, and sends it to the same place", async () => {
  const { config, sent } = answering(() => ({ body: "{}" }));
  const FunctionName = "arn:aws:lambda:us-east-1:000000000000:function:greeter:calls-of-x";
  const client = new LambdaClient({ ...config, credentials: DUMMY_CREDENTIALS });
  await client.send(new InvokeCommand({ FunctionName, Payload: Buffer.from('"ä"') }));
  const [request = {} as SentRequest] = sent;
  const { ours, theirs } = signedAnew(request, { service: "lambda", credentials: DUMMY_CREDENTIALS });
  expect(ours).toBe(theirs);
  expect(request.path).toBe(invocationPath(FunctionName));
});

test("signs requests that are no POST and have a query as AWS's own clients do", async () => {
  const { config, sent } = answering(() => ({ body: "" }));
  const shared = { ...config, credentials: DUMMY_CREDENTIALS };
  const lambda = new LambdaClient(shared);
  const FunctionName = "arn:aws:lambda:us-east-1:000000000000:function:greeter";
  await lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: "7" }));
  const scheduler = new SchedulerClient(shared);
  const schedule = { GroupName: "Stack-Group.1_ä", Name: "t-x", ClientToken: "c" };
  await scheduler.send(new DeleteScheduleCommand(schedule));
  const [ofLambda = {} as SentRequest, ofScheduler = {} as SentRequest] = sent;
  for (const [request, service] of [
    [ofLambda, "lambda"],
    [ofScheduler, "scheduler"],
  ] as const) {
    const { ours, theirs } = signedAnew(request, { service, credentials: DUMMY_CREDENTIALS });
    expect(ours).toBe(theirs);
  }
  expect(ofLambda).toMatchObject({
    method: "DELETE",
    path: `/2015-03-31/functions/${encodeURIComponent(FunctionName)}`,
    query: { Qualifier: "7" },
  });
});

// --- faults --------------------------------------------------------------------------------------------------------

interface Answer {
  readonly status: number;
  readonly body: string;
}
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Gives one answer after another, and the last one for ever. "hang up": closes the connection. */
async function serve(answers: readonly (Answer | "hang up")[]) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(request);
    if (answer === undefined || answer === "hang up") request.destroy();
    else response.writeHead(answer.status).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
  const http = httpAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closing.push(() => {
    http.destroy();
    server.closeAllConnections();
    server.close();
  });
  return {
    items: new DynamoItems(dynamoRequests(new JsonService(http, "DynamoDB_20120810")), TABLES),
    requests,
  };
}

const key = { table: "journal", pk: "p", sk: "head" } as const;
const put: Put = { op: "put", key, attributes: { a: 1 }, when: { is: "absent" } };
const fault = (type: string, status = 400): Answer => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: "no" }),
});

describe("light client", () => {
  test.each<[string, Answer | "hang up"]>([
    ["a connection that breaks", "hang up"],
    ["an internal error", fault("InternalServerError", 500)],
    ["throttling", fault("ProvisionedThroughputExceededException")],
    ["a gateway's page", { status: 503, body: "<html>try later</html>" }],
    ["an answer cut off", { status: 200, body: '{"Item":{"a":{"N"' }],
  ])("%s is tried again", async (_, answer) => {
    const { items, requests } = await serve([answer, { status: 200, body: '{"Item":{"a":{"N":"1"}}}' }]);
    expect(await items.get(key)).toEqual({ a: 1 });
    expect(requests).toHaveLength(2);
  });

  test.each<[string, Answer | "hang up", string]>([
    ["a connection that breaks", "hang up", "unavailable"],
    ["an internal error", fault("InternalServerError", 500), "unavailable"],
    ["an answer cut off", { status: 200, body: '{"Item":{"a":{"N"' }, "unavailable"],
    ["throttling", fault("ThrottlingException"), "throttled"],
  ])("%s that lasts is operational, after three tries", async (_, answer, code) => {
    const { items, requests } = await serve([answer]);
    await expect(items.write(put)).rejects.toMatchObject({ name: "OperationalError", code });
    expect(requests).toHaveLength(3);
  });

  test("a refused write shows the item that refused it, bytes included, and is not tried again", async () => {
    const body = JSON.stringify({
      __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
      Item: { pk: { S: "p" }, sk: { S: "head" }, x: { B: "AQI=" }, B: { S: "an attribute named B" } },
    });
    const { items, requests } = await serve([{ status: 400, body }]);
    const item = { x: Uint8Array.of(1, 2), B: "an attribute named B" };
    expect(await items.write(put)).toEqual({ won: false, item });
    expect(requests).toHaveLength(1);
  });

  test("what DynamoDB finds wrong is thrown as it says it, at once", async () => {
    const { items, requests } = await serve([fault("ResourceNotFoundException")]);
    await expect(items.get(key)).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "no" });
    expect(requests).toHaveLength(1);
  });

  test("names the variable that is missing", () => {
    expect(() => connectHandler({})).toThrow(/PERDURE_JOURNAL_TABLE/);
  });
});

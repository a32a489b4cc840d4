/** What carries the light clients' requests: its connections, its time limits, and where it connects to. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { httpTo, openTo } from "../../lib/aws/clients.ts";
import { SignedHttp } from "../../lib/aws/signed-http.ts";
import { AWS_IDLE_MS_MAX } from "../../lib/limits/aws.ts";
import { answering } from "../support/emulator-answers.ts";
import { DUMMY_CREDENTIALS, REGION } from "../support/emulator-dynamo.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) close();
});

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const fine: Answer = (response) => void response.end("fine");
const hangsUp: Answer = (_, { socket }) => void socket.destroy();
const breaksOff: Answer = (response, { socket }) => {
  response.writeHead(200, { "content-length": "10" }).write("half");
  setTimeout(() => socket.destroy(), 20);
};

/** Gives one answer after another, and the last one for ever. */
async function serve(...answers: readonly Answer[]) {
  const seen = { connections: 0, requests: [] as IncomingMessage[] };
  const server = createServer((request, response) => {
    const answer = answers[Math.min(seen.requests.length, answers.length - 1)];
    seen.requests.push(request);
    answer?.(response, request);
  });
  server.on("connection", () => seen.connections++);
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
  const endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const http = new SignedHttp({
    ...{ service: "lambda", region: REGION, endpoint },
    credentials: () => DUMMY_CREDENTIALS,
  });
  closing.push(() => {
    http.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { http, seen, endpoint };
}
const asked = { headers: {}, body: "{}", timeoutMs: 5000 };
/** A connection is given back a moment after its answer. */
const moment = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 20));

describe("connections", () => {
  test("are kept", async () => {
    const { http, seen } = await serve(fine);
    for (let n = 0; n < 3; n++) {
      await http.send(asked);
      await moment();
    }
    expect(seen).toMatchObject({ connections: 1, requests: { length: 3 } });
  });

  test("that nobody has used for long are not used again", async () => {
    const { http, seen } = await serve(fine);
    await http.send(asked);
    await moment();
    const nowMs = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(nowMs + AWS_IDLE_MS_MAX - 1000);
    await http.send(asked);
    expect(seen.connections).toBe(1);
    await moment();
    clock.mockReturnValue(nowMs + 2 * AWS_IDLE_MS_MAX);
    await http.send(asked);
    expect(seen.connections).toBe(2);
  });

  test("opened before there is a request serve the first, which waits for them", async () => {
    const { http, seen } = await serve(fine);
    const opened = http.open();
    await http.send(asked);
    await opened;
    expect(seen.connections).toBe(1);
    expect(seen.requests.map(({ url, headers }) => [url, "authorization" in headers])).toEqual([
      ["/ping", false],
      ["/", true],
    ]);
  });

  test("that cannot be opened are no error", async () => {
    const { http } = await serve(hangsUp);
    await http.open();
  });
});

describe("a kept connection that the service has closed", () => {
  test("is replaced once, all others with it", async () => {
    const { http, seen } = await serve(fine, fine, hangsUp, fine);
    // Two connections.
    await Promise.all([http.send(asked), http.send(asked)]);
    await moment();
    expect(await http.sendAgain(asked)).toMatchObject({ body: "fine" });
    expect(seen).toMatchObject({ connections: 3, requests: { length: 4 } });
  });

  test("is replaced once only", async () => {
    const { http, seen } = await serve(fine, hangsUp);
    await http.send(asked);
    await moment();
    await expect(http.sendAgain(asked)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(seen.requests).toHaveLength(3);
  });

  test("if something was answered, nothing is asked again", async () => {
    const { http, seen } = await serve(fine, breaksOff, fine);
    await http.send(asked);
    await moment();
    await expect(http.sendAgain(asked)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(seen.requests).toHaveLength(2);
  });
});

test("a new connection that breaks is not replaced: the service may be at work", async () => {
  const { http, seen } = await serve(hangsUp);
  await expect(http.sendAgain(asked)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(seen.requests).toHaveLength(1);
});

test("silence has an end", async () => {
  const { http } = await serve(() => undefined);
  await expect(http.send({ ...asked, timeoutMs: 50 })).rejects.toMatchObject({ name: "TimeoutError" });
});

// --- endpoints -----------------------------------------------------------------------------------------------------

/** Where AWS's own clients connect to. */
async function theirHosts(region: string, options: object): Promise<string[]> {
  const { config, sent } = answering(() => ({ body: "{}" }));
  const { endpoint: _, ...rest } = config;
  const all = { ...rest, ...options, region };
  await new DynamoDBClient(all).send(new ListTablesCommand({}));
  await new SQSClient(all).send(new ListQueuesCommand({}));
  await new LambdaClient(all).send(new ListFunctionsCommand({}));
  await new SchedulerClient(all).send(new ListSchedulesCommand({}));
  return sent.map(({ headers }) => headers["host"] ?? "");
}

const SERVICES = ["dynamodb", "sqs", "lambda", "scheduler"];
const REGIONS = [
  "us-east-1",
  "eu-central-1",
  "us-gov-west-1",
  "cn-north-1",
  "eusc-de-east-1",
  "us-iso-east-1",
];

const hostsOf = (environment: Record<string, string>): string[] =>
  SERVICES.map((service) => httpTo(environment, service).host);

describe("endpoints are those of AWS's own clients", () => {
  test.each(REGIONS)("%s", async (region) => {
    expect(hostsOf({ AWS_REGION: region })).toEqual(await theirHosts(region, {}));
  });

  test("with IPv6, and with FIPS", async () => {
    expect(hostsOf({ AWS_REGION: REGION, AWS_USE_DUALSTACK_ENDPOINT: "true" })).toEqual(
      await theirHosts(REGION, { useDualstackEndpoint: true }),
    );
    expect(hostsOf({ AWS_REGION: REGION, AWS_USE_FIPS_ENDPOINT: "true" })).toEqual(
      await theirHosts(REGION, { useFipsEndpoint: true }),
    );
  });

  test("or what a variable says, of one service before that of all", () => {
    const set = { AWS_REGION: REGION, AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    expect(hostsOf({ ...set, AWS_ENDPOINT_URL_SQS: "http://127.0.0.1:2" })).toEqual([
      ...["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1", "127.0.0.1:1"],
    ]);
  });
});

describe("connections are opened early", () => {
  test("in a function of AWS's alone, and not to an emulator", async () => {
    const { endpoint, seen } = await serve(fine);
    const lambda = { AWS_LAMBDA_FUNCTION_NAME: "f", AWS_REGION: REGION };
    await openTo({ ...lambda, AWS_ENDPOINT_URL: endpoint.origin }, "dynamodb");
    await openTo({ AWS_REGION: REGION }, "dynamodb");
    await openTo({}, "dynamodb");
    expect(seen.connections).toBe(0);
  });
});

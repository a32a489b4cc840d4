/** The light client of calls in memory: where it asks, what it takes for an outcome, and when it knows that nothing ran. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { connectHandler } from "../../lib/aws/handler-connection.ts";
import { type Resources, resourcesId } from "../../lib/model/resources.ts";
import type { Invocable } from "../../lib/model/manifest.ts";
import type { CallInvoker } from "../../lib/ports.ts";
import {
  decodeTurnRequest,
  encodeTurnOutcome,
  type TurnOutcome,
  type TurnRequest,
} from "../../lib/protocol.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:greeter";
const deployment: Invocable = { id: "d1", address: `${FUNCTION}:7` };
const request: TurnRequest = {
  ...{ kind: "turn", version: 1, id: "inv_x", incarnation: 0, handlerKind: "plain", deployment: "d1" },
  target: { service: "greeter", handler: "greet" },
  head: { in: Uint8Array.of(0, 255) },
  ...{ carried: [], ownsLock: false, attempt: { count: 1 }, remainingMs: 1000, retentionMs: 1000 },
};
const outcome: TurnOutcome = { kind: "completed", ownsLock: false, replies: [] };
const RESOURCES: Resources = {
  ...{ journalTable: "j", stateTable: "s", registryTable: "r", mailboxUrl: "http://localhost/q" },
};
/** As a function of this version answers it. */
const answered = encodeTurnOutcome({ ...outcome, resourcesId: resourcesId(RESOURCES) });

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Gives one answer after another, and the last one for ever. */
async function serve(...answers: readonly Answer[]) {
  const requests: { readonly message: IncomingMessage; readonly body: string }[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push({ message, body: Buffer.concat(chunks).toString() });
      answer?.(response, message);
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { invoker: invokerAt(`http://127.0.0.1:${port}`), requests, server };
}

function invokerAt(endpoint: string): CallInvoker {
  const { invoker } = connectHandler({
    ...{ PERDURE_JOURNAL_TABLE: "j", PERDURE_STATE_TABLE: "s", PERDURE_REGISTRY_TABLE: "r" },
    ...{ PERDURE_MAILBOX_URL: "http://localhost/q", PERDURE_DIRECT_ALIAS: "calls-of-r" },
    ...{ AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    AWS_ENDPOINT_URL_LAMBDA: endpoint,
  });
  if (!invoker) throw new Error("the handler has no invoker");
  return invoker;
}

const says =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body);
const hangsUp: Answer = (_, { socket }) => void socket.destroy();

test("the request goes by the alias, and says which version it is for; the outcome comes back", async () => {
  const { invoker, requests } = await serve(says(200, answered));
  expect(await invoker.invoke(deployment, request)).toEqual(outcome);
  const [{ message, body } = { message: undefined, body: "" }] = requests;
  expect(message?.method).toBe("POST");
  expect(decodeURIComponent(message?.url ?? "")).toBe(
    `/2015-03-31/functions/${FUNCTION}:calls-of-r/invocations`,
  );
  expect(decodeTurnRequest(body)).toEqual({
    ...request,
    ...{ address: deployment.address, resourcesId: resourcesId(RESOURCES) },
  });
});

test("a function that dies says how", async () => {
  const body = JSON.stringify({ errorType: "Sandbox.Timedout", errorMessage: "Task timed out after 3.00 s" });
  const { invoker } = await serve(says(200, body, { "x-amz-function-error": "Unhandled" }));
  await expect(invoker.invoke(deployment, request)).rejects.toMatchObject({
    name: "FunctionError",
    code: "timeout",
  });
});

describe("nothing ran, so the dispatcher may run it, and no attempt is counted", () => {
  test.each([
    ["TooManyRequestsException", 429],
    ["AccessDeniedException", 403],
    ["ResourceNotFoundException:http://internal.amazon.com/", 404],
    ["RequestTooLargeException", 413],
    ["EC2ThrottledException", 502],
    ["KMSAccessDeniedException", 502],
  ])("%s", async (type, status) => {
    const { invoker, requests } = await serve(says(status, "{}", { "x-amzn-errortype": type }));
    await expect(invoker.invoke(deployment, request)).rejects.toMatchObject({ code: "throttled" });
    expect(requests).toHaveLength(1);
  });

  test("no connection", async () => {
    const { invoker, server } = await serve(says(200, ""));
    await new Promise((resolve) => server.close(resolve));
    await expect(invoker.invoke(deployment, request)).rejects.toMatchObject({ code: "throttled" });
  });

  test("what is no version of a function", async () => {
    const { invoker, requests } = await serve(says(200, ""));
    for (const address of ["http://localhost:9080", `${FUNCTION}:prod`])
      await expect(invoker.invoke({ ...deployment, address }, request)).rejects.toMatchObject({
        code: "throttled",
      });
    expect(requests).toHaveLength(0);
  });
});

describe("nobody knows whether it ran, and it is not asked again", () => {
  test.each<[string, Answer]>([
    ["Lambda's own error", says(500, "{}", { "x-amzn-errortype": "ServiceException" })],
    ["a gateway's page", says(503, "<html>")],
    ["a connection that breaks", hangsUp],
  ])("%s", async (_, answer) => {
    const { invoker, requests } = await serve(answer);
    await expect(invoker.invoke(deployment, request)).rejects.toMatchObject({
      name: "OperationalError",
      code: "unavailable",
    });
    expect(requests).toHaveLength(1);
  });
});

test("a kept connection that the service has closed, as after a freeze, is replaced", async () => {
  const { invoker, requests } = await serve(says(200, answered), hangsUp, says(200, answered));
  await invoker.invoke(deployment, request);
  expect(await invoker.invoke(deployment, request)).toEqual(outcome);
  expect(requests).toHaveLength(3);
});

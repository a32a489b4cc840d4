import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { SignedHttp } from "../../lib/aws/signed-http.ts";
import { LambdaInvoker } from "../../runtime/aws/lambda-invoker.ts";
import {
  decodeTurnRequest,
  encodeTurnOutcome,
  type TurnOutcome,
  type TurnRequest,
} from "../../lib/protocol.ts";
import { type Answerer, carrying, connectionReset, jsonError } from "../support/emulator-answers.ts";

const deployment = {
  id: "d1",
  address: "arn:aws:lambda:us-east-1:000000000000:function:greeter:7",
  createdAtMs: 0,
  services: [],
};
const request: TurnRequest = {
  kind: "turn",
  version: 1,
  id: "inv_x",
  incarnation: 0,
  target: { service: "greeter", handler: "greet" },
  handlerKind: "plain",
  deployment: "d1",
  head: { in: Uint8Array.of(0, 255) },
  carried: [],
  ownsLock: false,
  attempt: { count: 1 },
  remainingMs: 1000,
  retentionMs: 1000,
};

function invoking(answer: Answerer) {
  const { http, sent } = carrying(answer);
  const invoker = new LambdaInvoker(http);
  return { turn: () => invoker.invoke(deployment, request), sent };
}
const httpAt = (port: number): SignedHttp =>
  new SignedHttp({
    ...{ service: "lambda", region: "us-east-1", endpoint: new URL(`http://127.0.0.1:${port}`) },
    credentials: () => ({ accessKeyId: "a", secretAccessKey: "b" }),
  });
const died =
  (errorType: string | undefined, errorMessage: string): Answerer =>
  () => ({
    headers: { "x-amz-function-error": "Unhandled" },
    body: JSON.stringify({ errorType, errorMessage, trace: [] }),
  });

test("the turn request goes to the deployment's version, the outcome comes back", async () => {
  const outcome: TurnOutcome = {
    kind: "failed",
    failure: { code: 500, message: "ö" },
    length: 3,
    progress: true,
  };
  const { turn, sent } = invoking(() => ({ body: encodeTurnOutcome(outcome) }));
  expect(await turn()).toEqual(outcome);
  expect(decodeURIComponent(sent[0]?.path ?? "")).toContain(deployment.address);
  expect(sent[0]?.headers["x-amz-invocation-type"]).toBe("RequestResponse");
  expect(decodeTurnRequest(sent[0]?.body ?? "")).toEqual(request);
});

test("what is let go of drops its connection, and asks nothing more", async () => {
  let asked = 0;
  const server = createServer(() => void asked++).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const http = httpAt(port);
  const letGo = new AbortController();
  const turn = new LambdaInvoker(http).invoke(deployment, request, letGo.signal);
  turn.catch(() => undefined);
  const [incoming] = (await once(server, "request")) as [{ readonly socket: Socket }];
  const closed = once(incoming.socket, "close");
  letGo.abort();
  await closed;
  await expect(turn).rejects.toThrow();
  expect(asked).toBe(1);
  server.close();
});

describe("a function that dies says how", () => {
  test.each([
    ["timeout", "Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 3.00 seconds"],
    ["timeout", undefined, "2026-11-22T10:00:00.000Z 1 Task timed out after 3.00 seconds"],
    ["out-of-memory", "Runtime.OutOfMemory", "RequestId: 1 Error: Runtime exited with error: signal: killed"],
    ["out-of-memory", "Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: signal: killed"],
    ["crashed", "Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: exit status 3"],
    ["crashed", "Runtime.ExitError", "RequestId: 1 Error: Runtime exited without providing a reason"],
    ["crashed", "TypeError", "x is not a function"],
    ["init", "Runtime.ImportModuleError", "Error: Cannot find module 'index'"],
    ["init", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token"],
    ["init", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"],
    ["too-large", "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed"],
    ["init", "Extension.Crash", "RequestId: 1 Error: exit code 1"],
  ] as const)("%s: %s %s", async (code, errorType, errorMessage) => {
    const { turn } = invoking(died(errorType, errorMessage));
    await expect(turn()).rejects.toMatchObject({ name: "FunctionError", code });
    await expect(turn()).rejects.toThrow(errorMessage);
  });

  test("even when it says so in no known form", async () => {
    for (const body of ["", "null", "oops", "[]"]) {
      const { turn } = invoking(() => ({ headers: { "x-amz-function-error": "Unhandled" }, body }));
      await expect(turn()).rejects.toMatchObject({ name: "FunctionError", code: "crashed" });
    }
  });
});

test.each(["", "null", "42", '"completed"', "[]", "{}", '{"kind":"done"}', '{"kind":'])(
  "%j is no outcome",
  async (body) => {
    const { turn } = invoking(() => ({ body }));
    await expect(turn()).rejects.toMatchObject({ name: "FunctionError", code: "bad-answer" });
  },
);

describe("what kept it from running is told apart", () => {
  test.each([
    ["throttled", "TooManyRequestsException", 429, "TooManyRequestsException"],
    ["throttled", "EC2ThrottledException", 502, "EC2ThrottledException"],
    ["throttled", "ResourceNotReadyException", 502, "ResourceNotReadyException"],
    ["throttled", "ResourceConflictException", 409, "ResourceConflictException"],
    ["too-large", "RequestTooLargeException", 413, "larger than Lambda takes"],
    ["refused", "ResourceNotFoundException", 404, "does not exist any longer"],
    ["refused", "AccessDeniedException", 403, "lambda:InvokeFunction"],
    ["refused", "KMSAccessDeniedException", 502, "may not decrypt"],
    ["refused", "KMSDisabledException", 502, "disabled"],
    ["refused", "EC2AccessDeniedException", 502, "VPC"],
    ["refused", "ENILimitReachedException", 502, "network interfaces"],
    ["refused", "SubnetIPAddressLimitReachedException", 502, "addresses"],
    ["refused", "InvalidRuntimeException", 502, "not supported"],
    ["refused", "RecursiveInvocationException", 400, "must be set to Allow"],
  ] as const)("%s: %s %d", async (code, type, status, text) => {
    const { turn } = invoking(() => jsonError(type, "says Lambda", status));
    await expect(turn()).rejects.toMatchObject({ name: "FunctionError", code });
    await expect(turn()).rejects.toThrow(text);
    // A caller may come to see the message. What else AWS says, such as accounts and roles, is for the log.
    const { message, cause } = (await turn().catch((error: unknown) => error)) as Error;
    expect(message.includes("says Lambda")).toBe(code !== "refused");
    expect((cause as Error).message).toContain("says Lambda");
  });

  test("a request that AWS refuses the function: the message names neither role nor account", async () => {
    const denied = "User: arn:aws:sts::123456789012:assumed-role/handlers is not authorized";
    const body = JSON.stringify({ errorType: "AccessDeniedException", errorMessage: denied });
    const { turn } = invoking(() => ({ headers: { "x-amz-function-error": "Unhandled" }, body }));
    const error = (await turn().catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ name: "FunctionError", code: "crashed" });
    expect(error.message).not.toContain("123456789012");
    expect((error.cause as Error).message).toContain(denied);
  });

  test.each(["ReservedFunctionConcurrentInvocationLimitExceeded", "CallerRateLimitExceeded"])(
    "a throttle says which limit it was: %s",
    async (reason) => {
      const { turn } = invoking(() => ({
        status: 429,
        headers: { "x-amzn-errortype": "TooManyRequestsException" },
        body: JSON.stringify({ Reason: reason, message: "Rate Exceeded." }),
      }));
      await expect(turn()).rejects.toThrow(reason);
    },
  );

  test("nobody knows whether it ran", async () => {
    const unavailable = invoking(() => jsonError("ServiceException", "sorry", 500));
    await expect(unavailable.turn()).rejects.toMatchObject({ name: "OperationalError", code: "unavailable" });
    const broken = invoking(() => {
      throw connectionReset();
    });
    await expect(broken.turn()).rejects.toMatchObject({ name: "OperationalError", code: "unavailable" });
  });
});

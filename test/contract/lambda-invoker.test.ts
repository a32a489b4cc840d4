import { LambdaClient } from "@aws-sdk/client-lambda";
import { describe, expect, test } from "vitest";
import { LambdaInvoker } from "../../aws/lambda-invoker.ts";
import {
  decodeTurnRequest,
  encodeTurnOutcome,
  type TurnOutcome,
  type TurnRequest,
} from "../../lib/protocol.ts";
import { type Answerer, answering, connectionReset, jsonError } from "../support/emulator-answers.ts";

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
  const { config, sent } = answering(answer);
  const invoker = new LambdaInvoker(new LambdaClient(config));
  return { turn: () => invoker.invoke(deployment, request), sent };
}
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

test("what kept it from running is told apart", async () => {
  const throttled = invoking(() => jsonError("TooManyRequestsException", "Rate Exceeded.", 429));
  await expect(throttled.turn()).rejects.toMatchObject({ name: "OperationalError", code: "throttled" });
  const unavailable = invoking(() => jsonError("ServiceException", "sorry", 500));
  await expect(unavailable.turn()).rejects.toMatchObject({ name: "OperationalError", code: "unavailable" });
  const broken = invoking(() => {
    throw connectionReset();
  });
  await expect(broken.turn()).rejects.toMatchObject({ name: "OperationalError", code: "unavailable" });
  const large = invoking(() =>
    jsonError("RequestTooLargeException", "must be smaller than 6291456 bytes", 413),
  );
  await expect(large.turn()).rejects.toMatchObject({ name: "OperationalError", code: "too-large" });
  const gone = invoking(() => jsonError("ResourceNotFoundException", "Function not found", 404));
  await expect(gone.turn()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

/** What the registrar asks Lambda: to publish a version, how it is, what it serves. The answers are those of AWS's documentation. */
import { describe, expect, test } from "vitest";
import { OperationalError } from "../../lib/errors.ts";
import { RestService } from "../../lib/aws/rest-service.ts";
import { LambdaDiscoverer } from "../../runtime/aws/lambda-discoverer.ts";
import { LambdaPublisher } from "../../runtime/aws/lambda-publisher.ts";
import { type Answerer, carrying, jsonError } from "../support/emulator-answers.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:greeter";

function publishing(answer: Answerer) {
  const { http, sent } = carrying(answer);
  return { versions: new LambdaPublisher(new RestService(http, 1)), sent };
}

describe("publishing", () => {
  test("answers the version and what it is called, which may be another one's choice", async () => {
    const body = JSON.stringify({ FunctionArn: `${FUNCTION}:7`, Version: "7", Description: "release" });
    const { versions, sent } = publishing(() => ({ status: 201, body }));
    expect(await versions.publish(FUNCTION, "Perdure build x")).toEqual({
      arn: `${FUNCTION}:7`,
      description: "release",
    });
    expect(decodeURIComponent(sent[0]?.path ?? "")).toBe(`/2015-03-31/functions/${FUNCTION}/versions`);
    expect(JSON.parse(sent[0]?.body ?? "")).toEqual({ Description: "Perdure build x" });
  });

  test.each([
    ["AccessDeniedException", 403],
    ["ResourceConflictException", 409],
    ["TooManyRequestsException", 429],
  ])("may pass: %s", async (name, status) => {
    const { versions } = publishing(() => jsonError(name, "no", status));
    await expect(versions.publish(FUNCTION, "x")).rejects.toThrow(OperationalError);
  });

  test("does not pass: the storage for code is used up", async () => {
    const { versions } = publishing(() => jsonError("CodeStorageExceededException", "no", 400));
    await expect(versions.publish(FUNCTION, "x")).rejects.not.toThrow(OperationalError);
  });
});

describe("a version's state", () => {
  test.each([
    [{ State: "Active" }, "ready"],
    [{}, "ready"],
    [{ State: "Inactive" }, "ready"],
    [{ State: "Pending" }, "preparing"],
  ])("%j is %s", async (body, state) => {
    const { versions } = publishing(() => ({ body: JSON.stringify(body) }));
    expect(await versions.state(`${FUNCTION}:7`)).toBe(state);
  });

  test("is gone, or has failed for good, with Lambda's reason", async () => {
    const gone = publishing(() => jsonError("ResourceNotFoundException", "no", 404));
    expect(await gone.versions.state(`${FUNCTION}:7`)).toBe("gone");
    const body = JSON.stringify({ State: "Failed", StateReason: "the subnet is gone" });
    const failed = publishing(() => ({ body }));
    await expect(failed.versions.state(`${FUNCTION}:7`)).rejects.toThrow("the subnet is gone");
  });
});

describe("what a version serves", () => {
  const discover = async (answer: Answerer): Promise<unknown> => {
    const { http } = carrying(answer);
    return await new LambdaDiscoverer(new RestService(http, 1)).discover({ address: `${FUNCTION}:7` });
  };

  test("is not known if its module throws: the error says what, and where in its code", async () => {
    const trace = [
      "Error: no database",
      "    at node:internal/process/task_queues:103:5",
      "    at connect (node:net:1:1)",
      "    at file:///var/task/src/db.ts:12:9",
      "    at file:///var/task/index.mjs:1:2",
    ];
    const body = JSON.stringify({ errorType: "Error", errorMessage: "no database", trace });
    await expect(
      discover(() => ({ headers: { "x-amz-function-error": "Unhandled" }, body })),
    ).rejects.toThrow(
      /^the function failed: Error: no database \(at file:\/\/\/var\/task\/src\/db\.ts:12:9\)$/,
    );
  });

  test("is not known of a function with Restate's SDK: the error says what to change", async () => {
    const trace = [
      "TypeError: Cannot convert undefined or null to object",
      "    at Function.entries (<anonymous>)",
      "    at LambdaHandler.handleRequest (file:///var/task/node_modules/@restatedev/restate-sdk/dist/endpoint/handlers/lambda.js:20:38)",
    ];
    const errorMessage = "Cannot convert undefined or null to object";
    const body = JSON.stringify({ errorType: "TypeError", errorMessage, trace });
    await expect(
      discover(() => ({ headers: { "x-amz-function-error": "Unhandled" }, body })),
    ).rejects.toThrow(/this process speaks Restate's protocol; change its import to perdure\/restate/);
  });

  test("is not known if it dies without a word", async () => {
    const headers = { "x-amz-function-error": "Unhandled" };
    await expect(discover(() => ({ headers, body: "boom" }))).rejects.toThrow("the function failed: boom");
  });
});

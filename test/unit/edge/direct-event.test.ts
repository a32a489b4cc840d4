/** The admin API's function, invoked by an operator: a request that is written by hand, an answer that can be read. */
import { expect, test } from "vitest";
import { LAMBDA_ANSWER_BYTES_MAX } from "../../../lib/limits.ts";
import { directRequest, directResult, isDirectEvent } from "../../../runtime/http/direct-event.ts";
import { jsonResponse } from "../../../runtime/http/message.ts";

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("a line and a body are a request", () => {
  const asked = directRequest({ method: "get", path: "invocations?status=paused&limit=2" });
  expect(asked).toMatchObject({ method: "GET", path: "/invocations", headers: {} });
  expect([...asked.query]).toEqual([
    ["status", "paused"],
    ["limit", "2"],
  ]);
  const changed = directRequest({
    method: "PATCH",
    path: "/services/S",
    body: { public: false },
    headers: { "X-A": "1" },
  });
  expect(changed.headers).toEqual({ "content-type": "application/json", "x-a": "1" });
  expect(textOf(changed.body)).toBe('{"public":false}');
  expect(textOf(directRequest({ method: "POST", path: "/x", body: "{}" }).body)).toBe("{}");
});

test("an HTTP API's event is none", () => {
  const requestContext = { stage: "$default", http: { method: "GET", path: "/" } };
  expect(isDirectEvent({ rawPath: "/", requestContext })).toBe(false);
  expect(isDirectEvent({ method: "GET", path: "/" })).toBe(true);
});

test("an answer is text, and one that is too long says so", () => {
  expect(directResult(jsonResponse(200, { a: "ä" }))).toMatchObject({ statusCode: 200, body: '{"a":"ä"}' });
  // Its quotes count twice in the function's answer.
  const long = directResult(
    jsonResponse(
      200,
      Array.from({ length: LAMBDA_ANSWER_BYTES_MAX / 5 }, () => ""),
    ),
  );
  expect(long).toMatchObject({ statusCode: 413, body: expect.stringContaining("ask for less") as unknown });
});

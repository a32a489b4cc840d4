/** What an HTTP API makes of a path: every escape is decoded but that of the percent sign. */
import { expect, test } from "vitest";
import { type ApiGatewayEvent, toRequest } from "../../../runtime/http/api-gateway.ts";
import { segmentsOf } from "../../../runtime/http/message.ts";

const segments = (rawPath: string, api: "ingress" | "admin" = "ingress") => {
  const requestContext = { stage: "$default", http: { method: "GET" } };
  const event: ApiGatewayEvent = { rawPath, rawQueryString: "", isBase64Encoded: false, requestContext };
  return segmentsOf(toRequest(event, api).path);
};

test.each([
  ["/Greeter/greet", ["Greeter", "greet"]],
  ["/Greeter/greet/send", ["Greeter", "greet", "send"]],
  ["/Counter/a/add", ["Counter", "a", "add"]],
  ["/Counter/a/add/send", ["Counter", "a", "add", "send"]],
  ["/Counter/ä/ö #%25/add", ["Counter", "ä/ö #%", "add"]],
  ["/Counter/a/b/c/add/send", ["Counter", "a/b/c", "add", "send"]],
  ["/Counter/a%252Fb/add", ["Counter", "a%2Fb", "add"]],
  ["/restate/call/Counter/a/b/add", ["restate", "call", "Counter", "a/b", "add"]],
  ["/restate/workflow/Signup/a/b/attach", ["restate", "workflow", "Signup", "a/b", "attach"]],
  ["/restate/invocation/inv_1/attach", ["restate", "invocation", "inv_1", "attach"]],
  ["/restate/awakeables/sign_1/resolve", ["restate", "awakeables", "sign_1", "resolve"]],
])("%s", (rawPath, expected) => {
  expect(segments(rawPath)).toEqual(expected);
});

test("the admin API's", () => {
  expect(segments("/services/Counter/state/a/b", "admin")).toEqual(["services", "Counter", "state", "a/b"]);
  expect(segments("/services/Counter/handlers/add", "admin")).toEqual([
    "services",
    "Counter",
    "handlers",
    "add",
  ]);
});

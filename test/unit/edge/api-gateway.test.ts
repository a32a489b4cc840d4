/** How an HTTP API changes a path: it decodes every escape except that of the percent sign. */
import { describe, expect, test } from "vitest";
import { PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import { type ApiGatewayEvent, toRequest, toResult } from "../../../runtime/http/api-gateway.ts";
import { segmentsOf } from "../../../runtime/http/router.ts";

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
  [
    "/restate/invocation/inv_1/signals/go/on/resolve",
    ["restate", "invocation", "inv_1", "signals", "go/on", "resolve"],
  ],
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

test.each([
  ["prod", "/prod/Greeter/greet", "/Greeter/greet"],
  ["prod", "/prod", "/"],
  ["prod", "/production/greet", "/production/greet"],
  ["$default", "/prod/Greeter/greet", "/prod/Greeter/greet"],
])("the stage %s does not count in %s", (stage, rawPath, path) => {
  const requestContext = { stage, http: { method: "GET" } };
  const event = { rawPath, rawQueryString: "", isBase64Encoded: false, requestContext };
  expect(toRequest(event, "ingress").path).toBe(path);
});

test("headers and body come as they were sent, whatever the method", () => {
  const event: ApiGatewayEvent = {
    rawPath: "/Greeter/greet",
    rawQueryString: "delay=1s&a=%2F",
    headers: { "Idempotency-Key": "", "x-a": "ü", "x-none": undefined },
    body: Buffer.from([0, 255]).toString("base64"),
    isBase64Encoded: true,
    requestContext: { stage: "$default", http: { method: "GET" } },
  };
  const { query, ...request } = toRequest(event, "ingress");
  expect([...query]).toEqual([
    ["delay", "1s"],
    ["a", "/"],
  ]);
  expect(request).toEqual({
    method: "GET",
    path: "/Greeter/greet",
    headers: { "idempotency-key": "", "x-a": "ü" },
    body: Uint8Array.of(0, 255),
  });
});

describe("an answer", () => {
  const headers = { "x-restate-id": "inv_1" };

  test("has its bytes as they were, up to the longest result", () => {
    const body = new Uint8Array(PAYLOAD_BYTES_MAX).fill(255);
    const result = toResult({ status: 200, headers, body });
    expect(result).toMatchObject({ statusCode: 200, headers, isBase64Encoded: true });
    expect(Buffer.compare(Buffer.from(result.body, "base64"), body)).toBe(0);
  });

  test("that Lambda would not let through is a 413 that says so", () => {
    const { statusCode, body } = toResult({ status: 200, headers, body: new Uint8Array(4_600_000) });
    expect(statusCode).toBe(413);
    expect(JSON.parse(Buffer.from(body, "base64").toString())).toEqual({
      code: 413,
      message: "the answer is 4600000 bytes long, more than can be answered here; ask for less, with 'limit'",
      restate_code: null,
    });
  });
});

test.each([
  ["an open API", undefined, undefined],
  [
    "IAM",
    {
      iam: {
        accessKey: "ASIASECRET",
        accountId: "123456789012",
        callerId: "AROA:me",
        cognitoIdentity: null,
        principalOrgId: "",
        userArn: "arn:aws:sts::123456789012:assumed-role/caller/me",
        userId: "AROA:me",
      },
    },
    {
      kind: "iam",
      accountId: "123456789012",
      userArn: "arn:aws:sts::123456789012:assumed-role/caller/me",
      userId: "AROA:me",
      callerId: "AROA:me",
    },
  ],
  [
    "IAM by Cognito",
    { iam: { userArn: "arn:x", cognitoIdentity: { amr: [], identityId: "eu:1", identityPoolId: "eu:2" } } },
    { kind: "iam", userArn: "arn:x", cognitoIdentityId: "eu:1" },
  ],
  [
    "a JWT",
    { jwt: { claims: { sub: "u-1", groups: "[a b]", exp: 5 }, scopes: ["read"] } },
    { kind: "jwt", claims: { sub: "u-1", groups: "[a b]", exp: "5" }, scopes: ["read"] },
  ],
  [
    "a JWT without scopes",
    { jwt: { claims: { sub: "u-1" }, scopes: null } },
    { kind: "jwt", claims: { sub: "u-1" } },
  ],
  [
    "a Lambda authorizer",
    { lambda: { tenant: "t", n: 1 } },
    { kind: "authorizer", context: { tenant: "t", n: 1 } },
  ],
])("the caller behind %s", (_, authorizer, caller) => {
  const requestContext = {
    ...{ stage: "$default", http: { method: "GET" } },
    ...(authorizer === undefined ? {} : { authorizer }),
  };
  const event = { rawPath: "/a/b", rawQueryString: "", isBase64Encoded: false, requestContext };
  expect(toRequest(event, "ingress").caller).toEqual(caller);
});

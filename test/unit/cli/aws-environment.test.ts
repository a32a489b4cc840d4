// An environment in AWS: the stack's output, signed doors, the admin function, and what is said when something is missing.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { chosenEnvironment, type EnvironmentChoice } from "../../../cli/environment/environment.ts";
import { EXIT } from "../../../cli/exit.ts";
import type { StackOutput } from "../../../lib/stack-output.ts";

interface Asked {
  readonly host: string;
  readonly path: string;
  readonly authorization: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Stands for all of AWS: services are told apart by the host of the request. */
let respond: (asked: Asked) => Answer;
let asked: Asked[];
let endpoint: string;
let close: () => void;
beforeEach(async () => {
  asked = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { host = "", authorization = "" } = request.headers;
      const body = Buffer.concat(chunks).toString();
      const each = { host, path: request.url ?? "", authorization, headers: request.headers, body };
      asked.push(each);
      const answer = respond(each);
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  vi.unstubAllEnvs();
  close();
});

const KEYS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "eu-west-1" };
const ADMIN = "https://adm1n.execute-api.eu-west-1.amazonaws.com";
const OUTPUT: StackOutput = {
  perdure: 1,
  runtime: "Orders/Runtime",
  admin: ADMIN,
  ingress: "https://ingr3ss.execute-api.eu-west-1.amazonaws.com",
  ingressAccess: "iam",
  ...{ journal: "J", state: "S", registry: "R" },
};
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
const stackXml = (name: string, outputs: readonly unknown[]): string =>
  `<member><Tags><member><Key>a</Key></member></Tags><Outputs>${outputs
    .map(
      (value, at) =>
        `<member><OutputKey>O${at}</OutputKey><OutputValue>${escaped(typeof value === "string" ? value : JSON.stringify(value))}</OutputValue></member>`,
    )
    .join("")}</Outputs><StackName>${name}</StackName></member>`;
const stacks = (...each: readonly string[]): Answer => ({
  body: `<DescribeStacksResponse><DescribeStacksResult><Stacks>${each.join("")}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
});
const refusal = (code: string, message: string): Answer => ({
  status: 400,
  body: `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});
const isCloudFormation = ({ host }: Asked): boolean => host.startsWith("cloudformation.");
/** The stack's output, then what the door answers. */
const serving = (output: StackOutput, door: (asked: Asked) => Answer = () => ({ body: "{}" })): void => {
  respond = (each) =>
    isCloudFormation(each) ? stacks(stackXml("Orders", ["https://mine", output])) : door(each);
};
const open = async (choice: EnvironmentChoice = {}, variables: Record<string, string> = KEYS) =>
  await chosenEnvironment(
    { stack: "Orders", endpoint, ...choice },
    { ...variables, XDG_CONFIG_HOME: "/nowhere" },
  );
const failed = async (from: Promise<unknown>): Promise<{ readonly text: string; readonly code: unknown }> => {
  const error: unknown = await from.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  const { message, advice, exitCode } = error as { message: string; advice?: string; exitCode?: number };
  return { text: `${message}\n${advice ?? ""}`, code: exitCode };
};

describe("a stack's doors", () => {
  test("the admin API is asked by its own name, signed for API Gateway", async () => {
    serving(OUTPUT);
    const { admin, aws } = await open();
    await admin.send({ method: "GET", path: "/invocations?filter=a+b%2Bc" });
    expect(admin.address).toBe(ADMIN);
    expect(aws).toEqual({
      ...{ stack: "Orders", region: "eu-west-1", profile: undefined, endpoint, runtime: "Orders/Runtime" },
      tables: { journal: "J", state: "S", registry: "R" },
    });
    expect(asked.map(({ host }) => host)).toEqual([
      "cloudformation.eu-west-1.amazonaws.com",
      "adm1n.execute-api.eu-west-1.amazonaws.com",
    ]);
    expect(asked[0]?.authorization).toContain("/eu-west-1/cloudformation/aws4_request");
    expect(asked[1]?.authorization).toContain("/eu-west-1/execute-api/aws4_request");
    // A plus would be signed as a space and read as a plus.
    expect(asked[1]?.path).toBe("/invocations?filter=a%20b%2Bc");
  });

  test("the ingress is called unsigned where it is open, and by its function URL where it has one", async () => {
    serving({ ...OUTPUT, ingressAccess: "open" });
    await (await open()).ingress?.send({ method: "POST", path: "/S/h", body: "1" });
    expect(asked.at(-1)).toMatchObject({ authorization: "", body: "1" });
    const url = "https://abc.lambda-url.eu-west-1.on.aws/";
    serving({ ...OUTPUT, ingressUrl: url, ingressUrlAccess: "iam" });
    await (await open()).ingress?.send({ method: "POST", path: "/S/h", body: "1" });
    expect(asked.at(-1)?.host).toBe("abc.lambda-url.eu-west-1.on.aws");
    expect(asked.at(-1)?.authorization).toContain("/eu-west-1/lambda/aws4_request");
  });

  test("with `admin: function`, the request is the event of an invocation", async () => {
    const { admin: _, ...rest } = OUTPUT;
    const result = {
      statusCode: 404,
      headers: { "Content-Type": "application/json" },
      body: '{"message":"ü"}',
    };
    serving({ ...rest, adminFunction: "Orders-Admin" }, () => ({ body: JSON.stringify(result) }));
    const { admin } = await open();
    const answer = await admin.send({ method: "PATCH", path: "/services/S?x=1", body: '{"public":false}' });
    expect(asked.at(-1)).toMatchObject({
      host: "lambda.eu-west-1.amazonaws.com",
      path: "/2015-03-31/functions/Orders-Admin/invocations",
    });
    expect(JSON.parse(asked.at(-1)?.body ?? "")).toMatchObject({
      ...{ method: "PATCH", path: "/services/S?x=1", body: '{"public":false}' },
    });
    expect(answer.status).toBe(404);
    expect(answer.headers).toEqual({ "content-type": "application/json" });
    expect(new TextDecoder().decode(answer.body)).toBe('{"message":"ü"}');
  });

  test("one of two runtimes is named behind a slash", async () => {
    const other = { ...OUTPUT, runtime: "Orders/Second", admin: "https://second" };
    respond = (each) => (isCloudFormation(each) ? stacks(stackXml("Orders", [OUTPUT, other])) : { body: "" });
    expect((await open({ stack: "Orders/Second" })).admin.address).toBe("https://second");
    expect((await failed(open())).text).toContain(
      "has 2 runtimes\nName one of them: Orders/Runtime, Orders/Second",
    );
    expect((await failed(open({ stack: "Orders/Third" }))).text).toContain('no runtime "Third"');
  });
});

describe("what is missing is said", () => {
  test("no stack of this name: which there are, and which one was meant", async () => {
    respond = ({ body }) =>
      body.includes("StackName=")
        ? refusal("ValidationError", "Stack with id Ordrs does not exist")
        : stacks(stackXml("Cdk", ["x"]), stackXml("Orders", [OUTPUT]));
    const { text, code } = await failed(open({ stack: "Ordrs" }));
    expect(text).toContain(`there is no stack Ordrs in eu-west-1 at ${endpoint}. Did you mean "Orders"?`);
    expect(text).toContain("Stacks with a runtime there: Orders.");
    expect(code).toBe(EXIT.nothing);
  });

  test("a stack without a runtime, a runtime without an admin API, and one of another version", async () => {
    respond = () => stacks(stackXml("Orders", ["https://x", { a: 1 }]));
    expect((await failed(open())).text).toContain("says nothing of a Perdure runtime");
    const { admin: _, ...without } = OUTPUT;
    serving(without);
    expect((await failed(open())).text).toContain("has no admin API (admin: false)");
    respond = () => stacks(stackXml("Orders", [{ ...OUTPUT, perdure: 2 }]));
    expect((await failed(open())).text).toContain("another version of Perdure");
  });

  test.each<[string, string, string]>([
    [
      "AccessDenied",
      "User: arn:x is not authorized",
      "access denied: User: arn:x is not authorized\nYou need cloudformation:DescribeStacks.",
    ],
    [
      "ExpiredToken",
      "The security token included in the request is expired",
      "your AWS credentials have expired\nRenew them: `aws sso login`",
    ],
    [
      "InvalidClientTokenId",
      "The security token included in the request is invalid.",
      "AWS does not know these credentials",
    ],
    [
      "SignatureDoesNotMatch",
      "Signature expired: 20260101T000000Z is now earlier than",
      "Set this machine's clock.",
    ],
    ["Odd", "what is it", "AWS answers Odd: what is it"],
  ])("CloudFormation answers %s", async (code, message, said) => {
    respond = () => refusal(code, message);
    expect((await failed(open())).text).toContain(said);
  });

  test("API Gateway's 403 names the permission; a refusal of the admin API itself is passed on", async () => {
    serving(OUTPUT, () => ({ status: 403, body: '{"message":"Forbidden"}' }));
    const { admin, ingress } = await open();
    expect((await failed(admin.send({ method: "GET", path: "/services" }))).text).toContain(
      "access denied: Forbidden (https://adm1n.execute-api.eu-west-1.amazonaws.com)\nYou need execute-api:Invoke on the API (runtime.grantAdmin",
    );
    expect((await failed(ingress?.send({ method: "GET", path: "/" }) ?? Promise.resolve())).text).toContain(
      "grantInvoke",
    );
    serving(OUTPUT, () => ({ status: 403, body: '{"code":403,"message":"private"}' }));
    expect(await (await open()).ingress?.send({ method: "GET", path: "/" })).toMatchObject({ status: 403 });
  });

  test("the function may not be invoked, or fails", async () => {
    const { admin: _, ...rest } = OUTPUT;
    const output = { ...rest, adminFunction: "F" };
    const get = { method: "GET", path: "/services" };
    const headers = { "x-amzn-errortype": "AccessDeniedException:http://x" };
    serving(output, () => ({ status: 403, headers, body: '{"Message":"User: u is not authorized"}' }));
    expect((await failed((await open()).admin.send(get))).text).toContain(
      "access denied: User: u is not authorized\nYou need lambda:InvokeFunction on the admin function",
    );
    serving(output, () => ({
      headers: { "x-amz-function-error": "Unhandled" },
      body: '{"errorMessage":"out of memory"}',
    }));
    expect((await failed((await open()).admin.send(get))).text).toContain(
      'function F has failed: {"errorMessage"',
    );
  });

  test("no credentials, no region, and nothing that answers", async () => {
    serving(OUTPUT);
    const nothing = {
      ...{ AWS_REGION: "eu-west-1", AWS_PROFILE: "nobody" },
      ...{ AWS_CONFIG_FILE: "/nowhere/config", AWS_SHARED_CREDENTIALS_FILE: "/nowhere/credentials" },
    };
    expect((await failed(open({}, nothing))).text).toContain('no AWS credentials of the profile "nobody"');
    const { AWS_REGION: _, ...elsewhere } = KEYS;
    vi.stubEnv("AWS_REGION", "");
    vi.stubEnv("AWS_CONFIG_FILE", "/nowhere/config");
    expect((await failed(open({}, elsewhere))).text).toContain("no AWS region is set");
    const { code } = await failed(open({ endpoint: "http://127.0.0.1:1" }));
    expect(code).toBe(EXIT.unreachable);
  });

  test("a single sign-on session that has ended", async () => {
    serving(OUTPUT);
    const folder = mkdtempSync(join(tmpdir(), "perdure-sso-"));
    writeFileSync(
      join(folder, "config"),
      `[profile ops]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = ops\nregion = eu-north-1\n
[sso-session corp]\nsso_start_url = https://corp.awsapps.example/start\nsso_region = eu-west-1\n`,
    );
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
    vi.stubEnv("HOME", folder);
    const { text } = await failed(open({ profile: "ops" }, { AWS_REGION: "eu-west-1" }));
    expect(text).toBe("your AWS single sign-on session has ended\nRun: aws sso login --profile ops");
    rmSync(folder, { recursive: true });
  });
});

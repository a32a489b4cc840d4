// `perdure ui` and `perdure open`: the link, and a proxy whose requests to AWS are signed. All of AWS is a stub.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Cli, type GlobalOptions } from "../../../cli/cli.ts";
import { Output } from "../../../cli/output.ts";
import { startUi } from "../../../cli/ui/serve.ts";
import { fakeStreams } from "./streams.ts";

interface Asked {
  readonly service: string;
  readonly line: string;
  readonly authorization: string;
}

const OUTPUT = {
  ...{ perdure: 1, runtime: "OrdersProd/Runtime", ingressAccess: "iam" },
  admin: "https://adm1n.execute-api.eu-west-1.amazonaws.com",
  ingress: "https://ingr3ss.execute-api.eu-west-1.amazonaws.com",
  ...{ journal: "J", state: "S", registry: "R" },
};

let asked: Asked[];
let endpoint: string;
beforeEach(async () => {
  asked = [];
  const server = createServer((request, response) => {
    const [service = ""] = (request.headers.host ?? "").split(".");
    const { authorization = "" } = request.headers;
    asked.push({ service, line: `${request.method} ${request.url}`, authorization });
    response.end(answerOf(service));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [name, value] of Object.entries({
    ...{ AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "eu-west-1" },
    ...{ XDG_CONFIG_HOME: "/nowhere", PERDURE_ADMIN_URL: "", PERDURE_ENV: "", PERDURE_STACK: "" },
  }))
    vi.stubEnv(name, value);
});
afterEach(() => vi.unstubAllEnvs());

function answerOf(service: string): string {
  if (service === "cloudformation") {
    const value = JSON.stringify(OUTPUT).replaceAll('"', "&quot;");
    const outputs = `<Outputs><member><OutputKey>O</OutputKey><OutputValue>${value}</OutputValue></member></Outputs>`;
    return `<R><Stacks><member>${outputs}<StackName>OrdersProd</StackName></member></Stacks></R>`;
  }
  if (service === "sts")
    return "<R><Arn>arn:aws:sts::123456789012:assumed-role/Ops/ada</Arn><Account>123456789012</Account></R>";
  return JSON.stringify({ version: "1", environment: { kind: "aws", name: "OrdersProd/Runtime" } });
}

const cliOf = (options: GlobalOptions): Cli =>
  new Cli(
    options,
    new Output(
      { ...{ format: "text", quiet: false, verbose: false, wide: false }, timeFormat: "human" },
      fakeStreams(),
    ),
  );

/** Opens the link as a browser does. Returns how its page asks. */
async function opened(link: string) {
  const first = await fetch(link, { redirect: "manual" });
  const cookie = (first.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const { origin } = new URL(link);
  return async (path: string, method = "GET") =>
    await fetch(`${origin}${path}`, { method, headers: { cookie } });
}

test("requests of the page are signed with the user's credentials, and go to the stack's doors", async () => {
  const { link, stop } = await startUi(cliOf({ stack: "OrdersProd", endpoint }), {
    port: 0,
    readOnly: false,
  });
  onTestFinished(stop);
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ui\/\?key=[\w-]{32}$/u);
  const ask = await opened(link);
  asked.length = 0;
  expect((await ask("/invocations?status=paused")).status).toBe(200);
  expect((await ask("/ingress/Greeter/greet", "POST")).status).toBe(200);
  expect(asked.map(({ service, line }) => [service, line])).toEqual([
    ["adm1n", "GET /invocations?status=paused"],
    ["ingr3ss", "POST /Greeter/greet"],
  ]);
  for (const { authorization } of asked)
    expect(authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/execute-api\//u,
    );
  expect((await fetch(`${new URL(link).origin}/invocations`)).status).toBe(401);
});

test("the page says which stack, account and role, and that it is production", async () => {
  const { link, stop } = await startUi(cliOf({ stack: "OrdersProd", endpoint }), { port: 0, readOnly: true });
  onTestFinished(stop);
  const ask = await opened(link);
  const environment = {
    ...{ kind: "aws", name: "OrdersProd", stack: "OrdersProd", region: "eu-west-1" },
    ...{ account: "123456789012", role: "Ops", is_production: true, read_only: true },
  };
  expect(await (await ask("/version")).json()).toEqual({ version: "1", environment });
  expect(await (await ask("/version")).json()).toEqual({ version: "1", environment });
  expect(asked.filter(({ service }) => service === "sts")).toHaveLength(1);
});

test("a port that is taken is named, with what to do", async () => {
  const first = await startUi(cliOf({ stack: "OrdersProd", endpoint }), { port: 0, readOnly: false });
  onTestFinished(first.stop);
  const port = Number(new URL(first.link).port);
  await expect(
    startUi(cliOf({ stack: "OrdersProd", endpoint }), { port, readOnly: false }),
  ).rejects.toMatchObject({
    message: expect.stringContaining("the port is in use"),
    advice: "Choose another one with --port.",
  });
});

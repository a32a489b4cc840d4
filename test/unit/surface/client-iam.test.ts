/** `perdure/client/aws`: requests that a server lets in which checks their signatures; and where the credentials come from. */
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { connect, type ClientAuth } from "perdure/client";
import { iam } from "perdure/client/aws";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type CredentialSource, credentialChain, kept } from "../../../lib/aws/credential-chain.ts";
import { type CheckingServer, checkingServer, type Secret } from "../../support/signature-check.ts";

const KEYS: Secret = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret/with+signs" };
const ROLE: Secret = { ...KEYS, sessionToken: "token/of+a+role==" };
const REGION = "eu-west-1";

describe("a server that checks signatures", () => {
  let secret = KEYS;
  let server: CheckingServer;
  beforeAll(async () => {
    server = await checkingServer(() => secret, '{"invocationId":"inv_1","stage":"completed","error":null}');
  });
  afterAll(() => server.close());
  afterEach(() => server.arrived.splice(0));

  test.each([KEYS, ROLE])("lets in all that the client asks: %j", async (held) => {
    secret = held;
    const auth = iam({ region: REGION, credentials: held });
    const client = connect({ url: server.url, adminUrl: `${server.url}/`, auth, headers: { "x-own": "1" } });
    await client.call({
      service: "Counter",
      key: "a/b 'ü'!*()~%",
      handler: "add",
      parameter: { by: "ä\u0000" },
    });
    await client.send({ service: "Greeter", handler: "greet" }, { delay: "1s", idempotencyKey: "k" });
    await client.attach("inv_1");
    await client.attach({ workflow: "Signup", key: "me" });
    await client.output("inv_1");
    await client.status("inv_1");
    await client.cancel("inv_1");
    await client.resolveAwakeable("sign_1x", { a: 1 });
    await client.rejectAwakeable("sign_1x", "why");
    expect(server.arrived).toHaveLength(9);
    const dates = new RegExp(`^\\d{8}/${REGION}/execute-api/aws4_request$`);
    for (const { scope } of server.arrived) expect(scope).toMatch(dates);
    expect(server.arrived[0]).toMatchObject({
      line: "POST /restate/call/Counter/a%2Fb%20'%C3%BC'!*()~%25/add",
      headers: { "x-own": "1", "content-type": "application/json" },
      body: JSON.stringify({ by: "ä\u0000" }),
    });
    expect(server.arrived[1]).toMatchObject({
      line: "POST /restate/send/Greeter/greet?delay=1000ms",
      headers: { "idempotency-key": "k" },
    });
  });

  test("does not let in others' signatures, nor none", async () => {
    secret = KEYS;
    const ask = async (auth?: ClientAuth) =>
      await connect({ url: server.url, ...(auth ? { auth } : {}) })
        .status("inv_1")
        .catch((error: unknown) => error);
    const other = { ...KEYS, secretAccessKey: "another" };
    expect(await ask()).toMatchObject({ status: 403 });
    expect(await ask(iam({ region: REGION, credentials: other }))).toMatchObject({ status: 403 });
    expect(await ask(iam({ region: REGION, credentials: KEYS }))).toMatchObject({ stage: "completed" });
  });
});

describe("what is signed", () => {
  const scopeOf = async (
    url: string,
    options: Parameters<typeof iam>[0] = {},
  ): Promise<string | undefined> => {
    const headers = await iam({ credentials: KEYS, ...options })({ method: "GET", url });
    return /Credential=AKIDEXAMPLE\/\d+\/([^,]+)\/aws4_request/.exec(headers["authorization"] ?? "")?.[1];
  };

  test("is for the region and the service that the URL names, or that were given", async () => {
    vi.stubEnv("AWS_REGION", "us-west-2");
    expect(await scopeOf("https://abc.execute-api.eu-central-1.amazonaws.com/x")).toBe(
      "eu-central-1/execute-api",
    );
    expect(await scopeOf("https://abc.lambda-url.eu-north-1.on.aws/x")).toBe("eu-north-1/lambda");
    expect(await scopeOf("https://calls.shop.example/x")).toBe("us-west-2/execute-api");
    const given = { region: "ap-south-1", service: "lambda" } as const;
    expect(await scopeOf("https://abc.execute-api.eu-central-1.amazonaws.com/x", given)).toBe(
      "ap-south-1/lambda",
    );
    vi.stubEnv("AWS_REGION", undefined);
    await expect(scopeOf("https://calls.shop.example/x")).rejects.toThrow("needs a region");
  });

  test("is signed anew for each attempt", async () => {
    const seen: string[] = [];
    let asked = 0;
    const client = connect({
      url: "https://local",
      auth: () => ({ authorization: `Bearer ${++asked}` }),
      retry: { initialInterval: 1, maxAttempts: 3 },
      fetch: async (_, init) => {
        seen.push(new Headers(init?.headers).get("authorization") ?? "");
        return await Promise.resolve(new Response("{}", { status: seen.length < 3 ? 503 : 200 }));
      },
    });
    await client.status("inv_1");
    expect(seen).toEqual(["Bearer 1", "Bearer 2", "Bearer 3"]);
  });
});

describe("credentials", () => {
  const nobody = (): never => {
    throw new Error("AWS's client was asked");
  };
  const environment = { AWS_ACCESS_KEY_ID: "A", AWS_SECRET_ACCESS_KEY: "S" };

  test("come from the environment, unless a profile is named", async () => {
    expect(await credentialChain(environment, nobody)()).toEqual({ accessKeyId: "A", secretAccessKey: "S" });
    const role = { ...environment, AWS_SESSION_TOKEN: "T" };
    expect(await credentialChain(role, nobody)()).toMatchObject({ sessionToken: "T" });
    const profile: CredentialSource = async () => await Promise.resolve(KEYS);
    const chain = credentialChain({ ...role, AWS_PROFILE: "p" }, async () => await Promise.resolve(profile));
    expect(await chain()).toEqual(KEYS);
    await expect(credentialChain({}, nobody)()).rejects.toThrow("AWS's client was asked");
  });

  test("come from a container's endpoint, once for as long as they last", async () => {
    let asked = 0;
    const endpoint = createServer((request, response) => {
      asked++;
      if (request.headers.authorization !== "of the pod") return void response.writeHead(401).end();
      const expiry = { Expiration: new Date(Date.now() + 3_600_000).toISOString() };
      response.end(JSON.stringify({ AccessKeyId: "C", SecretAccessKey: "S", Token: "T", ...expiry }));
    });
    endpoint.listen(0, "127.0.0.1");
    await once(endpoint, "listening");
    const folder = mkdtempSync(join(tmpdir(), "perdure-token-"));
    const token = join(folder, "token");
    writeFileSync(token, "of the pod\n");
    const uri = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1/credentials`;
    const variables = { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri };
    const chain = credentialChain({ ...variables, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token }, nobody);
    const both = await Promise.all([chain(), chain()]);
    expect(both).toMatchObject([{ accessKeyId: "C", sessionToken: "T" }, { accessKeyId: "C" }]);
    await chain();
    expect(asked).toBe(1);
    await expect(credentialChain(variables, nobody)()).rejects.toThrow("status 401");
    endpoint.close();
    rmSync(folder, { recursive: true });
  });

  test("are asked for again before they end, and after a failure", async () => {
    let nowMs = 0;
    let asked = 0;
    const source = kept(
      async () => {
        asked++;
        if (asked === 1) throw new Error("not yet");
        return await Promise.resolve({ ...KEYS, expiration: new Date(nowMs + 3_600_000) });
      },
      () => nowMs,
    );
    await expect(source()).rejects.toThrow("not yet");
    await source();
    nowMs += 3_000_000;
    await source();
    expect(asked).toBe(2);
    nowMs += 400_000;
    await source();
    expect(asked).toBe(3);
  });
});

test("the client itself needs neither Node nor AWS, and the signing none of AWS's clients until a profile is asked for", async () => {
  const bundled = async (code: string, platform: "browser" | "node") => {
    const { metafile } = await build({
      stdin: { contents: code, resolveDir: import.meta.dirname },
      ...{ bundle: true, write: false, format: "esm", platform, conditions: ["perdure-source"] },
      ...{ metafile: true, external: ["@aws-sdk/*"] },
    });
    const imports = Object.values(metafile?.inputs ?? {}).flatMap((input) => input.imports);
    return imports.filter(({ external }) => external).map(({ path, kind }) => `${kind} ${path}`);
  };
  expect(await bundled('export * from "perdure/client";', "browser")).toEqual([]);
  expect((await bundled('export * from "perdure/client/aws";', "node")).toSorted()).toEqual([
    "dynamic-import @aws-sdk/client-lambda",
    "import-statement node:crypto",
    "import-statement node:fs/promises",
  ]);
});

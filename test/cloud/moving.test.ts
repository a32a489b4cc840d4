/**
 * Deployments that fail, invocations that move to new code, and services that move, on an emulator of AWS: a stack of its own, whose
 * registrations are refused for one reason after the other. The emulator asks no role for permissions: that a role keeps access to what is in flight is tested on the
 * template (test/infra), and that a registration insists on it, here.
 */
import { LambdaClient, ListFunctionsCommand, ListVersionsByFunctionCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REGISTRY_CACHE_MS } from "../../lib/limits.ts";
import { until } from "../e2e/target.ts";
import { DUMMY_CREDENTIALS } from "../support/emulator-dynamo.ts";
import { proxyTo } from "./api-proxy.ts";
import { ACCOUNT, Cdk, REGION } from "./cdk.ts";
import { DeployedApp } from "./deployed-app.ts";
import { type Emulator, startEmulator } from "./emulator.ts";

/** Each test deploys, some of them twice. */
const SLOW = { timeout: 900_000 };
const DAY_MS = 24 * 60 * 60 * 1000;

let emulator: Emulator;
let cdk: Cdk;
let app: DeployedApp;
/** An invocation that waits, whatever is deployed. */
let open = "";
const closing: (() => Promise<void>)[] = [];

const deploy = async (stage: string) => await cdk.deploy({ PERDURE_CLOUD_STAGE: stage });
const DEPLOY = ["deploy", "--all", "--require-approval", "never"];
/** What the command printed, and how long the registration took by the stack's events. */
async function refused(stage: string): Promise<{ readonly text: string; readonly tookMs: number }> {
  const { ok, text } = await cdk.try(DEPLOY, { PERDURE_CLOUD_STAGE: stage });
  expect(ok).toBe(false);
  const atMs = (status: string): number => {
    const [, time] = new RegExp(`\\| (\\S+ [AP]M) \\| ${status} +\\| Custom::Perdure`).exec(text) ?? [];
    return Date.parse(`2000-01-01 ${time} UTC`);
  };
  const tookMs = atMs("UPDATE_FAILED") - atMs("UPDATE_IN_PROGRESS");
  return { text: text.replaceAll(/\s+/g, " "), tookMs: (tookMs + DAY_MS) % DAY_MS };
}

beforeAll(async () => {
  emulator = await startEmulator();
  closing.push(() => emulator.stop());
  cdk = new Cdk(emulator, "moving-app.ts");
  await cdk.run(["bootstrap", `aws://${ACCOUNT}/${REGION}`]);
  const { outputs } = await deploy("before");
  const ingress = await proxyTo(outputs["IngressUrl"] ?? "", emulator.endpoint, false);
  const admin = await proxyTo(outputs["AdminUrl"] ?? "", emulator.endpoint, true);
  closing.push(ingress.close, admin.close);
  app = new DeployedApp(ingress, admin);
}, SLOW.timeout);
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

const client = () =>
  new LambdaClient({ endpoint: emulator.endpoint, region: REGION, credentials: DUMMY_CREDENTIALS });

/** Of the first function. */
async function versions(): Promise<readonly string[]> {
  const lambda = client();
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const name = Functions.map(({ FunctionName = "" }) => FunctionName).find((each) =>
    each.includes("FirstHandler"),
  );
  const { Versions = [] } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: name }));
  lambda.destroy();
  return Versions.map(({ Version = "" }) => Version).filter((version) => version !== "$LATEST");
}

/** To which deployment new calls of a service go, */
async function deploymentOf(service: string): Promise<string | undefined> {
  const { deployment_id: id } = (await app.admin(`/services/${service}`)) as { deployment_id?: string };
  return id;
}

/** and to which version. */
async function servedBy(service: string): Promise<string | undefined> {
  const { deployments } = (await app.admin("/deployments")) as {
    deployments: { id: string; arn?: string; uri?: string }[];
  };
  const id = await deploymentOf(service);
  return deployments.find((each) => each.id === id)?.arn;
}

const suspended = async (key: string): Promise<string> => {
  const id = await app.send(`/Moves/${key}/run`);
  await until(
    async () => (await app.admin(`/invocations/${id}`)) as { status: string },
    ({ status }) => status === "suspended",
    60_000,
  );
  return id;
};

describe("a deployment that is refused", () => {
  test("is rolled back to the version of before, and leaves no version of its own", SLOW, async () => {
    const before = [await versions(), await servedBy("Stays")];
    expect((await refused("breaking")).text).toContain("handler Stays/more is removed");
    expect([await versions(), await servedBy("Stays")]).toEqual(before);
    expect(await app.call("/Stays/more")).toBe("first");
  });

  test("says which open invocation would diverge, with both operations and the line", SLOW, async () => {
    const before = [await versions(), await servedBy("Moves")];
    open = await suspended("open");
    const { text } = await refused("diverging");
    expect(text).toContain('1 of 1 open invocations would diverge on the new code (inFlight: "block").');
    expect(text).toMatch(
      /Moves\/run: Journal mismatch at operation 0 of 2 recorded: the journal recorded run "where", but the code now does run "place".*moving-handlers\.ts:\d+/,
    );
    expect(text).toContain(open);
    expect([await versions(), await servedBy("Moves")]).toEqual(before);
  });

  test(
    "can be made again with `allowBreakingChanges`, with the same code; what is open moves to it",
    SLOW,
    async () => {
      const before = await servedBy("Stays");
      const { outputs } = await deploy("allowed");
      expect(await servedBy("Stays")).not.toBe(before);
      expect(outputs["InFlight"]).toBe("open on other versions: 1; 1 fit, 1 moved, 0 differ, 0 not tried");
      await app.call("/Moves/open/go");
      expect((await app.attach(open)).json).toEqual({ began: "first", ended: "first" });
      const { pinned_deployment_id: ranOn } = (await app.admin(`/invocations/${open}`)) as Record<
        string,
        unknown
      >;
      expect(ranOn).toBe(await deploymentOf("Moves"));
      await until(
        async () => (await app.request("/Stays/more")).status,
        (status) => status === 404,
        REGISTRY_CACHE_MS + 20_000,
      );
      // And back: a handler more is nothing that breaks.
      await deploy("before");
      expect(await servedBy("Stays")).toBe(before);
    },
  );

  test("says within two minutes what a module has thrown", SLOW, async () => {
    const { text, tookMs } = await refused("throwing");
    expect(text).toContain("the database does not answer");
    expect(tookMs).toBeLessThan(120_000);
  });

  test("says within two minutes that a module hangs", SLOW, async () => {
    const { text, tookMs } = await refused("hanging");
    expect(text).toMatch(/has not said in 20 seconds what it serves|[Tt]imed out|timeout/);
    expect(tookMs).toBeLessThan(120_000);
  });
});

describe("a service that moves to another function", () => {
  test(
    "must be named as a former one: else the deployment fails, and nothing has changed",
    SLOW,
    async () => {
      const before = await servedBy("Moves");
      expect((await refused("split")).text).toContain('set `formerServices` to ["Moves"]');
      expect(await servedBy("Moves")).toBe(before);
    },
  );

  test("begins there from now on, and what is in flight ends where it began", SLOW, async () => {
    const ids = await Promise.all(["a", "b", "c", "d", "e"].map(suspended));
    await deploy("kept");
    await Promise.all(["a", "b", "c", "d", "e"].map(async (key) => await app.call(`/Moves/${key}/go`)));
    for (const id of ids) expect((await app.attach(id)).json).toEqual({ began: "first", ended: "first" });
    await new Promise((resolve) => void setTimeout(resolve, REGISTRY_CACHE_MS));
    const later = await suspended("later");
    await app.call("/Moves/later/go");
    expect((await app.attach(later)).json).toEqual({ began: "second", ended: "second" });
    expect(await app.call("/Stays/where")).toBe("first");
  });
});

test("nothing is left when the stack is destroyed", SLOW, async () => {
  await cdk.run(["destroy", "--all", "--force"]);
  const lambda = client();
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({ FunctionVersion: "ALL" }));
  lambda.destroy();
  expect(Functions).toEqual([]);
});

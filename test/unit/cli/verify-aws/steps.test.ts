// The steps against fakes: what each finds passed, failed and skipped, and that what was made is destroyed.
import { expect, test, vi } from "vitest";
import { deaths } from "../../../../cli/verify-aws/conformance/deaths.ts";
import { keys } from "../../../../cli/verify-aws/conformance/keys.ts";
import { payloads } from "../../../../cli/verify-aws/conformance/payloads.ts";
import { versions } from "../../../../cli/verify-aws/conformance/versions.ts";
import { deploy } from "../../../../cli/verify-aws/deployment.ts";
import { destroy } from "../../../../cli/verify-aws/destroy.ts";
import { dispatchersFor, bootstrapped } from "../../../../cli/verify-aws/preflight.ts";
import { carriedOut } from "../../../../cli/verify-aws/run.ts";
import { restore } from "../../../../cli/verify-aws/restore.ts";
import { runSteps } from "../../../../cli/verify-aws/steps.ts";
import { fakeVerification, type Respond } from "./fakes.ts";

test("an account that is not bootstrapped: the command is in the failure, and nothing is deployed", async () => {
  const fake = fakeVerification({ account: { parameter: async () => undefined } });
  await runSteps(fake.verification, "123456789012");
  expect(fake.runs).toEqual([]);
  expect(fake.results).toMatchObject([
    {
      outcome: "failed",
      expected: expect.stringContaining("npx cdk bootstrap aws://123456789012/eu-central-1") as string,
    },
  ]);
});

test("an emulator is bootstrapped", async () => {
  let version: string | undefined;
  const fake = fakeVerification({
    settings: { endpoint: "http://127.0.0.1:1" },
    account: { parameter: async () => version },
    tool: { bootstrap: async () => ((version = "21"), { ok: true, text: "" }) },
  });
  expect(await bootstrapped(fake.verification, "000000000000")).toBe(true);
});

test("an account with few concurrent executions gets two dispatchers, and the report says so", async () => {
  const fake = fakeVerification({ account: { concurrency: async () => 10 } });
  expect(await dispatchersFor(fake.verification)).toBe(2);
  expect(fake.results[0]?.values).toContainEqual({ name: "dispatchers of the stack", value: 2 });
});

test("a deployment that fails says what its first resource said", async () => {
  const event = { resource: "Main", status: "CREATE_FAILED", reason: "no such runtime" };
  const atMs = Date.UTC(2026, 10, 28, 1);
  const fake = fakeVerification({
    account: { stackEvents: async () => [{ atMs, ...event }] },
    tool: { deploy: async () => ({ ok: false, text: "failed" }) },
  });
  expect(await deploy(fake.verification)).toBeUndefined();
  expect(fake.results).toMatchObject([{ outcome: "failed", seen: "Main: CREATE_FAILED: no such runtime" }]);
  expect(fake.verification.state.begun).toBe(true);
});

test("a key that arrives as another one is a failure, with the key", async () => {
  const respond: Respond = (_method, path) => {
    // An API that decodes twice.
    const key = decodeURIComponent(decodeURIComponent((path.split("/")[2] ?? "").replaceAll("%25%", "%25")));
    return { json: Buffer.from(key).toString("hex") };
  };
  const fake = fakeVerification({
    respond: (...asked) => (asked[1].includes("100%25") ? { status: 400 } : respond(...asked)),
  });
  await keys(fake.verification, fake.stack);
  expect(fake.results).toMatchObject([
    { outcome: "failed", expected: expect.stringContaining('"%2F"') as string },
  ]);
});

test("payloads that arrive", async () => {
  const { createHash } = await import("node:crypto");
  const fake = fakeVerification({
    respond: (_method, path, { body = "", headers = {} }) => {
      const bytes = Buffer.from(body as string);
      if (path === "/Blobs/hash") return { json: createHash("sha256").update(bytes).digest("hex") };
      if (path === "/Blobs/count") return { json: (JSON.parse(bytes.toString()) as unknown[]).length };
      return path === "/Greeter/headers" ? { json: headers["x-long"]?.length } : { status: 413 };
    },
  });
  await payloads(fake.verification, fake.stack);
  expect(Object.values(fake.outcomes())).toEqual(["passed", "passed", "failed", "passed"]);
});

test("how functions die: the code and Lambda's text, and memory that an emulator does not limit", async () => {
  const said: Record<string, object> = {
    exit: {
      status: "paused",
      last_failure: "Runtime.ExitError: exit status 7 (RT0010)",
      last_failure_error_code: "RT0010",
    },
    spin: {
      status: "paused",
      last_failure: "Sandbox.Timedout: Task timed out after 10 seconds (RT0001)",
      last_failure_error_code: "RT0001",
    },
    hang: {
      status: "paused",
      last_failure: "did not end within its 9419 ms (RT0001)",
      last_failure_error_code: "RT0001",
    },
    memory: { status: "completed", completion_result: "success" },
    answer: {
      status: "paused",
      last_failure: "of 7340032 bytes (RT0010)",
      last_failure_error_code: "RT0010",
    },
  };
  const respond: Respond = (method, path) => {
    const [, handler = ""] = /Deaths\/(\w+)/.exec(path) ?? [];
    if (method === "POST") return { status: 202, json: { invocationId: handler } };
    return { json: said[path.split("/").at(-1) ?? ""] };
  };
  const fake = fakeVerification({ settings: { endpoint: "http://127.0.0.1:1" }, respond });
  await deaths(fake.verification, fake.stack);
  expect(fake.outcomes()).toEqual({
    "a process that exits in mid-turn": "passed",
    "a step that never ends is given up before the function is": "passed",
    "a function that is cut off by its timeout": "passed",
    "a function without memory": "skipped",
    "a result of 7 MB is refused with its size": "failed",
  });
});

test("deployments that must fail: one that succeeds is the failure", async () => {
  const builds = new Map<string, unknown>();
  const fake = fakeVerification({
    respond: (method, path) => {
      if (path.endsWith("/send")) return { status: 202, json: { invocationId: "inv" } };
      if (path.startsWith("/invocations/")) return { json: { status: "suspended" } };
      if (path.includes("/Across/") && method === "GET") return { json: { began: "1", ended: "1" } };
      if (path.includes("/Moves/") && method === "GET") return { json: "ended" };
      return { json: path === "/Versions/build" ? "2" : builds.get(path) };
    },
  });
  await versions(fake.verification, fake.stack);
  expect(fake.runs).toEqual(
    ["plain", "throws", "breaking", "breaking-allowed", "moved"].map((name) => `deploy ${name}`),
  );
  expect(Object.values(fake.outcomes())).toEqual(["passed", "failed", "failed", "passed", "passed"]);
});

test("without metrics, an emulator's counts and alarms are skipped", async () => {
  const fake = fakeVerification({
    settings: { endpoint: "http://127.0.0.1:1", only: ["cost", "alarms"] },
    respond: () => ({ json: "hello Ada" }),
  });
  await runSteps(fake.verification, "000000000000");
  const skipped = fake.results.filter(({ outcome }) => outcome === "skipped");
  expect(skipped.map(({ step }) => step)).toEqual(["cost", "alarms"]);
});

test("in AWS missing metrics are a failure, and what takes long is skipped without --slow", async () => {
  const fake = fakeVerification({
    settings: { only: ["cost", "alarms", "restore"] },
    respond: () => ({ json: "hello Ada" }),
  });
  await runSteps(fake.verification, "123456789012");
  expect(fake.results.slice(-3).map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
    "cost failed",
    "alarms skipped",
    "restore skipped",
  ]);
});

test("a restore deploys what was deployed last, with the restored tables, and destroy deletes them", async () => {
  const tables = new Map<string, string>();
  const fake = fakeVerification({
    account: {
      restoreTable: async (_from, to) => void tables.set(to, "ACTIVE"),
      tableStatus: async (name) => tables.get(name),
      deleteTable: async (name) => void tables.delete(name),
    },
    respond: (method, path) => {
      if (path.endsWith("/send")) return { status: 202, json: { invocationId: "inv" } };
      if (path.startsWith("/invocations/")) return { json: { status: "suspended" } };
      return method === "GET" ? { json: { began: "1", ended: "1" } } : {};
    },
  });
  fake.verification.state.settings = { build: 5, variant: "moved" };
  await restore(fake.verification, fake.stack);
  expect(fake.verification.state.settings).toMatchObject({ variant: "moved", tables: [...tables.keys()] });
  expect(tables.size).toBe(3);
  await destroy(fake.verification);
  expect([Object.values(fake.outcomes()), tables.size, fake.runs.at(-1)]).toEqual([
    ["passed", "passed", "passed"],
    0,
    "destroy",
  ]);
});

test("whatever fails, the stack is destroyed", async () => {
  const fake = fakeVerification({ settings: { only: ["smoke"] } });
  expect(await carriedOut(fake.verification, "123456789012")).toBe(false);
  expect(fake.runs).toEqual(["deploy plain", "destroy"]);
  expect(fake.verification.ledger.hasFailed).toBe(true);
});

test("a deployment that fails is destroyed, too", async () => {
  const runs: string[] = [];
  const fake = fakeVerification({
    settings: { only: ["smoke"] },
    tool: {
      deploy: async () => ({ ok: false, text: "no" }),
      destroy: async () => (runs.push("destroy"), { ok: true, text: "" }),
    },
  });
  await carriedOut(fake.verification, "123456789012");
  expect(runs).toEqual(["destroy"]);
});

test("a stack that is to be kept is kept, and the way to delete it is told", async () => {
  const said = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const fake = fakeVerification({ settings: { only: ["deploy"], keep: true } });
  await carriedOut(fake.verification, "123456789012");
  expect(fake.runs).toEqual(["deploy plain"]);
  expect(said.mock.calls.join("\n")).toContain(
    "aws cloudformation delete-stack --stack-name PerdureVerify-abc",
  );
});

test("what is left after a destroy is a failure that names it", async () => {
  const fake = fakeVerification({ account: { named: async () => ["table PerdureVerify-abc-Journal"] } });
  await destroy(fake.verification);
  expect(fake.results[1]).toMatchObject({ outcome: "failed", seen: '["table PerdureVerify-abc-Journal"]' });
});

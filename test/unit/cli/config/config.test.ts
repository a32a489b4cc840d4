// The configuration file of a server on this machine, and which value of a setting holds.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { configIn, readConfigFile } from "../../../../cli/config/config-file.ts";
import {
  type ChosenSettings,
  chooseSettings,
  type GivenOptions,
  SETTING_KEYS,
} from "../../../../cli/config/server-settings.ts";
import { traceTo } from "../../../../cli/config/tracing-target.ts";
import { runHere } from "../../../support/cli-run.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const AT = { shownPath: "perdure.toml", folder: "/home/ada/shop" };
const fileOf = (text: string) => configIn(text, AT, SETTING_KEYS);
const chosenOf = (
  text: string,
  { options = {}, environment = {} }: { options?: GivenOptions; environment?: Record<string, string> } = {},
): ChosenSettings => chooseSettings(options, environment, text === "" ? undefined : fileOf(text));

describe("which value holds", () => {
  const both = "[ingress]\nport = 1111\n[admin]\nport = 2222";

  test("the command line's, then the environment's, then the file's, then the default", () => {
    const environment = { PERDURE_PORT: "3333", PERDURE_ADMIN_PORT: "" };
    expect(chosenOf(both, { options: { port: "4444" }, environment })).toMatchObject({
      port: { value: 4444, from: "--port" },
      adminPort: { value: 2222, from: "perdure.toml" },
      host: { value: "127.0.0.1", from: "default" },
    });
    expect(chosenOf(both, { environment }).port).toEqual({ value: 3333, from: "$PERDURE_PORT" });
    expect(chosenOf("").port).toEqual({ value: 8080, from: "default" });
  });

  test("every setting of the file", () => {
    const chosen = chosenOf(`
      serve = "src/app.ts"
      data = "/var/data.sqlite"
      durability = "power"
      host = "0.0.0.0"
      watch = false
      tables = { orders = "id", lines = "order/line" }
      [ingress]
      port = 0
      cors-origins = ["https://shop.example"]
      cors-credentials = true
      [admin]
      port = 1
      [log]
      level = "debug"
      invocations = "quiet"
      [tracing]
      endpoint = "http://localhost:4318"
      headers = { authorization = "secret" }
      [retention]
      journal = "2h"
      idempotency = "P1D"
      workflow = 1500
      [[kafka-clusters]]
      name = "main"
      "bootstrap.servers" = "127.0.0.1:9092"
    `);
    expect(
      Object.fromEntries(Object.entries(chosen).map(([name, { value }]) => [name, value as unknown])),
    ).toEqual({
      ...{ serve: ["/home/ada/shop/src/app.ts"], data: "/var/data.sqlite", durability: "power" },
      ...{ host: "0.0.0.0", watch: false, port: 0, adminPort: 1 },
      ...{ corsOrigins: ["https://shop.example"], corsCredentials: true },
      ...{ logLevel: "debug", logInvocations: "quiet" },
      ...{ tracingEndpoint: "http://localhost:4318", tracingHeaders: { authorization: "secret" } },
      ...{ journalRetentionMs: 7_200_000, idempotencyRetentionMs: 86_400_000, workflowRetentionMs: 1500 },
      kafkaClusters: { main: { "bootstrap.servers": "127.0.0.1:9092" } },
      tables: { orders: { partitionKey: "id" }, lines: { partitionKey: "order", sortKey: "line" } },
    });
    expect(Object.values(chosen).every(({ from }) => from === "perdure.toml")).toBe(true);
  });

  test.each([
    ["[ingress]\nport = 70000", "perdure.toml: ingress.port takes a number from 0 to 65535, not 70000"],
    ['[ingress]\nport = "x"', 'perdure.toml: ingress.port takes a number from 0 to 65535, not "x"'],
    ["watch = 1", "perdure.toml: watch takes true or false, not 1"],
    [
      'tables = { orders = "a/b/c" }',
      'perdure.toml: tables takes a table\'s name and its key, such as lines=order/line, not "a/b/c"',
    ],
    ['durability = "disk"', 'perdure.toml: durability takes process or power, not "disk"'],
    ['[retention]\njournal = "long"', "perdure.toml: retention.journal takes a duration such as 1d"],
    ["serve = 5", "perdure.toml: serve takes a text, not 5"],
    ['[tracing]\nheaders = "x"', "perdure.toml: tracing.headers takes name=value"],
    ['[[kafka-clusters]]\nname = "main"', 'kafka-clusters takes tables with "name" and "bootstrap.servers"'],
    ['default-journal-retention = "long"', "perdure.toml: default-journal-retention takes a duration"],
  ])("%j is refused with the name that it has there", (text, message) => {
    expect(() => chosenOf(text)).toThrow(message);
  });
});

describe("the file", () => {
  test.each([
    ["[ingress]\nprot = 1", 'there is no setting "ingress.prot". Did you mean "ingress.port"?'],
    ["retentoin.journal = 1", 'Did you mean "retention.journal"?'],
    ["[admin]\nconstructor = 1", 'there is no setting "admin.constructor"'],
    ["a = [1, {b = 2}]", 'there is no setting "a"'],
    ["port = ", "perdure.toml, line 1, column 8: "],
  ])("%j says what is wrong", (text, message) => {
    expect(() => fileOf(text)).toThrow(message);
  });

  test("Restate's settings: those that mean something here", () => {
    const chosen = chosenOf(`
      base-dir = "restate-data"
      log-filter = "warn,restate=info"
      default-idempotency-retention = "3d"
      tracing-endpoint = "otlp+http://localhost:4318"
      [ingress]
      bind-address = "0.0.0.0:18080"
      [admin]
      bind-address = "[::]:19070"
      bind-port = 19071
    `);
    expect(chosen).toMatchObject({
      data: { value: "/home/ada/shop/restate-data/perdure.sqlite" },
      logLevel: { value: "warn" },
      idempotencyRetentionMs: { value: 259_200_000 },
      tracingEndpoint: { value: "otlp+http://localhost:4318" },
      ...{ host: { value: "0.0.0.0" }, port: { value: 18_080 }, adminPort: { value: 19_070 } },
    });
  });

  test("our own name of a setting counts more than Restate's, wherever it stands", () => {
    const { port } = chosenOf("[ingress]\nbind-port = 1\nport = 2");
    expect(port.value).toBe(2);
  });

  test("Restate's settings that do not apply: a warning for each, or for each table, and no failure", () => {
    const { warnings, values } = fileOf(`
      node-name = "n1"
      rocksdb-total-memory-size = "2 GiB"
      [worker.invoker]
      abort-timeout = "10m"
      inactivity-timeout = "1m"
      [ingress]
      kafka-clusters = []
    `);
    expect(warnings).toEqual([
      "perdure.toml: node-name is a setting of Restate's server that does not apply here",
      "perdure.toml: rocksdb-total-memory-size is a setting of Restate's server that does not apply here",
      "perdure.toml: [worker.invoker] has 2 settings of Restate's server that do not apply here",
      "perdure.toml: ingress.kafka-clusters is a setting of Restate's server that does not apply here",
    ]);
    expect(values.size).toBe(0);
  });

  test("is found in the folder, or named; one that is named must be there", () => {
    expect(readConfigFile(folder, undefined, SETTING_KEYS)).toBeUndefined();
    expect(() => readConfigFile(folder, "other.toml", SETTING_KEYS)).toThrow("there is no file");
    writeFileSync(join(folder, "perdure.toml"), 'host = "::1"');
    writeFileSync(join(folder, "other.toml"), 'host = "::2"');
    expect(readConfigFile(folder, undefined, SETTING_KEYS)?.values.get("host")?.value).toBe("::1");
    expect(readConfigFile(folder, "other.toml", SETTING_KEYS)?.values.get("host")?.value).toBe("::2");
  });
});

describe("--print-config", () => {
  test("prints TOML that says the same again, and hides what is secret", async () => {
    const path = join(folder, "printed.toml");
    writeFileSync(
      path,
      'data = "x.sqlite"\n[tracing]\nheaders = { authorization = "secret" }\n[retention]\njournal = "90s"\n[[kafka-clusters]]\nname = "main"\n"bootstrap.servers" = "secret:1"\n',
    );
    const { code, stdout } = await runHere(["dev", "--config", path, "--port", "0", "--print-config"]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("secret");
    expect(stdout).toMatch(/^ingress\.port = 0 +# --port$/mu);
    expect(stdout).toMatch(/^admin\.port = 9070 +# default$/mu);
    expect(stdout).toMatch(/^retention\.journal = "1m30s" +# .*printed\.toml$/mu);
    const again = chooseSettings({}, {}, configIn(stdout, AT, SETTING_KEYS));
    expect(again).toMatchObject({
      port: { value: 0 },
      data: { value: join(folder, "x.sqlite") },
      journalRetentionMs: { value: 90_000 },
    });
  });

  test.each([
    [["a.ts"], '"a.ts"', [join(AT.folder, "a.ts")]],
    [["a.ts", "b.ts"], '["a.ts","b.ts"]', [join(AT.folder, "a.ts"), join(AT.folder, "b.ts")]],
  ])("says of %j all that is served", async (files, printed, served) => {
    const { stdout } = await runHere(["dev", ...files, "--print-config"]);
    expect(stdout).toContain(`serve = ${printed}`);
    expect(chooseSettings({}, {}, configIn(stdout, AT, SETTING_KEYS)).serve.value).toEqual(served);
  });

  test("as JSON; a wrong option is a wrong call", async () => {
    const { stdout } = await runHere(["up", "--print-config", "--json", "--host", "::1"]);
    const { settings } = JSON.parse(stdout) as { settings: readonly object[] };
    expect(settings).toContainEqual({ key: "host", value: "::1", from: "--host" });
    const wrong = await runHere(["dev", "--print-config", "--port", "x"]);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--port takes a number") as string,
    });
  });
});

test("tracing is told to processes by the environment", () => {
  const environment: NodeJS.ProcessEnv = {};
  traceTo({ endpoint: "http://localhost:4318", headers: { a: "b c" } }, environment);
  traceTo({ endpoint: "otlp+http://localhost:4318", headers: {} }, environment);
  expect(environment).toEqual({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318",
    OTEL_EXPORTER_OTLP_HEADERS: "a=b%20c",
    RESTATE_TRACING_ENDPOINT: "otlp+http://localhost:4318",
  });
});

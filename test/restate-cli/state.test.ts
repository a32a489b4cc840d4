/** State and SQL: the published CLI's commands, and `stateOf` of the published testcontainers package, which starts no container here. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { importTool } from "./published-tools.ts";
import { atWork, startedPerdure, whyNot } from "./started.ts";
import { settled } from "./workload.ts";

/** The part that is used here. */
interface Testcontainers {
  RestateTestEnvironment: new (
    server: unknown,
    container: { getHost(): string; getMappedPort(port: number): number },
  ) => {
    baseUrl(): string;
    adminAPIBaseUrl(): string;
    stateOf(definition: { name: string }, key: string): StateOf;
  };
}

interface StateOf {
  get(name: string): Promise<unknown>;
  getAll(): Promise<Record<string, unknown>>;
  set(name: string, value: unknown): Promise<void>;
  setAll(values: Record<string, unknown>): Promise<void>;
}

const LAST = { by: 4, note: "größer" };
const INGRESS_PORT = 8080;

describe.skipIf(whyNot !== undefined)("restate: state and SQL", () => {
  let ids = new Map<string, string>();
  const perdure = startedPerdure(async (started) => void (ids = await atWork(started)));
  const run = async (...args: string[]) => await perdure().cli.run(...args);
  const plain = async (key: string): Promise<unknown> =>
    JSON.parse((await run("state", "get", "Counter", key, "--plain")).stdout);
  const becomes = async (key: string, wanted: unknown): Promise<void> =>
    await settled(async () => expect(await plain(key)).toEqual(wanted));

  test("state get", async () => {
    const { code, stdout } = await run("state", "get", "Counter", "b");
    expect(stdout).toMatch(/sum +4/u);
    expect(stdout).toContain('"note": "größer"');
    expect(code).toBe(0);
    expect(await plain("b")).toEqual({ last: LAST, sum: 4 });
    expect(await plain("nobody")).toEqual({});
  });

  test("state get --binary", async () => {
    const { stdout } = await run("state", "get", "Counter", "b", "--plain", "--binary");
    expect(JSON.parse(stdout)).toMatchObject({ sum: Buffer.from("4").toString("base64") });
  });

  test("state patch", async () => {
    const patch = [{ op: "replace", path: "/sum", value: 40 }];
    const { code, stderr } = await run("-y", "state", "patch", "Counter", "b", "-p", JSON.stringify(patch));
    expect(stderr).toBe("");
    expect(code).toBe(0);
    await becomes("b", { last: LAST, sum: 40 });
  });

  test("state edit", async () => {
    const { cli, folder } = perdure();
    const editor = join(folder, "editor.sh");
    writeFileSync(editor, `#!/bin/sh\nsed -i 's/"sum": 40/"sum": 41/' "$1"\n`);
    chmodSync(editor, 0o755);
    const { code } = await cli.runWith({ RESTATE_EDITOR: editor }, "-y", "state", "edit", "Counter", "b");
    expect(code).toBe(0);
    await becomes("b", { last: LAST, sum: 41 });
  });

  test("state clear: one key", async () => {
    const { code, stdout } = await run("-y", "state", "clear", "Counter/b");
    expect(stdout).toMatch(/Counter\/b +\[.*sum.*\]/u);
    expect(code).toBe(0);
    await becomes("b", {});
    expect(await plain("c")).toMatchObject({ sum: 1 });
  });

  test("state clear --force: all keys of a workflow", async () => {
    const { code, stdout } = await run("-y", "state", "clear", "--force", "Signup");
    expect(stdout).toContain("Signup/bob");
    expect(code).toBe(0);
  });

  test("state get: an unknown service", async () => {
    const { code } = await run("state", "get", "Nobody", "a");
    expect(code).toBe(0);
  });

  test("sql: a table", async () => {
    const { code, stdout } = await run("sql", "SELECT id, status FROM sys_invocation ORDER BY target");
    expect(stdout).toMatch(/ID +STATUS/u);
    expect(stdout).toMatch(new RegExp(`${ids.get("greeted")} +completed`, "u"));
    expect(code).toBe(0);
  });

  test("sql --json and --jsonl", async () => {
    const sql =
      "SELECT target, target_service_key IS NULL AS keyless, created_at FROM sys_invocation WHERE status = 'paused'";
    const json = await run("sql", "--json", sql);
    const rows = [{ target: "Greeter/stop", keyless: true, created_at: expect.stringMatching(/^20\d\d-/u) }];
    expect(JSON.parse(json.stdout)).toEqual(rows);
    const lines = await run("sql", "--jsonl", sql);
    expect(
      lines.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(rows);
  });

  test.for(["SELECT nope FROM sys_invocation", "SELEC", "DELETE FROM state"])("sql: %s", async (query) => {
    const { code, stderr } = await run("sql", query);
    expect(stderr).toContain("400 Bad Request");
    expect(code).toBe(1);
  });

  test("testcontainers: stateOf", async () => {
    const { RestateTestEnvironment } = await importTool<Testcontainers>(
      "@restatedev/restate-sdk-testcontainers",
    );
    const { admin, ingress } = perdure();
    const environment = new RestateTestEnvironment(undefined, {
      getHost: () => "127.0.0.1",
      getMappedPort: (port) => Number(new URL(port === INGRESS_PORT ? ingress : admin).port),
    });
    expect(environment.baseUrl()).toBe(ingress);
    const state = environment.stateOf({ name: "Counter" }, "c");
    expect(await state.getAll()).toEqual({ last: { by: 1, note: "größer" }, sum: 1 });
    expect(await state.get("sum")).toBe(1);
    expect(await state.get("nothing")).toBeNull();
    await state.set("sum", 7);
    await settled(async () => expect(await state.get("sum")).toBe(7));
    await state.setAll({ only: ["this"] });
    await settled(async () => expect(await state.getAll()).toEqual({ only: ["this"] }));
  });
});

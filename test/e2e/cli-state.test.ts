// `perdure state`, against a local server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { object, type ObjectContext, serde } from "perdure";
import { differingFields } from "../support/cli-document.ts";
import { LocalServer } from "../support/cli-run.ts";
import { counter, greeter, signup } from "./fixtures/client.ts";

const cart = object({
  name: "Cart",
  handlers: {
    fill: async (ctx: ObjectContext, values: Record<string, unknown>) => {
      for (const [name, value] of Object.entries(values)) ctx.set(name, value);
    },
    raw: async (ctx: ObjectContext) => ctx.set("raw", Uint8Array.of(0, 255), serde.binary),
    long: async (ctx: ObjectContext) => ctx.set("long", "x".repeat(2_200_000)),
    hold: async (ctx: ObjectContext) => await ctx.sleep(60_000),
  },
});
/** Nothing is kept of its invocations. */
const forgetful = object({
  name: "Forgetful",
  handlers: { note: async (ctx: ObjectContext, text: string) => ctx.set("text", text) },
  options: { journalRetention: 0 },
});

const folder = mkdtempSync(join(tmpdir(), "perdure-cli-state-"));
let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start();
  const uri = await server.serve({ services: [greeter, counter, signup, cart, forgetful] });
  const headers = { "content-type": "application/json" };
  await fetch(`${server.adminUrl}/deployments`, { method: "POST", headers, body: JSON.stringify({ uri }) });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (...args: readonly string[]) => await server.run(...args);
const json = async (...args: readonly string[]) => {
  const { code, stdout } = await server.run(...args, "--json");
  return { code, answer: JSON.parse(stdout) as unknown };
};
const fill = async (key: string, values: object): Promise<void> => {
  expect((await run("call", "Cart/fill", JSON.stringify(values), "--key", key)).code).toBe(0);
};
const plain = async (key: string): Promise<unknown> =>
  JSON.parse((await run("state", "get", "Cart", "--key", key, "--plain")).stdout);
/** An editor that puts this text in the place of what it is given. */
function editorOf(text: string): void {
  const file = join(folder, "edited.json");
  writeFileSync(file, text);
  vi.stubEnv("PERDURE_EDITOR", `cp ${file}`);
}

describe("get", () => {
  test("shows names and values, in a table and as JSON", async () => {
    await fill("a/b ü", { items: ["tea"], total: 3 });
    const table = 'NAME   BYTES  VALUE\nitems  7      ["tea"]\ntotal  1      3\n';
    for (const args of [["Cart/a/b ü"], ["Cart", "a/b ü"], ["Cart", "--key", "a/b ü"]])
      expect(await run("kv", "get", ...args)).toEqual({ code: 0, stdout: table, stderr: "" });
    expect(await json("state", "get", "Cart/a/b ü")).toEqual({
      code: 0,
      answer: {
        ...{ service: "Cart", key: "a/b ü", version: expect.any(String) as string },
        state: [
          { name: "items", bytes: 7, value: ["tea"] },
          { name: "total", bytes: 1, value: 3 },
        ],
      },
    });
    expect(await plain("a/b ü")).toEqual({ items: ["tea"], total: 3 });
  });

  test("one value is printed as it is", async () => {
    await fill("one", { items: ["tea"] });
    expect(await run("state", "get", "Cart/one", "items")).toEqual({
      code: 0,
      stdout: '["tea"]',
      stderr: "",
    });
    expect(await json("state", "get", "Cart", "one", "items")).toEqual({
      code: 0,
      answer: { name: "items", bytes: 7, value: ["tea"] },
    });
    const absent = await run("state", "get", "Cart/one", "item");
    expect(absent).toMatchObject({ code: 3, stdout: "" });
    expect(absent.stderr).toContain("It has these: items.");
  });

  test("bytes are shown in base64", async () => {
    await run("call", "Cart/bytes/raw");
    expect((await run("state", "get", "Cart/bytes")).stdout).toContain("base64 AP8=");
    expect((await run("state", "get", "Cart/bytes", "--plain")).stderr).toContain("Use --binary");
    expect(JSON.parse((await run("state", "get", "Cart/bytes", "--plain", "--binary")).stdout)).toEqual({
      raw: "AP8=",
    });
  });

  test("too long a value is not shown, and does not hide the others", async () => {
    await run("call", "Cart/long/long");
    await fill("long", { short: 1 });
    expect(await json("state", "get", "Cart/long")).toMatchObject({
      answer: {
        state: [
          { name: "long", bytes: 2_200_002, omitted: true },
          { name: "short", value: 1 },
        ],
      },
    });
    expect((await run("state", "set", "Cart/long", "short=2", "-y")).stderr).toContain("too long");
  });

  test.each([
    [["get", "Cart/nobody"], 3, "Cart/nobody has no state"],
    [["get", "Crat/a"], 3, 'there is no service "Crat". Did you mean "Cart"?'],
    [["get", "Greeter/a"], 1, "Greeter is a service, and services have no state"],
    [["get", "Cart"], 2, "names no key"],
    [["get", "Cart/a", "--key", "b"], 2, "the key is given twice"],
    [["list", "Cart/a"], 2, "perdure state get Cart/a"],
    [["list", "Crat"], 3, 'Did you mean "Cart"?'],
    [["list", "Cart", "--limit", "none"], 2, "--limit takes a number"],
    [["set", "Cart/a"], 2, "needs name=JSON"],
    [["set", "Cart/a", "tea"], 2, "an assignment is name=JSON"],
    [["set", "Cart/a", "x=tea", "-y"], 2, "is no JSON"],
    [["set", "Cart/a", "x=1"], 1, "Add --yes"],
    [["patch", "Cart/a", "-p", "{}"], 2, "a list of operations"],
    [["edit", "Cart/a"], 1, "an editor needs a terminal"],
    [["clear", "Cart/nobody", "-y"], 3, "Cart/nobody has no state"],
    [["clear", "Signup", "-y"], 3, "no key of Signup has state"],
    [["clear", "Crat", "-y"], 3, 'Did you mean "Cart"?'],
  ])("perdure state %j ends with %i", async (args, code, text) => {
    const ran = await run("state", ...args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain(text);
  });
});

describe("list", () => {
  test("shows keys, those with a prefix, and says if there are more", async () => {
    for (const key of ["list-1", "list-2", "other"]) await fill(key, { n: 1 });
    expect(await run("state", "ls", "Cart", "--prefix", "list-")).toEqual({
      code: 0,
      stdout: "KEY\nlist-1\nlist-2\n",
      stderr: "",
    });
    const { stdout } = await run("state", "list", "Cart", "--prefix", "list-", "--all", "--jsonl");
    expect(stdout).toBe('{"service":"Cart","key":"list-1"}\n{"service":"Cart","key":"list-2"}\n');
    const cut = await run("state", "list", "Cart", "--prefix", "list-", "--limit", "1");
    expect(cut).toMatchObject({
      stdout: "KEY\nlist-1\n",
      stderr: "There may be more keys: --all looks at all.\n",
    });
  });

  test("is empty if there is no state", async () => {
    expect(await json("state", "list", "Signup")).toEqual({ code: 0, answer: [] });
    expect(await run("state", "list", "Signup")).toEqual({
      ...{ code: 0, stdout: "", stderr: "No key of Signup has state.\n" },
    });
  });
});

describe("changes", () => {
  test("set leaves the other values as they are", async () => {
    await fill("set", { a: 1, b: [2], c: 3 });
    const ran = await run("state", "set", "Cart/set", "a=10", 'd={"e":1}', "--unset", "c", "--yes");
    expect(ran).toEqual({
      ...{ code: 0, stdout: "" },
      stderr: '- a: 1\n+ a: 10\n- c: 3\n+ d: {"e":1}\nChanged Cart/set.\n',
    });
    expect(await plain("set")).toEqual({ a: 10, b: [2], d: { e: 1 } });
    expect(await json("state", "set", "Cart/set", "a=10", "-y")).toEqual({
      code: 0,
      answer: { service: "Cart", key: "set", changes: [], done: true },
    });
  });

  test("set makes state where there was none, also where nothing is kept of invocations", async () => {
    expect(await json("state", "set", "Forgetful/new", 'text="tea"', "-y")).toMatchObject({
      code: 0,
      answer: { changes: [{ name: "text", change: "added" }], done: true, id: expect.any(String) as string },
    });
    expect((await run("state", "get", "Forgetful/new", "text")).stdout).toBe('"tea"');
  });

  test("patch does what RFC 6902 says, or nothing", async () => {
    await fill("patch", { a: { list: [1, 2] }, b: 1 });
    const operations = [
      { op: "test", path: "/b", value: 1 },
      { op: "add", path: "/a/list/-", value: 3 },
      { op: "move", from: "/b", path: "/c" },
    ];
    expect((await run("state", "patch", "Cart/patch", "-y", "-p", JSON.stringify(operations))).code).toBe(0);
    expect(await plain("patch")).toEqual({ a: { list: [1, 2, 3] }, c: 1 });
    const refused = await run(
      "state",
      "patch",
      "Cart",
      "patch",
      "-y",
      "-p",
      '[{"op":"test","path":"/c","value":2}]',
    );
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("operation 1 of the patch cannot be done, so nothing was changed");
  });

  test("edit takes what the editor leaves", async () => {
    await fill("edit", { a: 1, b: 2 });
    editorOf('{"a": 1, "c": "new"}');
    expect((await run("state", "edit", "Cart/edit", "-y")).stderr).toBe(
      '- b: 2\n+ c: "new"\nChanged Cart/edit.\n',
    );
    editorOf("{");
    expect((await run("state", "edit", "Cart/edit", "-y")).stderr).toContain("so nothing was changed");
    expect(await plain("edit")).toEqual({ a: 1, c: "new" });
  });

  test("of bytes go in base64", async () => {
    await run("call", "Cart/edit-bytes/raw");
    editorOf('{"raw": "AAE="}');
    expect((await run("state", "edit", "Cart/edit-bytes", "--binary", "-y")).code).toBe(0);
    expect((await run("state", "get", "Cart/edit-bytes", "raw", "--binary")).stdout).toBe("AAE=\n");
  });

  test("are refused if the state has changed meanwhile, unless they are forced", async () => {
    await fill("race", { n: 1 });
    vi.stubEnv(
      "PERDURE_EDITOR",
      `curl -s -X POST -H 'content-type: application/json' -d '{"n":2}' ${server.url}/Cart/race/fill; echo '{"n":3}' >`,
    );
    const refused = await run("state", "edit", "Cart/race", "-y");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("its state has changed since it was read\nLook at it and do it again");
    expect(await plain("race")).toEqual({ n: 2 });
    await fill("race", { n: 1 });
    expect((await run("state", "edit", "Cart/race", "-y", "--force")).code).toBe(0);
    expect(await plain("race")).toEqual({ n: 3 });
  });

  test("wait behind what holds the key, and say so", async () => {
    await fill("held", { n: 1 });
    const held = (await run("send", "Cart/held/hold")).stdout.trim();
    const queued = await run("state", "set", "Cart/held", "n=2", "-y", "--timeout", "200ms");
    expect(queued).toMatchObject({ code: 3, stdout: "" });
    expect(queued.stderr).toContain("the change of Cart/held is queued, and not done yet");
    expect(await run("state", "clear", "Cart/held", "-y", "--no-wait", "--force")).toMatchObject({
      code: 0,
      stdout: "KEY        OUTCOME\nCart/held  queued\n",
    });
    await fetch(`${server.adminUrl}/invocations/${held}/kill`, { method: "PATCH" });
    await vi.waitFor(async () => expect((await run("state", "get", "Cart/held")).code).toBe(3), 5000);
  });
});

describe("clear", () => {
  test("one key shows what goes", async () => {
    await fill("gone", { a: 1, b: 2 });
    expect(await run("state", "clear", "Cart/gone", "--yes")).toEqual({
      code: 0,
      stdout: "KEY        OUTCOME\nCart/gone  cleared\n",
      stderr: "- Cart/gone: a, b\n1 cleared.\n",
    });
    expect((await run("state", "get", "Cart/gone")).code).toBe(3);
  });

  test("all keys of an object, with what came of each", async () => {
    for (const key of ["x", "y z", "z/1"])
      expect((await run("call", "Counter/add", "1", "--key", key)).code).toBe(0);
    const asked = await run("state", "clear", "Counter");
    expect(asked).toMatchObject({ code: 1, stdout: "" });
    expect(asked.stderr).toContain("- Counter/y z: total");
    const { code, answer } = await json("state", "clear", "Counter", "-y");
    expect(code).toBe(0);
    expect(answer).toEqual(
      ["x", "y z", "z/1"].map((key) => ({
        ...{ service: "Counter", key, id: expect.any(String) as string, outcome: "cleared" },
      })),
    );
    expect(await run("state", "clear", "Counter", "-y")).toMatchObject({ code: 3 });
  });
});

test("JSON has the fields that docs/cli.md promises", async () => {
  await fill("fields", { a: 1 });
  for (const [begin, args] of [
    ["`state get`:", ["get", "Cart/fields"]],
    ["`state get` of one name", ["get", "Cart/fields", "a"]],
    ["`state list`, for each", ["list", "Cart"]],
    ["`state set`, `patch` and `edit`", ["set", "Cart/fields", "a=2", "-y"]],
    ["`state clear`, for each", ["clear", "Cart/fields", "-y"]],
  ] as const) {
    const { answer } = await json("state", ...args);
    const [one] = [answer].flat();
    expect(differingFields(begin, one as object), args.join(" ")).toEqual([]);
  }
});

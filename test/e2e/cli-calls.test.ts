// `perdure call`, `send`, `attach`, `output`, `signal`, `awakeable` and `workflow`, against a local server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Context, handlers, object, type ObjectContext, serde, service } from "perdure";
import { differingFields } from "../support/cli-document.ts";
import { LocalServer, runHere } from "../support/cli-run.ts";
import { counter, greeter, signup } from "./fixtures/client.ts";

const desk = service({
  name: "Desk",
  handlers: {
    headers: async (ctx: Context) => ctx.request().headers.get("x-tenant"),
    approval: async (ctx: Context) => await ctx.signal<{ by: string }>("approved"),
    binary: handlers.handler({ output: serde.binary }, async (_ctx: Context) => Uint8Array.of(0, 255)),
    nothing: async () => undefined,
    hostile: async () => "\u001B[2Jgone",
  },
});
const holder = object({
  name: "Holder",
  handlers: {
    wait: async (ctx: ObjectContext) => {
      const { id, promise } = ctx.awakeable();
      ctx.objectSendClient(counter, "held").keep(id);
      return await promise;
    },
  },
});

const folder = mkdtempSync(join(tmpdir(), "perdure-cli-calls-"));
let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start();
  const url = await server.serve({ services: [greeter, counter, signup, desk, holder] });
  const { status } = await fetch(`${server.adminUrl}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: url }),
  });
  expect(status).toBe(201);
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
const idOf = async (...args: readonly string[]): Promise<string> => (await run(...args)).stdout.trim();
const awakeable = async (): Promise<string> => {
  for (;;) {
    const { stdout } = await run("call", "Counter/held/kept");
    if (stdout.startsWith('"')) return JSON.parse(stdout) as string;
  }
};

describe("call", () => {
  test("prints the output as it is, and as JSON with its id", async () => {
    expect(await run("call", "Greeter/greet", '"Ada"')).toEqual({
      code: 0,
      stdout: '"hello Ada"',
      stderr: "",
    });
    expect(await json("call", "Greeter/greet", '"Ada"')).toEqual({
      code: 0,
      answer: { id: expect.stringMatching(/^inv_/) as string, ready: true, output: "hello Ada" },
    });
    expect(await json("call", "Desk/nothing")).toMatchObject({ code: 0, answer: { ready: true } });
    expect(await json("call", "Desk/binary")).toMatchObject({ answer: { output_base64: "AP8=" } });
  });

  test("takes any key, a file and headers", async () => {
    const file = join(folder, "amount.json");
    writeFileSync(file, "7");
    expect((await run("call", "Counter/a/b ü/add", `@${file}`)).stdout).toBe("7");
    expect((await run("call", "Counter/add", "1", "--key", "a/b ü")).stdout).toBe("8");
    expect((await run("call", "Desk/headers", "-H", "X-Tenant=acme")).stdout).toBe('"acme"');
    expect(await run("call", "Desk/headers", "-H", "X-Tenant=ü")).toMatchObject({ code: 2 });
  });

  test("of what fails ends with 1 and says why", async () => {
    const { code, stdout, stderr } = await run("call", "Greeter/refuse");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(
      "Greeter/refuse has failed: no tea (code 418)\n`perdure invocations describe inv_",
    );
    expect(await json("call", "Greeter/refuse")).toMatchObject({
      code: 1,
      answer: { ready: true, error: { code: 418, message: "no tea" } },
    });
  });

  test.each([
    [["call", "Greter/greet"], 1, 'there is no service "Greter". Did you mean "Greeter"?'],
    [["call", "Greeter/great"], 1, 'Greeter has no handler "great". Did you mean "greet"?'],
    [["call", "Counter/add", "1"], 1, "perdure call Counter/<key>/add"],
    [["call", "Greeter/k/greet", "1"], 1, "perdure call Greeter/greet"],
    [["call", "Greeter/secret"], 1, "Greeter/secret is refused: the invoked service is not public"],
    [["call", "Greeter"], 2, "a target is Service/handler"],
    [["call", "Greeter/greet", "Ada"], 2, `Write a text as '"Ada"'`],
    [["call", "Greeter/greet", '"Ada"', "--delay", "10m"], 2, "perdure send --delay"],
    [["call", "Greeter/greet", "--timeout", "soon"], 2, "--timeout takes a duration"],
    [["send", "Greter/greet"], 1, 'Did you mean "Greeter"?'],
    [["send", "Greeter/greet", "--timeout", "1s"], 2, "--timeout is for --wait"],
    [["attach", "inv_nothing"], 1, "inv_nothing"],
    [["attach", "Sigup/ada"], 1, 'Did you mean "Signup"?'],
    [["attach", "Signup/nobody"], 1, "there is no invocation Signup/nobody"],
    [["output", "nonsense"], 2, "names no invocation"],
    [["signal", "inv_nothing", "go"], 1, "inv_nothing"],
    [["awakeable", "resolve", "nonsense", "1"], 1, "nonsense"],
  ])("perdure %j is refused with %i", async (args, code, text) => {
    const ran = await run(...args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain(text);
  });

  test("gives up after --timeout, and says how to go on", async () => {
    const ran = await run("call", "Desk/approval", "--timeout", "100ms");
    expect(ran).toMatchObject({ code: 3, stdout: "" });
    expect(ran.stderr).toContain("Desk/approval has no result yet, and goes on");
    expect(ran.stderr).toContain("perdure invocations list --service Desk");
    const named = await run("call", "Desk/approval", "--timeout", "100ms", "--idempotency-key", "monday");
    expect(named.stderr).toMatch(/`perdure attach inv_\S+` waits for it/);
  });

  test("of a server that is not there ends with 4", async () => {
    const ran = await runHere(["call", "Greeter/greet", '"x"', "--url", "http://127.0.0.1:1"]);
    expect(ran).toMatchObject({ code: 4, stdout: "" });
    expect(ran.stderr).toContain("nothing answers at http://127.0.0.1:1");
  });
});

describe("send", () => {
  test("prints the id, which leads to the output", async () => {
    const id = await idOf("send", "Greeter/greet", '"Ada"');
    expect(id).toMatch(/^inv_\S+$/);
    expect(await run("attach", id)).toEqual({ code: 0, stdout: '"hello Ada"', stderr: "" });
    expect(await json("output", id)).toEqual({ code: 0, answer: { id, ready: true, output: "hello Ada" } });
  });

  test("waits if it is asked to, and says if there was one before", async () => {
    expect((await run("send", "Greeter/greet", '"Ada"', "--wait")).stdout).toBe('"hello Ada"');
    const args = ["send", "Greeter/greet", '"Ada"', "--idempotency-key", "tuesday"];
    const first = await json(...args);
    expect(first.answer).toEqual({ id: expect.any(String) as string, status: "Accepted" });
    const second = await run(...args);
    expect(second.stderr).toContain("exists already, so nothing new was started");
    expect((await run("output", "Greeter/greet", "--idempotency-key", "tuesday")).stdout).toBe('"hello Ada"');
  });

  test("shows what it does, if it is asked to", async () => {
    const watched = await run("send", "Greeter/count", '"watched"', "--watch", "--timeout", "30s");
    expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining("Greeter/count") as string });
    expect((await run("send", "Greeter/refuse", "--watch")).stderr).toContain("no tea");
  });

  test("later says when, and is not ready until then", async () => {
    const { code, answer } = await json("send", "Greeter/greet", '"Ada"', "--delay", "10m");
    expect({ code, answer }).toMatchObject({ code: 0, answer: { status: "Accepted" } });
    const { id, execution_time: at } = answer as { id: string; execution_time: string };
    expect(Date.parse(at)).toBeGreaterThan(Date.now() + 9 * 60_000);
    expect(await run("output", id)).toMatchObject({ code: 3, stdout: "" });
    expect(await json("output", id)).toEqual({ code: 3, answer: { id, ready: false } });
    expect(await run("attach", id, "--timeout", "50ms")).toMatchObject({ code: 3, stdout: "" });
  });
});

describe("deliveries", () => {
  test("a signal reaches its invocation, once only", async () => {
    const id = await idOf("send", "Desk/approval");
    expect(await run("signal", id, "approved", '{"by":"ada"}')).toMatchObject({
      code: 0,
      stderr: `Sent the signal approved to ${id}.\n`,
    });
    expect((await run("attach", id)).stdout).toBe('{"by":"ada"}');
    const late = await run("signal", id, "approved", "1");
    expect(late).toMatchObject({ code: 1 });
    expect(late.stderr).toContain("has completed, so a signal cannot reach it any more");
  });

  test("a rejected signal is an error", async () => {
    const id = await idOf("send", "Desk/approval");
    await run("signal", id, "approved", "--reject", "out of budget");
    expect((await run("attach", id)).stderr).toContain("has failed: out of budget");
  });

  test("an awakeable is resolved with JSON or a text, and rejected", async () => {
    for (const [how, given, expected] of [
      ["resolve", '{"paid":true}', '{"paid":true}'],
      ["resolve", "thanks", '"thanks"'],
      ["reject", "refused", "has failed: refused"],
    ] as const) {
      const id = await idOf("send", `Holder/${given}/wait`);
      const ran = await run("awakeable", how, await awakeable(), given);
      expect(ran).toMatchObject({ code: 0, stdout: "" });
      const { stdout, stderr } = await run("attach", id);
      expect(stdout + stderr).toContain(expected);
      await run("call", "Counter/held/keep", "null");
    }
  });
});

test("a workflow is submitted once, and waited for by its key", async () => {
  const id = await idOf("workflow", "submit", "Signup/ada", '"ada@example.com"');
  expect(await run("workflow", "output", "Signup/ada")).toMatchObject({ code: 3 });
  expect((await run("wf", "submit", "Signup/ada", '"x"')).stderr).toContain("exists already");
  expect((await run("call", "Signup/ada/run", '"x"')).stderr).toContain("it runs once for each key");
  expect((await run("call", "Signup/ada/confirm", '"ok"')).stdout).toBe('"thanks"');
  for (const args of [
    ["workflow", "attach", "Signup/ada"],
    ["attach", "Signup", "--key", "ada"],
    ["attach", id],
  ])
    expect((await run(...args)).stdout).toBe('"ada@example.com ok"');
});

test("JSON has the fields that docs/cli.md promises", async () => {
  const id = await idOf("send", "Desk/approval");
  for (const [begin, args] of [
    ["`call`, `attach`", ["call", "Greeter/greet", '"Ada"']],
    ["`call`, `attach`", ["call", "Greeter/refuse"]],
    ["`call`, `attach`", ["output", id]],
    ["`call`, `attach`", ["call", "Desk/hostile"]],
    ["`send` and `workflow submit`", ["send", "Greeter/greet", '"Ada"', "--delay", "1h"]],
    ["`signal` and `awakeable`", ["signal", id, "approved", "1"]],
  ] as const) {
    const { answer } = await json(...args);
    expect(differingFields(begin, answer as object), args.join(" ")).toEqual([]);
  }
});

/** The pool with real processes that load a fake endpoint. A misbehaving handler harms itself only. */
import { afterEach, expect, test } from "vitest";
import type { Deployment } from "../../../lib/model/manifest.ts";
import type { ItemStore } from "../../../lib/ports.ts";
import { OperationalError } from "../../../lib/errors.ts";
import { HostPool, type HostPoolOptions } from "../../../runtime/dev/hosts/host-pool.ts";
import { turnRequest } from "./turn.ts";

/** A bundle whose endpoint does what the handler's name says. */
const BUNDLE = `
class OperationalError extends Error { constructor(code, message) { super(message); this.code = code; this.own = true; } }
const done = (value) => ({ kind: "completed", ownsLock: false, replies: [], value });
const handlers = {
  handler: () => done(process.pid),
  slower: () => new Promise((resolve) => setTimeout(resolve, 2000, done(process.pid))),
  now: (_request, ports) => done(ports.clock.now() - Date.now()),
  slow: () => new Promise((resolve) => setTimeout(resolve, 400, done(process.pid))),
  get: async (request, ports) => done(await ports.items.get({ table: "state", pk: request.id, sk: "x" })),
  ports: async (_request, { items, mailbox, registry, clock, entropy, logger }) => {
    logger.log("info", "from the logger");
    console.log("one\\ntwo");
    console.error("to stderr");
    return done([
      await items.write({ op: "delete", key: { table: "state", pk: "p", sk: "s" } }),
      await items.query("journal", "p", "pre", { limit: 3 }),
      await items.scan("registry", "s"),
      await mailbox.sendBatch([{ group: "g", dedup: "d", body: "b" }]),
      await registry.service("S"), await registry.deployment("D"), await registry.services(),
      typeof clock.now(), entropy.bytes(3).length,
    ]);
  },
  storeError: async (request, ports) => {
    try { await ports.items.get({ table: "state", pk: "throttled", sk: "x" }); } catch (error) { return done([error.own, error.code]); }
  },
  exit: () => process.exit(0),
  reject: () => { Promise.reject(new Error("nobody listens")); return new Promise(() => {}); },
  uncaught: () => { setTimeout(() => { throw new TypeError("in a timer"); }, 1); return new Promise(() => {}); },
  spin: () => { for (;;); },
  never: () => new Promise(() => {}),
  memory: () => { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())); },
  throwing: () => { throw new Error("a bug in the endpoint"); },
  nonsense: () => ({ kind: "what" }),
};
export const endpoint = {
  discover: () => ({ version: 1, sdkVersion: "0", services: [{ name: "Service", type: "service", handlers: [] }] }),
  runTurn: async (request, ports) => handlers[request.target.handler](request, ports),
};
export { OperationalError };
`;

const deployment: Deployment = { id: "dp_test", address: "dp_test", createdAtMs: 0, services: [] };
const pools: HostPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
});

function poolOf(bundle: string, options: Partial<HostPoolOptions> = {}) {
  const printed: string[] = [];
  const calls: unknown[] = [];
  const record =
    (name: string) =>
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return Promise.resolve(name as never);
    };
  const items: ItemStore = {
    get: async ({ pk }) => {
      if (pk !== "throttled") return { pk };
      throw new OperationalError("throttled", "slow down");
    },
    write: (write) => {
      calls.push(["write", write]);
      return Promise.resolve({ won: true, item: {} });
    },
    query: record("query"),
    scan: record("scan"),
  };
  const registry = {
    service: record("service"),
    deployment: record("deployment"),
    services: record("services"),
  };
  const pool = new HostPool({
    ports: {
      items,
      mailbox: { sendBatch: record("sendBatch") },
      registry,
      timers: { schedule: record("schedule") },
      invoker: { invoke: record("invoke") },
    },
    loadBundle: (id) => Promise.resolve(id === "dp_test" ? Buffer.from(bundle) : undefined),
    output: (id, stream, line) => printed.push(`${id} ${stream} ${line}`),
    ...options,
  });
  pools.push(pool);
  const runOnce = async (id: string, handler: string, remainingMs?: number): Promise<unknown> => {
    const outcome = await pool.invoke(deployment, turnRequest(id, handler, remainingMs));
    return (outcome as unknown as { value: unknown }).value;
  };
  /** As the dispatcher does: if the host was unavailable, try again and count no attempt. */
  const run = (id: string, handler: string, remainingMs?: number): Promise<unknown> =>
    runOnce(id, handler, remainingMs).catch((error: unknown) => {
      if (error instanceof OperationalError && error.message.includes("runs alone next"))
        return run(id, handler, remainingMs);
      throw error;
    });
  return { pool, run, printed, calls };
}

test("discovers, runs turns in one process, and answers the calls of their ports", async () => {
  const { pool, run, printed, calls } = poolOf(BUNDLE);
  expect(await pool.discover("dp_test")).toMatchObject({ services: [{ name: "Service" }] });
  const pids = await Promise.all([run("a", "handler"), run("b", "handler")]);
  expect(new Set(pids).size).toBe(1);
  expect(await run("c", "get")).toEqual({ pk: "inv_c" });
  expect(await run("d", "storeError")).toEqual([true, "throttled"]);
  expect(await run("e", "ports")).toEqual([
    { won: true, item: {} },
    "query",
    "scan",
    "sendBatch",
    "service",
    "deployment",
    "services",
    "number",
    3,
  ]);
  expect(calls).toEqual([
    ["write", { op: "delete", key: { table: "state", pk: "p", sk: "s" } }],
    ["query", "journal", "p", "pre", { limit: 3 }],
    ["scan", "registry", "s", undefined],
    ["sendBatch", [{ group: "g", dedup: "d", body: "b" }]],
    ["service", "S"],
    ["deployment", "D"],
    ["services"],
  ]);
  await expect
    .poll(() => printed)
    .toEqual(
      expect.arrayContaining([
        "dp_test stdout one",
        "dp_test stdout two",
        "dp_test stderr to stderr",
        expect.stringContaining("from the logger"),
      ]),
    );
});

test.each([
  ["exit", "crashed", "exited with code 0"],
  ["reject", "crashed", "nobody listens"],
  ["uncaught", "crashed", "in a timer"],
  ["memory", "out-of-memory", "64 MB"],
])("%s: the turn fails as %s, its neighbour and all later turns do not", async (handler, code, text) => {
  const { run } = poolOf(BUNDLE, { heapMb: 64 });
  const neighbour = run("b", "slow");
  const failure = expect(run("a", handler)).rejects;
  await failure.toMatchObject({
    name: "FunctionError",
    code,
    message: expect.stringContaining(text) as string,
  });
  // Its stack is for the console. Callers get the message, and shall not learn this machine's paths.
  await failure.not.toMatchObject({ message: expect.stringMatching(/\n|file:|\/tmp/) as string });
  expect(await neighbour).toBeTypeOf("number");
  expect(await run("c", "handler")).toBeTypeOf("number");
});

test("a handler that crashed a process runs alone from then on, and hurts no other turn", async () => {
  const { run } = poolOf(BUNDLE);
  const [bad, good] = await Promise.allSettled([run("bad", "exit"), run("good", "slow")]);
  expect([bad.status, good.status]).toEqual(["rejected", "fulfilled"]);
  const shared = await run("shared", "handler");
  const beside = run("beside", "slow");
  await expect(run("another", "exit")).rejects.toThrow("exited");
  expect(await beside).toBe(shared);
});

test("turns that run alone for long do not keep the others waiting", async () => {
  const { run } = poolOf(BUNDLE);
  const long = ["a", "b", "c", "d", "e"];
  // In one batch: all are in flight when the process ends, and then wait for one of the few isolated processes.
  for (const id of [...long, "bad"]) void run(id, id === "bad" ? "exit" : "never").catch(() => undefined);
  expect(await run("quick", "handler")).toBeTypeOf("number");
});

test("a process that spins is killed", async () => {
  const { run } = poolOf(BUNDLE, { hangMs: 500 });
  await expect(run("a", "spin")).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("0.5 s") as string,
  });
  expect(await run("b", "handler")).toBeTypeOf("number");
});

test("a turn that never ends is given up; the others of its process finish", async () => {
  const { run } = poolOf(BUNDLE, { turnSlackMs: 0 });
  const before = await run("a", "handler");
  const never = expect(run("b", "never", 300)).rejects.toMatchObject({ code: "timeout" });
  const slower = run("c", "slower");
  await never;
  expect(await slower).toBe(before);
  expect(await run("d", "handler")).not.toBe(before);
});

test("what is no outcome, and an error of the endpoint itself, fail the turn alone", async () => {
  const { run } = poolOf(BUNDLE);
  const before = await run("a", "handler");
  await expect(run("b", "nonsense")).rejects.toMatchObject({ code: "bad-answer" });
  await expect(run("c", "throwing")).rejects.toMatchObject({
    code: "crashed",
    message: expect.stringContaining("a bug") as string,
  });
  expect(await run("d", "handler")).toBe(before);
});

test.each([
  ["a syntax error", "export const = 1;", "SyntaxError"],
  ["an error at the top level", "throw new Error('not today');", "not today"],
  ["an exit at the top level", "process.exit(3);", "code 3"],
  [
    "a top level that never ends",
    "await new Promise((resolve) => setTimeout(resolve, 1e6));",
    "not loaded within",
  ],
])("%s: neither discovery nor turns succeed, and the reason is told", async (_name, bundle, text) => {
  // Enough for a process to start on a busy machine. Only the last case takes all of it, twice.
  const { pool, run } = poolOf(bundle, { loadMs: 2_500 });
  await expect(pool.discover("dp_test")).rejects.toMatchObject({
    code: "init",
    message: expect.stringContaining(text) as string,
  });
  await expect(run("a", "handler")).rejects.toMatchObject({ name: "FunctionError" });
});

test("a deployment whose code is gone fails its turns with a reason", async () => {
  const { pool } = poolOf(BUNDLE);
  const gone = pool.invoke({ ...deployment, id: "dp_gone" }, { ...turnRequest("a"), deployment: "dp_gone" });
  await expect(gone).rejects.toMatchObject({
    code: "init",
    message: expect.stringContaining("dp_gone") as string,
  });
});

test("stopping fails what is in flight, and later turns never ran", async () => {
  const { pool, run } = poolOf(BUNDLE);
  const slow = expect(run("a", "never")).rejects.toMatchObject({ code: "crashed" });
  await run("b", "handler");
  await pool.stop();
  await slow;
  await expect(run("c", "handler")).rejects.toMatchObject({ name: "OperationalError", code: "unavailable" });
});

test("a process that starts after the clock has jumped is as far ahead, whatever its turns were told before", async () => {
  const { pool, run } = poolOf(BUNDLE);
  const early = run("a", "now");
  pool.jump(1_000_000);
  expect(await early).toBeGreaterThan(990_000);
  pool.jump(2_000_000);
  pool.jump(1_500_000);
  expect(await run("b", "now")).toBeGreaterThan(1_990_000);
});

/** Awakeables and workflows: promises that others complete. */
import {
  handlers,
  rpc,
  service,
  TerminalError,
  workflow,
  type Context,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const ids = new Map<string, string>();
const runs: string[] = [];
const settle = async (promise: PromiseLike<unknown>): Promise<unknown> =>
  await promise.then(
    (value) => value ?? `(${String(value)})`,
    (error: TerminalError) => `${error.name} ${error.code} ${error.message}`,
  );

const waiter = service({
  name: "Waiter",
  handlers: {
    wait: async (ctx: Context, name: string) => {
      const { id, promise } = ctx.awakeable();
      await ctx.run("publish", () => void ids.set(name, id));
      const value = await settle(promise);
      await ctx.sleep(1);
      return value;
    },
    two: async (ctx: Context, name: string) => {
      const [one, two] = [ctx.awakeable<string>(), ctx.awakeable<string>()];
      await ctx.run("publish", () => void ids.set(`${name} 1`, one.id).set(`${name} 2`, two.id));
      const second = await two.promise;
      return [await one.promise, second];
    },
    early: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      await ctx.run("publish", () => void ids.set("early", id));
      await ctx.sleep(40);
      return await promise;
    },
    limited: async (ctx: Context) => await settle(ctx.awakeable().promise.orTimeout(10)),
  },
});
const resolver = service({
  name: "Resolver",
  handlers: {
    resolve: async (ctx: Context, { id, value }: { id: string; value?: unknown }) =>
      ctx.resolveAwakeable(id, value),
    reject: async (ctx: Context, { id, code }: { id: string; code?: number }) =>
      ctx.rejectAwakeable(
        id,
        code === undefined ? "because" : new TerminalError("because", { errorCode: code }),
      ),
    oneAwaits: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      ctx.serviceSendClient(resolver).resolve({ id, value: "by my callee" });
      return await promise;
    },
  },
});

type Run = (ctx: WorkflowContext, name: string) => Promise<unknown>;
const signup = workflow({
  name: "Signup",
  handlers: {
    run: (async (ctx, name) => {
      runs.push(name);
      ctx.set("phase", "waiting");
      const value = await settle(ctx.promise<string>("approved"));
      ctx.set("phase", "done");
      return value;
    }) satisfies Run,
    approve: async (ctx: WorkflowSharedContext, value: string) =>
      await settle(ctx.promise<string>("approved").resolve(value)),
    refuse: async (ctx: WorkflowSharedContext, reason: string) =>
      await settle(ctx.promise<string>("approved").reject(reason)),
    peek: async (ctx: WorkflowSharedContext) => await settle(ctx.promise<string>("approved").peek()),
    wait: async (ctx: WorkflowSharedContext) => await settle(ctx.promise<string>("approved").get()),
    phase: handlers.workflow.shared(async (ctx: WorkflowSharedContext) => await ctx.get("phase")),
    write: async (ctx: WorkflowSharedContext) => (ctx as WorkflowContext).set("phase", "no"),
  },
});
const promises = workflow({
  name: "Promises",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      const seen: unknown[] = [await settle(ctx.promise<number>("a").peek())];
      await ctx.promise<number>("a").resolve(1);
      seen.push(
        await ctx.promise<number>("a").get(),
        await ctx.promise<number>("a"),
        await settle(ctx.promise<number>("a").peek()),
      );
      seen.push(await settle(ctx.promise<number>("a").resolve(2)));
      await ctx.sleep(1);
      seen.push(await ctx.promise<number>("a"));
      await ctx.promise("b").reject("no");
      seen.push(await settle(ctx.promise("b").get()), await settle(ctx.promise("b").peek()));
      await ctx.promise("void").resolve();
      seen.push(await settle(ctx.promise("void").get()), await settle(ctx.promise("unresolved").peek()));
      seen.push(await settle(ctx.promise("unresolved").get().orTimeout(5)));
      return seen;
    },
  },
});
const callers = service({
  name: "Callers",
  handlers: {
    twice: async (ctx: Context, key: string) => {
      const client = ctx.workflowClient(signup, key);
      const first = client.run("first");
      const second = await settle(client.run("second"));
      ctx.workflowSendClient(signup, key).run("third");
      await client.approve("yes");
      return [second, await first];
    },
    named: async (ctx: Context, key: string) =>
      await ctx.workflowClient(signup, key).phase(rpc.opts({ name: "ask" })),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(waiter, resolver, signup, promises, callers);
});
afterAll(async () => await world.stop());
const ended = (id: string) => within(2000, `${id} to end`, world.attach(id));
const published = (name: string) => until(() => ids.get(name), `awakeable ${name}`);
const resolve = async (id: string, body?: unknown) =>
  (await world.ask(`/restate/awakeables/${id}/resolve`, body)).status;

test("an awakeable is resolved over HTTP, and only once", async () => {
  const id = await world.send("/Waiter/wait", "http");
  const awakeable = await published("http");
  expect(awakeable).toMatch(/^sign_1/);
  await world.untilStatus(id, "suspended");
  expect(await resolve(awakeable, { a: 1 })).toBe(202);
  expect(await resolve(awakeable, "too late")).toBe(202);
  expect((await world.ask(`/restate/awakeables/${awakeable}/reject`, "too late")).status).toBe(202);
  expect((await ended(id)).body).toEqual({ a: 1 });
  expect(await resolve(awakeable, "after the end")).toBe(202);
});

test("or rejected, with the body as its reason", async () => {
  const id = await world.send("/Waiter/wait", "rejected");
  const reason = new TextEncoder().encode("no way");
  await world.ask(`/restate/awakeables/${await published("rejected")}/reject`, reason);
  expect((await ended(id)).body).toBe("TerminalError 500 no way");
});

test.each([
  ["a value", "resolve", { value: "v" }, "v"],
  ["no value", "resolve", {}, "(null)"],
  ["a reason", "reject", {}, "TerminalError 500 because"],
  ["an error", "reject", { code: 410 }, "TerminalError 410 because"],
])("by a handler, with %s", async (name, handler, options, expected) => {
  const id = await world.send("/Waiter/wait", name);
  await world.call(`/Resolver/${handler}`, { id: await published(name), ...options });
  expect((await ended(id)).body).toBe(expected);
});

test("by the waiter's own callee", async () => {
  expect(await within(2000, "the end", world.call("/Resolver/oneAwaits"))).toBe("by my callee");
});

test("early, before it is awaited", async () => {
  const id = await world.send("/Waiter/early");
  await resolve(await published("early"), "was early");
  expect((await ended(id)).body).toBe("was early");
});

test("two of one invocation, in another order", async () => {
  const id = await world.send("/Waiter/two", "pair");
  await published("pair 2");
  await resolve(ids.get("pair 1") ?? "", "one");
  await pause(10);
  await resolve(ids.get("pair 2") ?? "", "two");
  expect((await ended(id)).body).toEqual(["one", "two"]);
});

test("one that nobody completes can be limited", async () => {
  expect(await within(2000, "the end", world.call("/Waiter/limited"))).toBe(
    "TimeoutError 408 Timeout occurred",
  );
});

test("what is no awakeable id is refused", async () => {
  for (const id of ["sign_1", "sign_1AAAA", "prom_1abc", "x".repeat(60)])
    expect(await resolve(id, 1)).toBe(400);
  expect(await world.ask("/Resolver/resolve", { id: "sign_1nonsense", value: 1 })).toMatchObject({
    status: 400,
  });
});

test("a workflow runs once for its key; its handlers wait, peek and complete", async () => {
  const id = await world.send("/Signup/ada/run", "ada");
  await world.untilStatus(id, "suspended");
  expect(await world.ask("/Signup/ada/run/send", "again")).toMatchObject({
    status: 202,
    body: { invocationId: id, status: "PreviouslyAccepted" },
  });
  expect(await world.ask("/Signup/ada/run", "again")).toMatchObject({ status: 409, id });
  expect(await world.call("/Signup/ada/peek")).toBe("(undefined)");
  expect(await world.call("/Signup/ada/phase")).toBe("waiting");
  const waiting = world.call("/Signup/ada/wait");
  expect(await world.call("/Signup/ada/approve", "welcome")).toBe("(undefined)");
  expect(await within(2000, "the waiting one", waiting)).toBe("welcome");
  expect((await ended(id)).body).toBe("welcome");
  expect(await world.call("/Signup/ada/peek")).toBe("welcome");
  expect(await world.call("/Signup/ada/phase")).toBe("done");
  expect(await world.call("/Signup/ada/approve", "again")).toMatch(/^TerminalError 409 .*already completed/);
  expect(await world.call("/Signup/ada/refuse", "again")).toMatch(/^TerminalError 409 .*already completed/);
  expect(await world.ask("/Signup/ada/run", "again")).toMatchObject({ status: 409 });
  expect(new Set(runs)).toEqual(new Set(["ada"]));
});

test("a promise can be completed before anything waits for it, before the run even", async () => {
  expect(await world.call("/Signup/early/approve", "ahead")).toBe("(undefined)");
  expect(await within(2000, "the run", world.call("/Signup/early/run", "early"))).toBe("ahead");
});

test("a rejection reaches everyone who waits", async () => {
  const waiting = world.call("/Signup/refused/wait");
  const id = await world.send("/Signup/refused/run", "refused");
  await world.untilStatus(id, "suspended");
  await world.call("/Signup/refused/refuse", "sorry");
  expect((await ended(id)).body).toBe("TerminalError 500 sorry");
  expect(await within(2000, "the waiting one", waiting)).toBe("TerminalError 500 sorry");
  expect(await world.call("/Signup/refused/peek")).toBe("TerminalError 500 sorry");
});

test("keys do not share their promises; shared handlers do not write", async () => {
  expect(await world.call("/Signup/other/peek")).toBe("(undefined)");
  expect(await world.call("/Signup/other/phase")).toBeNull();
  expect((await world.ask("/Signup/other/write")).status).toBe(500);
});

test("promises within one run: get before and after, peek, twice, rejected, empty, limited", async () => {
  expect(await within(3000, "the run", world.call("/Promises/all/run"))).toEqual([
    "(undefined)",
    ...[1, 1, 1],
    'TerminalError 409 promise "a" was already completed',
    1,
    ...["TerminalError 500 no", "TerminalError 500 no"],
    ...["(undefined)", "(undefined)"],
    "TimeoutError 408 Timeout occurred",
  ]);
});

test("a handler that calls the run a second time is refused", async () => {
  const [second, first] = (await within(3000, "the caller", world.call("/Callers/twice", "called"))) as [
    string,
    string,
  ];
  expect(second).toMatch(/^TerminalError 409 .*already invoked/);
  expect(first).toBe("yes");
  expect(await world.call("/Callers/named", "called")).toBe("done");
  expect(runs.filter((name) => name === "second" || name === "third")).toEqual([]);
});

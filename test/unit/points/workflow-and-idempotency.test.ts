/** A workflow runs once, an idempotent call is done once. What a life leaves behind is in semantics/retention.test.ts. */
import {
  handlers,
  service,
  TerminalError,
  workflow,
  type Context,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause, until, within, World } from "../semantics/world.ts";

const runs = new Map<string, number>();
const count = (name: string): number => {
  const next = (runs.get(name) ?? 0) + 1;
  runs.set(name, next);
  return next;
};
const RETENTION_MS = 300;

const signup = workflow({
  name: "Signup",
  handlers: {
    run: async (ctx: WorkflowContext, input: string) => {
      count(ctx.key);
      const answer = await ctx.promise<string>("answer");
      return `${input} ${answer}`;
    },
    answer: async (ctx: WorkflowSharedContext, value: string) => {
      await ctx.promise<string>("answer").resolve(value);
    },
    refuse: async (ctx: WorkflowSharedContext, reason: string) => {
      await ctx.promise<string>("answer").reject(reason);
    },
    wait: async (ctx: WorkflowSharedContext) => await ctx.promise<string>("answer"),
    peek: async (ctx: WorkflowSharedContext) => (await ctx.promise<string>("answer").peek()) ?? "not yet",
  },
});
const short = workflow({
  name: "Short",
  options: { workflowRetention: RETENTION_MS },
  handlers: { run: async (ctx: WorkflowContext) => count(ctx.key) },
});
const once = service({
  name: "Once",
  handlers: {
    slow: async (ctx: Context, name: string) => {
      const run = count(name);
      await ctx.sleep(50);
      return run;
    },
    fail: async (_ctx: Context, name: string) => {
      throw new TerminalError(`failure ${count(name)}`, { errorCode: 418 });
    },
    other: async (_ctx: Context, name: string) => count(name),
    brief: handlers.handler({ idempotencyRetention: RETENTION_MS }, async (_ctx: Context, name: string) =>
      count(name),
    ),
  },
});
const caller = service({
  name: "Caller",
  handlers: {
    twice: async (ctx: Context, name: string) => {
      const opts = { idempotencyKey: name } as const;
      const call = async () =>
        await ctx.genericCall<string, number>({
          service: "Once",
          method: "slow",
          parameter: name,
          inputSerde: JSON_SERDE,
          outputSerde: JSON_SERDE,
          ...opts,
        });
      return [await call(), await call()];
    },
  },
});
const JSON_SERDE = {
  contentType: "application/json",
  serialize: (value: unknown) => new TextEncoder().encode(JSON.stringify(value)),
  deserialize: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as never,
};

let world: World;
beforeAll(async () => {
  world = await World.of(signup, short, once, caller);
});
afterAll(async () => await world.stop());
const workflowResult = (key: string, how: "attach" | "output") =>
  world.ask(`/restate/workflow/Signup/${key}/${how}`, undefined, {}, "GET");

describe("`run` once per key until retention passes", () => {
  test("a workflow runs once for its key: a second send is PreviouslyAccepted, a second call 409", async () => {
    const sent = await world.ask("/Signup/ada/run/send", "hello");
    expect(sent).toMatchObject({ status: 202, body: { status: "Accepted" } });
    expect(await world.ask("/Signup/ada/run/send", "hello")).toMatchObject({
      status: 202,
      body: { status: "PreviouslyAccepted", invocationId: sent.id },
    });
    expect(await world.ask("/Signup/ada/run", "hello")).toMatchObject({ status: 409, id: sent.id });
    expect(await workflowResult("ada", "output")).toMatchObject({ status: 470 });
    await world.call("/Signup/ada/answer", "ada");
    expect(await workflowResult("ada", "attach")).toMatchObject({ status: 200, body: "hello ada" });
    expect(await workflowResult("ada", "output")).toMatchObject({ status: 200, body: "hello ada" });
    expect(await world.ask("/Signup/ada/run", "again")).toMatchObject({ status: 409 });
    expect(runs.get("ada")).toBeLessThanOrEqual(2);
  });

  test("until its retention is over: then it runs again", async () => {
    expect(await world.call("/Short/again/run")).toBe(1);
    expect(await world.ask("/Short/again/run")).toMatchObject({ status: 409 });
    await pause(RETENTION_MS + 50);
    expect(await world.call("/Short/again/run")).toBe(2);
  });
});

describe("promises are completed once, by any handler; `get` before and after; `peek` never waits", () => {
  test("a promise is completed once, by any handler; who waits and who comes later get the same", async () => {
    await world.ask("/Signup/bob/run/send", "hello");
    expect(await world.call("/Signup/bob/peek")).toBe("not yet");
    const early = world.call("/Signup/bob/wait");
    await world.call("/Signup/bob/answer", "first");
    expect(await world.ask("/Signup/bob/answer", "second")).toMatchObject({ status: 409 });
    expect(await world.ask("/Signup/bob/refuse", "too late")).toMatchObject({ status: 409 });
    expect(await within(2000, "who waits", early)).toBe("first");
    expect(await world.call("/Signup/bob/wait")).toBe("first");
    expect(await world.call("/Signup/bob/peek")).toBe("first");
    expect(await workflowResult("bob", "attach")).toMatchObject({ body: "hello first" });
  });
});

describe("deduplication by service, key, handler and idempotency key; of handlers' calls too", () => {
  test("requests with one idempotency key are one invocation, in flight and afterwards", async () => {
    const key = { "idempotency-key": "k1" };
    const answers = await Promise.all([1, 2, 3].map(() => world.ask("/Once/slow", "in flight", key)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.map(({ body }) => body)).toEqual([answers[0]?.body, answers[0]?.body, answers[0]?.body]);
    const { id, body } = await world.ask("/Once/slow", "in flight", key);
    expect({ id, body }).toEqual({ id: answers[0]?.id, body: answers[0]?.body });
  });

  test("a failure is replayed, too", async () => {
    const key = { "idempotency-key": "k2" };
    const first = await world.ask("/Once/fail", "failing", key);
    expect(first).toMatchObject({ status: 418, body: { message: "failure 1" } });
    expect(await world.ask("/Once/fail", "failing", key)).toEqual(first);
    expect(runs.get("failing")).toBe(1);
  });

  test("the key belongs to one handler of one service", async () => {
    const key = { "idempotency-key": "k3" };
    const one = await world.ask("/Once/slow", "scoped", key);
    const other = await world.ask("/Once/other", "scoped", key);
    expect(one.id).not.toBe(other.id);
  });

  test("when the retention is over, it is done again", async () => {
    const key = { "idempotency-key": "k4" };
    expect(await world.call("/Once/brief", "brief", key)).toBe(1);
    expect(await world.call("/Once/brief", "brief", key)).toBe(1);
    await pause(RETENTION_MS + 50);
    expect(await world.call("/Once/brief", "brief", key)).toBe(2);
  });

  test("it holds for calls of handlers as well", async () => {
    const [first, second] = await world.call<number[]>("/Caller/twice", "from a handler");
    expect(second).toBe(first);
  });
});

describe("attach while it is retained; 470, 404", () => {
  test("a result can be had while it is retained: 470 before the end, 404 for what nobody knows", async () => {
    const { id } = await world.ask("/Once/slow/send", "attached", { "idempotency-key": "k5" });
    expect(await world.output(id)).toMatchObject({ status: 470 });
    const target = { target: "idempotentInvocation", service: "Once", handler: "slow", idempotencyKey: "k5" };
    const attached = await within(2000, "the result", world.ask("/restate/attach", target));
    expect(attached.status).toBe(200);
    expect(await world.output(id)).toMatchObject({ status: 200, body: attached.body });
    expect(await world.ask("/restate/lookup", target)).toMatchObject({ body: { invocationId: id } });
    expect(await world.ask("/restate/output", { ...target, idempotencyKey: "never" })).toMatchObject({
      status: 404,
    });
    const failed = await world.ask("/Once/fail/send", "k6", { "idempotency-key": "k6" });
    expect(await world.attach(failed.id)).toMatchObject({ status: 418 });
  });

  test("an expired result is gone at once, a purged one too", async () => {
    const key = { "idempotency-key": "k7" };
    const brief = await world.ask("/Once/brief", "expires", key);
    expect(await world.output(brief.id)).toMatchObject({ status: 200 });
    await pause(RETENTION_MS + 50);
    expect(await world.output(brief.id)).toMatchObject({ status: 404 });
    const kept = await world.ask("/Once/other", "purged", { "idempotency-key": "k8" });
    await until(async () => (await world.view(kept.id))?.status === "completed", "the end");
    expect((await world.admin(`/invocations/${kept.id}/purge`, "PATCH")).status).toBeLessThan(300);
    await until(async () => (await world.output(kept.id)).status === 404, "the purge");
  });
});

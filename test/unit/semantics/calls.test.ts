/** Calls and sends: exactly once, with their headers, keys, delays and failures. */
import { object, rpc, serde, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const runs = new Map<string, number>();
const attempts = new Map<string, number>();
const count = (map: Map<string, number>, name: string): number => {
  const next = (map.get(name) ?? 0) + 1;
  map.set(name, next);
  return next;
};
const order: string[] = [];

interface Seen {
  headers: Record<string, string>;
  idempotencyKey?: string;
  key?: string;
}

const callee = service({
  name: "Callee",
  handlers: {
    count: async (_ctx: Context, name: string) => count(runs, name),
    slowCount: async (ctx: Context, name: string) => {
      const value = await ctx.run("count", () => count(runs, name));
      await ctx.sleep(20);
      return value;
    },
    fail: async (_ctx: Context) => {
      throw new TerminalError("no such thing", { errorCode: 404, metadata: { thing: "x" } });
    },
    failOnce: async (_ctx: Context, name: string) => {
      count(runs, name);
      throw new TerminalError("once", { errorCode: 418 });
    },
    see: async (ctx: Context): Promise<Seen> => {
      const { headers, idempotencyKey } = ctx.request();
      return {
        headers: Object.fromEntries(headers),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      };
    },
    nothing: async (_ctx: Context) => undefined,
    mark: async (_ctx: Context, name: string) => void order.push(name),
    typed: async (_ctx: Context, input: { a: number }) => input.a,
    optional: async (_ctx: Context, input?: string) => input ?? "none",
    selfCall: async (_ctx: Context) => "self",
  },
});
const box = object({
  name: "Box",
  handlers: {
    mark: async (ctx: ObjectContext, name: string) => {
      order.push(name);
      return `${ctx.key}:${name}`;
    },
  },
});
const middle = service({
  name: "Middle",
  handlers: { fail: async (ctx: Context) => await ctx.serviceClient(callee).fail() },
});
const late = service({ name: "Late", handlers: { hello: async (_ctx: Context) => "hello" } });

const failFirst = (name: string, times = 1): void => {
  if (count(attempts, name) <= times) throw new Error(`attempt ${attempts.get(name)}`);
};

const caller = service({
  name: "Caller",
  options: { retryPolicy: { initialInterval: 1, maxInterval: 5, maxAttempts: 5, onMaxAttempts: "kill" } },
  handlers: {
    onceAcrossRetries: async (ctx: Context) => {
      ctx.serviceSendClient(callee).count("m2 sent");
      const first = await ctx.serviceClient(callee).count("m2 called");
      failFirst("m2", 3);
      await ctx.run("step", () => undefined);
      failFirst("m2 after step", 3);
      return first;
    },
    failures: async (ctx: Context) => {
      try {
        await ctx.serviceClient(middle).fail();
      } catch (error) {
        if (!(error instanceof TerminalError)) throw error;
        return { code: error.code, message: error.message, metadata: error.metadata };
      }
      return {};
    },
    failThrough: async (ctx: Context) => await ctx.serviceClient(middle).fail(),
    headers: async (ctx: Context) => {
      const client = ctx.serviceClient(callee);
      return [await client.see(rpc.opts({ headers: { "x-own": "1" } })), await client.see()];
    },
    idempotent: async (ctx: Context, name: string) => {
      const client = ctx.serviceClient(callee);
      const one = client.slowCount(name, rpc.opts({ idempotencyKey: name }));
      const two = client.slowCount(name, rpc.opts({ idempotencyKey: name }));
      const ids = [await one.invocationId, await two.invocationId];
      const results = [await one, await two];
      const after = await client.slowCount(name, rpc.opts({ idempotencyKey: name }));
      return { same: ids[0] === ids[1], results: [...results, after] };
    },
    idempotentFailure: async (ctx: Context) => {
      const ask = async () =>
        await ctx
          .serviceClient(callee)
          .failOnce("failed once", rpc.opts({ idempotencyKey: "failing" }))
          .then(
            () => "ok",
            (error: TerminalError) => `${error.code} ${error.message}`,
          );
      return [await ask(), await ask()];
    },
    delayed: async (ctx: Context) => {
      const client = ctx.objectSendClient(box, "delayed");
      client.mark("late", rpc.sendOpts({ delay: 60 }));
      client.mark("soon", rpc.sendOpts({ delay: { milliseconds: 25 } }));
      client.mark("now");
      client.mark("now too", rpc.sendOpts({ delay: 0 }));
    },
    ids: async (ctx: Context) => {
      const sent = ctx.serviceSendClient(callee).count("ids");
      const called = ctx.serviceClient(callee).count("ids");
      const before = [await sent.invocationId, await called.invocationId];
      await called;
      await ctx.sleep(1);
      return [...before, await sent.invocationId, await called.invocationId];
    },
    generic: async (ctx: Context) => {
      const json = await ctx.genericCall<string, string>({
        service: "Box",
        method: "mark",
        key: "generic",
        parameter: "g",
        inputSerde: serde.json as never,
        outputSerde: serde.json as never,
      });
      const bytes = await ctx.genericCall({
        service: "Callee",
        method: "nothing",
        parameter: new Uint8Array(0),
      });
      ctx.genericSend({
        service: "Callee",
        method: "mark",
        parameter: new TextEncoder().encode('"sent generically"'),
      });
      return [json, bytes.length];
    },
    byName: async (ctx: Context) => {
      const client = ctx.serviceClient<typeof callee>({ name: "Callee" });
      return [
        await client.optional(),
        await client.optional("x"),
        await client.nothing().map((value) => value === undefined),
      ];
    },
    unknownService: async (ctx: Context) => {
      await ctx.run("before", () => count(runs, "before unknown"));
      return await ctx.serviceClient(late).hello();
    },
    unknownHandler: async (ctx: Context) =>
      await ctx.genericCall({ service: "Callee", method: "missing", parameter: new Uint8Array(0) }),
    keyToService: async (ctx: Context) =>
      await ctx.genericCall({ service: "Callee", method: "nothing", key: "k", parameter: new Uint8Array(0) }),
    noKeyToObject: async (ctx: Context) =>
      await ctx.genericCall({ service: "Box", method: "mark", parameter: new Uint8Array(0) }),
    badInput: async (ctx: Context) => {
      const input = new TextEncoder().encode("{not json");
      return await ctx.genericCall({ service: "Callee", method: "typed", parameter: input }).then(
        () => "ok",
        (error: TerminalError) => `${error.code} ${error.message.slice(0, 27)}`,
      );
    },
    cannotSerialise: async (ctx: Context) => await ctx.serviceClient(callee).count(1n as never),
    unawaited: async (ctx: Context) => {
      void ctx.serviceClient(callee).count("unawaited");
      return "gone";
    },
    large: async (ctx: Context) => (await ctx.serviceClient(callee).optional("x".repeat(100_000))).length,
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(callee, box, middle, caller);
});
afterAll(async () => await world.stop());
const call = (path: string, body?: unknown) => within(4000, path, world.call(path, body));

test("M2: what is sent is sent once, whatever is tried again", async () => {
  expect(await call("/Caller/onceAcrossRetries")).toBe(1);
  await until(() => runs.get("m2 sent") === 1, "the send");
  await pause(20);
  expect([runs.get("m2 sent"), runs.get("m2 called")]).toEqual([1, 1]);
});

test("a callee's failure arrives whole, through every caller", async () => {
  const failure = { code: 404, message: "no such thing", metadata: { thing: "x" } };
  expect(await call("/Caller/failures")).toEqual(failure);
  expect(await world.ask("/Caller/failThrough")).toMatchObject({ status: 404, body: failure });
});

test("headers: a call's own, and those of a request", async () => {
  const [own, none] = (await call("/Caller/headers")) as [Seen, Seen];
  expect(own.headers).toMatchObject({ "x-own": "1" });
  expect(none.headers).not.toHaveProperty("x-own");
  expect(
    await world.call<Seen>("/Callee/see", undefined, { "x-outside": "2", "idempotency-key": "k1" }),
  ).toMatchObject({
    headers: { "x-outside": "2" },
    idempotencyKey: "k1",
  });
});

test("an idempotency key attaches to the first call's result, during and after it", async () => {
  expect(await call("/Caller/idempotent", "idempotent")).toEqual({ same: true, results: [1, 1, 1] });
  expect(runs.get("idempotent")).toBe(1);
  // The ingress uses the same names.
  expect(await world.call("/Callee/slowCount", "idempotent", { "idempotency-key": "idempotent" })).toBe(1);
});

test("also to its failure", async () => {
  expect(await call("/Caller/idempotentFailure")).toEqual(["418 once", "418 once"]);
  expect(runs.get("failed once")).toBe(1);
});

test("a delayed send joins the queue when it is due", async () => {
  await call("/Caller/delayed");
  await until(() => order.length === 4, "four of them");
  expect(order).toEqual(["now", "now too", "soon", "late"]);
});

test("a delayed request tells when", async () => {
  const startMs = Date.now();
  const { status, body } = await world.ask("/Callee/count/send?delay=80ms", "from outside");
  expect(status).toBe(202);
  expect(Date.parse((body as { executionTime: string }).executionTime)).toBeGreaterThanOrEqual(startMs + 80);
  await until(() => runs.get("from outside") === 1, "the run");
  expect(Date.now() - startMs).toBeGreaterThanOrEqual(80);
});

test("ids of calls and sends are known at once, and the same on replay", async () => {
  const [sent, called, ...again] = (await call("/Caller/ids")) as string[];
  expect(again).toEqual([sent, called]);
  expect(sent).not.toBe(called);
  expect((await world.output(called ?? "")).body).toBeTypeOf("number");
});

test("generic calls and sends take bytes", async () => {
  expect(await call("/Caller/generic")).toEqual(["generic:g", 0]);
  await until(() => order.includes("sent generically"), "the send");
  expect(await call("/Caller/byName")).toEqual(["none", "x", true]);
});

test.each([
  [
    "unknownService",
    /the service handler Late\/\w+ was not found: no service "Late" is registered; the call is retried until it exists \(RT0018\)/,
  ],
  [
    "unknownHandler",
    /service Callee has no handler "missing"; the call is retried until it exists \(RT0018\)/,
  ],
])("what does not exist keeps its caller retrying: %s", async (handler, words) => {
  const id = await world.send(`/Caller/${handler}`);
  const { status, body } = await within(3000, handler, world.attach(id));
  expect(status).toBe(500);
  expect((body as { message: string }).message).toMatch(words);
  expect(runs.get("before unknown")).toBe(1);
});

test.each([
  ["keyToService", /it takes no key/],
  ["noKeyToObject", /it needs a key/],
])("a call that can never succeed fails terminally, at the first attempt: %s", async (handler, words) => {
  const id = await world.send(`/Caller/${handler}`);
  const { body } = await within(3000, handler, world.attach(id));
  expect((body as { message: string }).message).toMatch(words);
  expect((await world.view(id))?.retry_count).toBe(0);
});

test("bad input fails the callee with 400", async () => {
  expect(await call("/Caller/badInput")).toBe("400 Failed to deserialize input");
});

test("an input that cannot be serialised fails the attempt, with words", async () => {
  const { body } = await within(3000, "the end", world.ask("/Caller/cannotSerialise"));
  expect((body as { message: string }).message).toMatch(/BigInt/);
});

test("a call that nobody awaits is made", async () => {
  expect(await call("/Caller/unawaited")).toBe("gone");
  await until(() => runs.get("unawaited") === 1, "the run");
});

test("large inputs and results", async () => {
  expect(await call("/Caller/large")).toBe(100_000);
});

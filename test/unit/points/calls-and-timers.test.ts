/** Calls, sends and sleeps: how often they happen, when, what they carry, and which callers are allowed. */
import {
  handlers,
  object,
  RetryableError,
  rpc,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until, within, World } from "../semantics/world.ts";

const received: string[] = [];
const attempts = new Map<string, number>();
const attempt = (name: string): number => {
  const next = (attempts.get(name) ?? 0) + 1;
  attempts.set(name, next);
  return next;
};

const receiver = service({
  name: "Receiver",
  handlers: {
    take: async (_ctx: Context, what: string) => void received.push(what),
    fail: async () => {
      throw new TerminalError("of the callee", { errorCode: 444, metadata: { which: "this one" } });
    },
    headers: async (ctx: Context) => Object.fromEntries(ctx.request().headers),
    numberOnly: async (_ctx: Context, value: number) => value + 1,
    hidden: handlers.handler({ ingressPrivate: true }, async () => "told in private"),
  },
});
const list = object({
  name: "List",
  handlers: {
    add: async (ctx: ObjectContext, what: string) => {
      const all = [...((await ctx.get<string[]>("all")) ?? []), what];
      ctx.set("all", all);
      return all;
    },
  },
});
const sender = service({
  name: "Sender",
  handlers: {
    acrossRetries: async (ctx: Context) => {
      const number = attempt("acrossRetries");
      await ctx.serviceClient(receiver).take("call");
      if (number < 2) throw new RetryableError("after the call", { retryAfter: 1 });
      ctx.serviceSendClient(receiver).take("send");
      await ctx.run("recorded", () => 1);
      if (number < 4) throw new RetryableError("after the send", { retryAfter: 1 });
    },
    sleepAcrossRetries: async (ctx: Context, ms: number) => {
      const number = attempt("sleepAcrossRetries");
      const startMs = await ctx.run("start", () => Date.now());
      await ctx.sleep(ms);
      if (number < 4) throw new RetryableError("after the sleep", { retryAfter: 1 });
      return Date.now() - startMs;
    },
    relay: async (ctx: Context) => await ctx.serviceClient(receiver).fail(),
    relayAgain: async (ctx: Context) => await ctx.serviceClient(sender0).relay(),
    ownHeaders: async (ctx: Context) =>
      await ctx.serviceClient(receiver).headers(rpc.opts({ headers: { "x-mine": "from the caller" } })),
    unknown: async (ctx: Context) =>
      await ctx.genericCall({ service: "Nobody", method: "home", parameter: new Uint8Array(0) }),
    badInput: async (ctx: Context) =>
      await ctx.genericCall({
        service: "Receiver",
        method: "numberOnly",
        parameter: new TextEncoder().encode("{ not json"),
      }),
    callHidden: async (ctx: Context) => await ctx.serviceClient(receiver).hidden(),
  },
});
/** Its own definition, for a call to itself. */
const sender0 = service({
  name: "Sender",
  handlers: { relay: async (_ctx: Context): Promise<void> => undefined },
});

let world: World;
beforeAll(async () => {
  world = await World.of(receiver, list, sender);
});
afterAll(async () => await world.stop());

describe("a journalled call or send happens once", () => {
  test("a recorded call or send happens once, whatever is tried again", async () => {
    await within(5000, "the sender", world.call("/Sender/acrossRetries"));
    await until(() => received.includes("send"), "the send");
    expect(received.toSorted()).toEqual(["call", "send"]);
    expect(attempts.get("acrossRetries")).toBeGreaterThanOrEqual(4);
  });
});

describe("a delayed send joins the queue when it is due", () => {
  test("a delayed send joins its key's queue when it is due, not before", async () => {
    const delayed = await world.send("/List/k/add", "delayed", "?delay=300ms");
    expect((await world.view(delayed))?.status).toBe("scheduled");
    expect(await world.call("/List/k/add", "meanwhile")).toEqual(["meanwhile"]);
    expect(await within(5000, "it to be due", world.attach(delayed))).toMatchObject({
      body: ["meanwhile", "delayed"],
    });
  });
});

describe("a sleep never ends early, and survives a crash", () => {
  test("a sleep does not end early, nor begin anew when the handler is tried again", async () => {
    const sleptMs = await within(5000, "the sleep", world.call<number>("/Sender/sleepAcrossRetries", 200));
    expect(sleptMs).toBeGreaterThanOrEqual(200);
    expect(attempts.get("sleepAcrossRetries")).toBeGreaterThanOrEqual(4);
  });
});

describe("the callee's code, message and metadata, transitively", () => {
  test.each(["relay", "relayAgain"])(
    "a callee's code, message and metadata reach the caller, through others too: %s",
    async (handler) => {
      expect(await world.ask(`/Sender/${handler}`)).toMatchObject({
        status: 444,
        body: { code: 444, message: "of the callee", metadata: { which: "this one" } },
      });
    },
  );
});

describe("headers; unknown targets are retried (RT0018); bad input is 400", () => {
  test("headers of a request, and of a call, arrive", async () => {
    expect(await world.call("/Receiver/headers", undefined, { "x-mine": "from outside" })).toMatchObject({
      "x-mine": "from outside",
    });
    expect(await world.call("/Sender/ownHeaders")).toMatchObject({ "x-mine": "from the caller" });
  });

  test("a call to what does not exist is tried again until it does, and says why", async () => {
    const id = await world.send("/Sender/unknown");
    const view = await world.untilStatus(id, "backing-off");
    expect(view.last_failure).toContain("Nobody");
    await world.kill(id);
  });

  test("bad input fails the callee terminally with 400", async () => {
    expect(await world.ask("/Sender/badInput")).toMatchObject({ status: 400 });
  });
});

describe("`ingressPrivate`; the admin API flips it", () => {
  test("a private handler: 400 from outside, open to other handlers, and the admin API can change it", async () => {
    const refused = { status: 400, body: { message: "the invoked service is not public" } };
    expect(await world.ask("/Receiver/hidden")).toMatchObject(refused);
    expect(await world.call("/Sender/callHidden")).toBe("told in private");
    expect(await world.call("/Receiver/numberOnly", 1)).toBe(2);
    await world.environment.admin("/services/Receiver", "PATCH", { public: false });
    await until(async () => (await world.ask("/Receiver/numberOnly", 1)).status === 400, "it to be private");
    await world.environment.admin("/services/Receiver", "PATCH", { public: true });
    await until(async () => (await world.ask("/Receiver/numberOnly", 1)).status === 200, "it to be public");
  });
});

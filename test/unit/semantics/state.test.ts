/** State: a handler reads its own writes, also after a suspension. A failure takes nothing back. */
import {
  handlers,
  object,
  TerminalError,
  type ObjectContext,
  type ObjectSharedContext,
  serde,
  service,
  type Context,
} from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import { until, within, World } from "./world.ts";

const fails = new Map<string, number>();

const store = object({
  name: "Store",
  handlers: {
    readYourWrites: async (ctx: ObjectContext) => {
      const seen: unknown[] = [await ctx.get("a")];
      ctx.set("a", 1);
      seen.push(await ctx.get("a"));
      ctx.set("a", { deep: [1] });
      seen.push(await ctx.get("a"));
      ctx.clear("a");
      seen.push(await ctx.get("a"));
      await ctx.sleep(1);
      seen.push(await ctx.get("a"));
      ctx.set("a", "after");
      await ctx.sleep(1);
      seen.push(await ctx.get("a"));
      return seen;
    },
    keys: async (ctx: ObjectContext) => {
      const seen: string[][] = [await ctx.stateKeys()];
      ctx.set("b", 1);
      ctx.set("a", 2);
      seen.push(await ctx.stateKeys());
      await ctx.sleep(1);
      ctx.clear("b");
      ctx.set("c", 3);
      seen.push(await ctx.stateKeys());
      ctx.clearAll();
      seen.push(await ctx.stateKeys());
      ctx.set("d", 4);
      await ctx.sleep(1);
      seen.push(await ctx.stateKeys());
      return seen;
    },
    fill: async (ctx: ObjectContext, names: string[]) => {
      for (const name of names) ctx.set(name, name);
    },
    clearAllThenSet: async (ctx: ObjectContext) => {
      ctx.set("pending", 1);
      ctx.clearAll();
      const between = [await ctx.get("old"), await ctx.get("pending")];
      ctx.set("new", 1);
      await ctx.sleep(1);
      return [...between, await ctx.get("old"), await ctx.get("new"), await ctx.stateKeys()];
    },
    setThenFail: async (ctx: ObjectContext, value: string) => {
      ctx.set("kept", value);
      throw new TerminalError("after the set", { errorCode: 422 });
    },
    setThenRetry: async (ctx: ObjectContext) => {
      const count = ((await ctx.get<number>("count")) ?? 0) + 1;
      ctx.set("count", count);
      await ctx.run("step", () => undefined);
      const again = ((await ctx.get<number>("count")) ?? 0) + 1;
      ctx.set("count", again);
      const failed = fails.get(ctx.key) ?? 0;
      fails.set(ctx.key, failed + 1);
      if (failed < 3) throw new Error("again");
      return again;
    },
    setAndWait: async (ctx: ObjectContext, value: string) => {
      ctx.set("shown", value);
      await ctx.sleep({ minutes: 5 });
    },
    holdValue: async (ctx: ObjectContext) => {
      const before = await ctx.get("shown");
      ctx.set("shown", "mine");
      await ctx.sleep(30);
      return [before, await ctx.get("shown")];
    },
    all: handlers.object.shared(async (ctx: ObjectSharedContext) => {
      const names = await ctx.stateKeys();
      const values: Record<string, unknown> = {};
      for (const name of names) values[name] = await ctx.get(name);
      return values;
    }),
    /** Reads, then replays the read. It sees the same value. */
    readTwice: handlers.object.shared(async (ctx: ObjectSharedContext) => {
      const first = await ctx.get("shown");
      await ctx.sleep(40);
      return [first, await ctx.get("shown")];
    }),
    writeShared: handlers.object.shared(async (ctx: ObjectSharedContext) => {
      (ctx as ObjectContext).set("no", 1);
    }),
    large: async (ctx: ObjectContext, size: number) => {
      ctx.set("large", "x".repeat(size));
      await ctx.sleep(1);
      return (await ctx.get<string>("large"))?.length;
    },
    binary: async (ctx: ObjectContext) => {
      ctx.set("bytes", new Uint8Array([0, 255, 7]), serde.binary);
      await ctx.sleep(1);
      return [...((await ctx.get<Uint8Array>("bytes", serde.binary)) ?? [])];
    },
    odd: async (ctx: ObjectContext) => {
      ctx.set("undefined", undefined);
      ctx.set("null", null);
      ctx.set("ü/#", "strange name");
      await ctx.sleep(1);
      return [(await ctx.get("undefined")) === undefined, await ctx.get("null"), await ctx.get("ü/#")];
    },
    emptyName: async (ctx: ObjectContext) => {
      ctx.set("", 1);
    },
    tooLarge: async (ctx: ObjectContext) => {
      ctx.set("large", "x".repeat(PAYLOAD_BYTES_MAX));
    },
  },
});

const noKey = service({
  name: "NoKey",
  handlers: {
    get: async (ctx: Context) => await (ctx as ObjectContext).get("a"),
    key: async (ctx: Context) => (ctx as ObjectContext).key,
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(store, noKey);
});
afterAll(async () => await world.stop());
const call = (path: string, body?: unknown) => within(3000, path, world.call(path, body));

test("a handler reads what it wrote, also after a suspension", async () => {
  expect(await call("/Store/own/readYourWrites")).toEqual([null, 1, { deep: [1] }, null, null, "after"]);
  expect(await call("/Store/own/all")).toEqual({ a: "after" });
});

test("stateKeys knows own writes", async () => {
  expect(await call("/Store/keys/keys")).toEqual([[], ["a", "b"], ["a", "c"], [], ["d"]]);
  expect(await call("/Store/keys/all")).toEqual({ d: 4 });
});

test("clearAll clears what was there, and what was about to be; a later set stays", async () => {
  await call("/Store/cleared/fill", ["old", "older"]);
  expect(await call("/Store/cleared/clearAllThenSet")).toEqual([null, null, null, 1, ["new"]]);
  expect(await call("/Store/cleared/all")).toEqual({ new: 1 });
});

test("a terminal failure takes nothing back", async () => {
  expect(await world.ask("/Store/failed/setThenFail", "v")).toMatchObject({ status: 422 });
  expect(await call("/Store/failed/all")).toEqual({ kept: "v" });
});

test("retries apply a write once", async () => {
  expect(await call("/Store/retried/setThenRetry")).toBe(2);
  expect(await call("/Store/retried/all")).toEqual({ count: 2 });
});

test("a shared handler sees what a suspended writer has set", async () => {
  const id = await world.send("/Store/shown/setAndWait", "new");
  await world.untilStatus(id, "suspended");
  // The suspension is appended before the state is written.
  await until(async () => "shown" in (await world.call<object>("/Store/shown/all")), "state");
  expect(await call("/Store/shown/all")).toEqual({ shown: "new" });
  await world.kill(id);
  expect(await call("/Store/shown/all")).toEqual({ shown: "new" });
});

test("what a shared handler has read before it suspended is the same afterwards", async () => {
  await call("/Store/read/fill", ["shown"]);
  const id = await world.send("/Store/read/readTwice");
  await world.untilStatus(id, "suspended");
  const writer = world.call("/Store/read/holdValue");
  expect((await within(2000, "the reader", world.attach(id))).body).toEqual(["shown", "shown"]);
  expect(await writer).toEqual(["shown", "mine"]);
});

test("a shared handler cannot write", async () => {
  const { status, body } = await world.ask("/Store/shared/writeShared");
  expect(status).toBe(500);
  expect((body as { message: string }).message).toContain("exclusive handler");
});

test("a service has no state and no key", async () => {
  expect((await world.ask("/NoKey/get")).status).toBe(500);
  expect((await world.ask("/NoKey/key")).status).toBe(500);
});

test.each([1000, 1100, 50_000, 200_000])("large values: %d bytes", async (size) => {
  expect(await call(`/Store/large${size}/large`, size)).toBe(size);
  expect(
    await until(async () => await world.call<object>(`/Store/large${size}/all`), "state"),
  ).toHaveProperty("large");
});

test("what is too large is refused terminally, with its name", async () => {
  const { status, body } = await world.ask("/Store/toolarge/tooLarge");
  expect(status).toBe(413);
  expect((body as { message: string }).message).toContain('state key "large"');
});

test("an empty name is refused, and blocks nobody", async () => {
  const { status, body } = await within(2000, "an answer", world.ask("/Store/empty/emptyName"));
  expect(status).toBe(500);
  expect((body as { message: string }).message).toContain("state key");
  await call("/Store/empty/fill", ["a"]);
});

test("bytes, and values and names at the edge", async () => {
  expect(await call("/Store/bytes/binary")).toEqual([0, 255, 7]);
  expect(await call("/Store/odd/odd")).toEqual([true, null, "strange name"]);
});

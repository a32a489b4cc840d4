/** What is called, sent, measured and looked at by most of the steps. */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Context,
  handlers,
  object,
  type ObjectContext,
  type ObjectSharedContext,
  serde,
  service,
} from "../../../sdk/index.ts";

const MB = 1024 * 1024;
/** How often the process has looked at its clock since it began. While a function is frozen it cannot. */
let ticks = 0;
setInterval(() => ticks++, 100).unref();
const PROCESS = randomBytes(6).toString("hex");

interface Hops {
  readonly key: string;
  readonly left: number;
}

const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx: Context, name: string) => `hello ${name}`,
    /** The time at which it began. Nothing is recorded before. */
    began: async () => Date.now(),
    steps: async (ctx: Context, count: number) => {
      let sum = 0;
      for (let step = 0; step < count; step++) sum += await ctx.run(`step ${step}`, () => step);
      return sum;
    },
    chain: async (ctx: Context, depth: number): Promise<number> => {
      if (depth === 0) return 0;
      const next = ctx.serviceClient<{ chain: (ctx: Context, depth: number) => Promise<number> }>({
        name: "Greeter",
      });
      return 1 + (await next.chain(depth - 1));
    },
    /** The same, but each link is a message. It counts them. */
    hops: async (ctx: Context, { key, left }: Hops): Promise<void> => {
      ctx.objectSendClient(account, key).deposit(1);
      if (left === 0) return;
      const next = ctx.serviceSendClient<{ hops: (ctx: Context, hops: Hops) => Promise<void> }>({
        name: "Greeter",
      });
      next.hops({ key, left: left - 1 });
    },
    headers: async (ctx: Context, name: string) => ctx.request().headers.get(name)?.length ?? 0,
  },
});

const account = object({
  name: "Account",
  handlers: {
    deposit: async (ctx: ObjectContext, amount: number) => {
      const total = ((await ctx.get<number>("total")) ?? 0) + amount;
      ctx.set("total", total);
      return total;
    },
    total: handlers.object.shared(async (ctx: ObjectSharedContext) => (await ctx.get<number>("total")) ?? 0),
    began: async () => Date.now(),
    fill: async (ctx: ObjectContext, count: number) => {
      for (let n = 0; n < count; n++) ctx.set(`key ${n}`, `value ${n}`);
    },
    read: async (ctx: ObjectContext) => [
      await ctx.get("key 0"),
      await ctx.get("key 1"),
      await ctx.get("key 2"),
    ],
  },
});

const keys = object({
  name: "Keys",
  handlers: { key: async (ctx: ObjectContext) => Buffer.from(ctx.key).toString("hex") },
});

const blobs = service({
  name: "Blobs",
  handlers: {
    hash: handlers.handler(
      { input: serde.binary, output: serde.json },
      async (_ctx: Context, bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex"),
    ),
    count: async (_ctx: Context, values: readonly unknown[]) => values.length,
    make: handlers.handler({ input: serde.json, output: serde.binary }, async (_ctx: Context, mb: number) =>
      new Uint8Array(mb * MB).fill(7),
    ),
  },
});

const waiting = service({
  name: "Waiting",
  handlers: {
    awakeable: async (ctx: Context, key: string) => {
      const { id, promise } = ctx.awakeable<string>();
      ctx.objectSendClient(line, key).append(id);
      return await promise;
    },
    /** Returns how late it woke, in milliseconds. */
    sleep: async (ctx: Context, ms: number) => {
      const dueMs = (await ctx.run("due", () => Date.now())) + ms;
      await ctx.sleep(ms);
      return await ctx.run("late", () => Date.now() - dueMs);
    },
    /** A step that takes long. Returns when it began. */
    pause: async (ctx: Context, ms: number) =>
      await ctx.run("pause", async () => {
        const atMs = Date.now();
        await pause(ms);
        return atMs;
      }),
    /** Which process it is, and how often that has looked at its clock. */
    ticks: async (): Promise<{ process: string; ticks: number }> => ({ process: PROCESS, ticks }),
  },
});

/** A list in the order in which things came. */
const line = object({
  name: "Line",
  handlers: {
    append: async (ctx: ObjectContext, item: unknown) => {
      const items = (await ctx.get<unknown[]>("items")) ?? [];
      ctx.set("items", [...items, item]);
      return items.length;
    },
    items: handlers.object.shared(
      async (ctx: ObjectSharedContext) => (await ctx.get<unknown[]>("items")) ?? [],
    ),
  },
});

export default [greeter, account, keys, blobs, waiting, line];

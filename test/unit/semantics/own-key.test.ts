/** A handler that awaits an exclusive handler of its own key would wait for itself. It is refused at once, with words (W1). */
import {
  DurablePromise,
  handlers,
  object,
  rpc,
  service,
  workflow,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { within, World } from "./world.ts";

let attempts = 0;
let ran: string[] = [];
interface Calls {
  add(ctx: ObjectContext, n: number): Promise<number>;
  read(ctx: ObjectSharedContext): Promise<number>;
}
const own = (ctx: ObjectSharedContext, key = ctx.key) => ctx.objectClient<Calls>({ name: "Own" }, key);

const it = object({
  name: "Own",
  handlers: {
    add: async (ctx: ObjectContext, n: number) => {
      ran.push(`add ${ctx.key}`);
      ctx.set("n", n);
      return n;
    },
    read: handlers.object.shared(async (ctx: ObjectSharedContext) => (await ctx.get<number>("n")) ?? 0),
    awaits: async (ctx: ObjectContext) => {
      attempts++;
      return await own(ctx).add(1);
    },
    later: async (ctx: ObjectContext) => {
      attempts++;
      const call = own(ctx).add(1);
      await ctx.sleep(1);
      return await call;
    },
    all: async (ctx: ObjectContext) => {
      attempts++;
      return await DurablePromise.all([
        ctx.sleep(1),
        own(ctx)
          .add(1)
          .map((n = 0) => n),
      ]);
    },
    generic: async (ctx: ObjectContext) => {
      attempts++;
      return await ctx.genericCall({
        service: "Own",
        method: "generic",
        key: ctx.key,
        parameter: new Uint8Array(),
      });
    },
    // What is right.
    bounded: async (ctx: ObjectContext) =>
      await own(ctx)
        .add(1)
        .orTimeout(20)
        .catch(() => -1),
    another: async (ctx: ObjectContext) => await own(ctx, "another").add(2),
    shared: async (ctx: ObjectContext) => await own(ctx).read(),
    sent: async (ctx: ObjectContext) => void ctx.objectSendClient<Calls>({ name: "Own" }, ctx.key).add(3),
    unawaited: async (ctx: ObjectContext) => (await own(ctx).add(4).invocationId).length > 0,
    ended: async (ctx: ObjectContext) => await own(ctx).add(5, rpc.opts({ idempotencyKey: "once" })),
    fromShared: handlers.object.shared(async (ctx: ObjectSharedContext) => await own(ctx).add(6)),
  },
});
const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext): Promise<unknown> =>
      await ctx.workflowClient<{ run(ctx: WorkflowContext): Promise<void> }>({ name: "Flow" }, ctx.key).run(),
    look: async (_ctx: WorkflowSharedContext) => 1,
  },
});
const other = service({
  name: "Other",
  handlers: {
    through: async (ctx: Context, key: string) => await ctx.objectClient<Calls>({ name: "Own" }, key).add(7),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(it, flow, other);
});
afterAll(async () => {
  await world.stop();
});

describe("is refused:", () => {
  test.each(["awaits", "later", "all", "generic"])("%s", async (handler) => {
    attempts = 0;
    ran = [];
    const { status, body } = await within(5000, handler, world.ask(`/Own/${handler}/${handler}`));
    expect({ status, body }).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining("each would wait for the other") },
    });
    expect((body as { message: string }).message).toMatch(
      new RegExp(
        `^Own/${handler}/${handler} awaits its call of Own/${handler}/(add|generic): .*ctx\\.objectSendClient\\)\\.$`,
        "u",
      ),
    );
    // "later" is replayed once.
    expect(attempts).toBe(handler === "later" ? 2 : 1);
    // The key is free.
    expect(await within(5000, "the key", world.call(`/Own/${handler}/add`, 9))).toBe(9);
    expect(ran).toHaveLength(handler === "later" ? 2 : 1);
  });

  test("a workflow that runs itself", async () => {
    const { status, body } = await within(5000, "the workflow", world.ask("/Flow/w/run"));
    expect({ status, body }).toMatchObject({
      status: 500,
      body: { message: expect.stringMatching(/^Flow\/w\/run awaits/u) },
    });
  });
});

describe("is fine:", () => {
  test.each([
    ["another", 2],
    ["shared", 0],
    ["sent", undefined],
    ["unawaited", true],
    ["fromShared", 6],
    ["bounded", -1],
  ])("%s", async (handler, result) => {
    expect(await within(5000, handler, world.call(`/Own/fine-${handler}/${handler}`))).toBe(result);
  });

  test("a call that has ended before, by its idempotency key", async () => {
    await world.call("/Own/e/add", 1, { "idempotency-key": "once" });
    expect(await within(5000, "the result", world.call("/Own/e/ended"))).toBe(1);
  });

  test("through another service, it is no handler of the key's", async () => {
    expect(await within(5000, "the result", world.call("/Other/through", "t"))).toBe(7);
  });
});

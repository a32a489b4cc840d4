/**
 * What is sent to an invocation reaches it while it runs: a loop of steps without any other wait. With Restate it stops within a
 * step, whatever was sent, and from wherever.
 */
import { type Context, DurablePromise, service, TerminalError } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const STEPS = 20;
const STEP_MS = 100;

/** Steps that were run, by the loop's name. */
const ran = new Map<string, number>();
const ids = new Map<string, string>();
const awakeables = new Map<string, string>();
const ended = new Map<string, string>();

async function step(ctx: Context, name: string, index: number): Promise<string> {
  return await ctx.run(`step ${index}`, async () => {
    ran.set(name, index + 1);
    await pause(STEP_MS);
    return "step";
  });
}
const caught = (error: unknown): string =>
  error instanceof TerminalError ? `${error.name} ${error.code}` : String(error);

/** Races each step with the promise, which stops the loop. */
async function untilStopped(ctx: Context, name: string, promise: DurablePromise<string>): Promise<string> {
  for (let index = 0; index < STEPS; index++) {
    const winner = await DurablePromise.race([
      promise,
      ctx.run(`step ${index}`, async () => {
        ran.set(name, index + 1);
        await pause(STEP_MS);
        return "step";
      }),
    ]);
    if (winner === "stop") return "stopped";
  }
  return "all";
}

const loop = service({
  name: "Loop",
  handlers: {
    steps: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      try {
        for (let index = 0; index < STEPS; index++) await step(ctx, name, index);
      } catch (error) {
        ended.set(name, caught(error));
        throw error;
      }
      ended.set(name, "all");
      return "all";
    },
    naps: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      for (let index = 0; index < STEPS; index++) {
        await step(ctx, name, index);
        await ctx.sleep(10);
      }
      return "all";
    },
    untilAwakeable: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      const { id, promise } = ctx.awakeable<string>();
      awakeables.set(name, id);
      return await untilStopped(ctx, name, promise);
    },
    untilSignal: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      const promise = ctx.signal<string>("stop");
      return await untilStopped(ctx, name, promise);
    },
  },
});

const caller = service({
  name: "Caller",
  handlers: {
    call: async (ctx: Context, name: string) => {
      ids.set(`${name}.caller`, ctx.request().id);
      return await ctx.serviceClient(loop).steps(name);
    },
    cancelAndAttach: async (ctx: Context, name: string) => {
      const handle = ctx.serviceSendClient(loop).steps(name);
      const id = await handle.invocationId;
      await ctx.sleep(3 * STEP_MS);
      ctx.cancel(id);
      try {
        return `attached: ${await ctx.attach<string>(id)}`;
      } catch (error) {
        return `attached: ${caught(error)}`;
      }
    },
    cancelCall: async (ctx: Context, name: string) => {
      const call = ctx.serviceClient(loop).steps(name);
      const id = await call.invocationId;
      await ctx.sleep(3 * STEP_MS);
      ctx.cancel(id);
      return await call.catch(caught);
    },
    cancel: async (ctx: Context, id: string) => {
      await Promise.resolve();
      ctx.cancel(id);
    },
    resolve: async (ctx: Context, id: string) => {
      await Promise.resolve();
      ctx.resolveAwakeable(id, "stop");
    },
    signal: async (ctx: Context, id: string) => {
      await Promise.resolve();
      ctx.invocation(id).signal("stop").resolve("stop");
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(loop, caller);
});
afterAll(async () => await world.stop());

/** The loop runs its third step. */
const underWay = async (name: string): Promise<string> => {
  await until(() => (ran.get(name) ?? 0) >= 3, `step 3 of ${name}`);
  return ids.get(name) ?? "";
};

/** It has stopped within a step or two of the one in which it was told. */
async function hasStopped(name: string): Promise<void> {
  await pause(4 * STEP_MS);
  const count = ran.get(name) ?? 0;
  await pause(3 * STEP_MS);
  expect(ran.get(name)).toBe(count);
  expect(count).toBeLessThan(9);
}

describe("a loop of steps hears", () => {
  test("ctx.cancel, and throws where it awaits", async () => {
    const name = "cancel";
    await world.send("/Loop/steps", name);
    await world.call("/Caller/cancel", await underWay(name));
    await hasStopped(name);
    expect(ended.get(name)).toBe("CancelledError 409");
  });

  test("ctx.cancel, also while it sleeps between its steps", async () => {
    const name = "naps";
    await world.send("/Loop/naps", name);
    await world.call("/Caller/cancel", await underWay(name));
    await hasStopped(name);
  });

  test("ctx.cancel before ctx.attach", async () => {
    const name = "attach";
    expect(await within(5000, name, world.call("/Caller/cancelAndAttach", name))).toBe(
      "attached: TerminalError 409",
    );
    await hasStopped(name);
  });

  test("ctx.cancel of an awaited call", async () => {
    const name = "awaited";
    expect(await within(5000, name, world.call("/Caller/cancelCall", name))).toBe("TerminalError 409");
    await hasStopped(name);
  });

  test("the cancellation of its parent by an operator", async () => {
    const name = "parent";
    await world.send("/Caller/call", name);
    await underWay(name);
    await world.cancel(ids.get(`${name}.caller`) ?? "");
    await hasStopped(name);
    expect(ended.get(name)).toBe("CancelledError 409");
  });

  test("the kill of its parent", async () => {
    const name = "killed";
    await world.send("/Caller/call", name);
    await underWay(name);
    await world.kill(ids.get(`${name}.caller`) ?? "");
    await hasStopped(name);
    expect(ended.get(name)).toBeUndefined();
  });

  test("an operator's cancellation", async () => {
    const name = "operator";
    await world.send("/Loop/steps", name);
    await world.cancel(await underWay(name));
    await hasStopped(name);
    expect(ended.get(name)).toBe("CancelledError 409");
  });

  test("an awakeable that is resolved over HTTP, in a race with its step", async () => {
    const name = "awakeable";
    const id = await world.send("/Loop/untilAwakeable", name);
    await underWay(name);
    await world.ask(`/restate/awakeables/${awakeables.get(name)}/resolve`, "stop");
    await hasStopped(name);
    expect(await world.attach(id)).toMatchObject({ body: "stopped" });
  });

  test("an awakeable that a handler resolves, in a race with its step", async () => {
    const name = "resolved";
    const id = await world.send("/Loop/untilAwakeable", name);
    await underWay(name);
    await world.call("/Caller/resolve", awakeables.get(name));
    await hasStopped(name);
    expect(await world.attach(id)).toMatchObject({ body: "stopped" });
  });

  test("a signal of a handler, in a race with its step", async () => {
    const name = "signal";
    const id = await world.send("/Loop/untilSignal", name);
    await world.call("/Caller/signal", await underWay(name));
    await hasStopped(name);
    expect(await world.attach(id)).toMatchObject({ body: "stopped" });
  });
});

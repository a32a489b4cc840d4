/** `explicitCancellation`: a cancellation rejects nothing. The handler listens for it if and when it wants to. */
import { DurablePromise, handlers, object, service, TerminalError } from "perdure";
import type { Context, ExplicitCancellation, ObjectContext } from "perdure";
import * as restate from "perdure/restate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SERVED } from "../../../sdk/endpoint.ts";
import { pause, until, within, World } from "../semantics/world.ts";

type Listening = Context & ExplicitCancellation;
const listening = (ctx: Context): Listening => ctx as Listening;
const cancelled = (ctx: Context) =>
  listening(ctx)
    .cancellation()
    .map((): never => {
      throw new TerminalError("cancelled", { errorCode: 499 });
    });

const running = new Set<string>();

const child = service({
  name: "Child",
  handlers: {
    wait: async (ctx: Context): Promise<void> => await ctx.sleep({ days: 1 }),
    quick: async (_ctx: Context) => await Promise.resolve("quick"),
  },
});

const listener = service({
  name: "Listener",
  handlers: {
    race: async (ctx: Context) => await DurablePromise.race([ctx.sleep({ days: 1 }), cancelled(ctx)]),
    /** Cleans up with a durable wait, and listens again. */
    twice: async (ctx: Context) => {
      const first = await DurablePromise.race([ctx.sleep({ days: 1 }), cancelled(ctx)]).catch(String);
      await ctx.run("clean up", () => "cleaned");
      await ctx.sleep(1);
      const second = await DurablePromise.race([
        ctx.sleep({ days: 1 }).map(() => "late"),
        listening(ctx)
          .cancellation()
          .map(() => "second"),
      ]);
      return [first, second];
    },
    /** Never listens. */
    deaf: async (ctx: Context) => {
      const approved = await ctx.signal<string>("approved");
      return [approved, await ctx.run("after", () => "after")];
    },
    /** Listens when it has been cancelled already. */
    late: async (ctx: Context) => {
      await ctx.signal("go");
      await listening(ctx).cancellation();
      return "heard";
    },
    same: async (ctx: Context) => {
      const before = listening(ctx).cancellation();
      const again = listening(ctx).cancellation();
      await before;
      return [before === again, listening(ctx).cancellation() === before];
    },
    abort: async (ctx: Context, name: string) => {
      const controller = new AbortController();
      const steps = [0, 1, 2].map((index) =>
        ctx.run(`step ${index}`, async () => {
          running.add(`${name}.${index}`);
          await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
          return `aborted ${index}`;
        }),
      );
      const aborted = listening(ctx)
        .cancellation()
        .map(() => {
          controller.abort();
          return "cancelled";
        });
      const first = await DurablePromise.race([...steps, aborted]);
      return [first, await DurablePromise.all(steps)];
    },
    /** Replays with the sleep. */
    batches: async (ctx: Context, [first, second]: readonly [number, number]) => {
      const call = (count: number) => {
        for (let index = 0; index < count; index++) void ctx.serviceClient(child).wait();
      };
      call(first);
      const one = await listening(ctx).cancelPreviousCalls();
      await ctx.sleep(1);
      call(second);
      ctx.serviceSendClient(child).wait();
      return [one, await listening(ctx).cancelPreviousCalls(), await listening(ctx).cancelPreviousCalls()];
    },
    processing: async (ctx: Context) => {
      const before = listening(ctx).isProcessing();
      const seen = await ctx.run("seen", () => before);
      await ctx.sleep(1);
      return [seen, before, listening(ctx).isProcessing()];
    },
  },
  options: { explicitCancellation: true },
});

const implicit = service({
  name: "Implicit",
  handlers: {
    wait: async (ctx: Context) => {
      const call = ctx.serviceClient(child).wait();
      const none = await listening(ctx).cancelPreviousCalls();
      const what = await DurablePromise.race([call, listening(ctx).cancellation()]).catch(String);
      return [none, what];
    },
    own: handlers.handler({ explicitCancellation: true }, async (ctx: Context) => {
      await listening(ctx).cancellation();
      return "handler's option";
    }),
  },
});

const signaller = service({
  name: "Signaller",
  handlers: {
    signal: async (ctx: Context, [id, name, value]: readonly [string, string, unknown]) => {
      ctx.invocation(id).signal(name).resolve(value);
      await Promise.resolve();
    },
  },
});

const exclusive = object({
  name: "Exclusive",
  handlers: {
    wait: async (ctx: ObjectContext) => {
      await listening(ctx).cancellation();
      return ctx.key;
    },
  },
  options: { explicitCancellation: true },
});

let world: World;
beforeAll(async () => {
  world = await World.of(child, listener, implicit, exclusive, signaller);
});
afterAll(async () => await world.stop());

const resultOf = async (id: string): Promise<unknown> => {
  const { status, body } = await within(5000, `the end of ${id}`, world.attach(id));
  return status === 200 ? body : [status, (body as { message: string }).message];
};

test("a race against the cancellation", async () => {
  const id = await world.send("/Listener/race");
  await world.untilStatus(id, "suspended");
  expect(await world.cancel(id)).toBe(202);
  expect(await resultOf(id)).toEqual([499, "cancelled"]);
});

test("after a delivery the next promise is a fresh one, on replay too", async () => {
  const id = await world.send("/Listener/twice");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  const cleaned = async () => (await world.journal(id)).filter(({ type }) => type === "sleep").length === 3;
  await until(cleaned, "the second race");
  await world.cancel(id);
  expect(await resultOf(id)).toEqual(["TerminalError: cancelled", "second"]);
});

test("nothing that it awaits is rejected if it does not listen", async () => {
  const id = await world.send("/Listener/deaf");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  await until(async () => (await world.journal(id)).some(({ type }) => type === "cancelled"), "its delivery");
  await world.untilStatus(id, "suspended");
  await world.call("/Signaller/signal", [id, "approved", "yes"]);
  expect(await resultOf(id)).toEqual(["yes", "after"]);
});

test("a cancellation that comes early is kept", async () => {
  const id = await world.send("/Listener/late");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  await until(async () => (await world.journal(id)).some(({ type }) => type === "cancelled"), "its delivery");
  await world.call("/Signaller/signal", [id, "go", null]);
  expect(await resultOf(id)).toBe("heard");
});

test("it is the same promise until it has settled", async () => {
  const id = await world.send("/Listener/same");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  expect(await resultOf(id)).toEqual([true, false]);
});

test("it reaches a turn whose steps run, and nothing was recorded before them", async () => {
  const id = await world.send("/Listener/abort", "a");
  await until(() => running.size === 3, "the steps to run");
  await pause(20);
  expect(await world.cancel(id)).toBe(202);
  expect(await resultOf(id)).toEqual(["cancelled", ["aborted 0", "aborted 1", "aborted 2"]]);
  expect((await world.view(id))?.retry_count).toBeLessThanOrEqual(1);
});

test("previous calls are cancelled in batches; sends are not", async () => {
  const id = await world.send("/Listener/batches", [2, 3]);
  const [one, two, three] = (await resultOf(id)) as string[][];
  expect([one?.length, two?.length, three]).toEqual([2, 3, []]);
  const all = [...(one ?? []), ...(two ?? [])];
  expect(new Set(all).size).toBe(5);
  for (const each of all) expect(await resultOf(each)).toEqual([409, "Cancelled"]);
  expect(await world.call("/Listener/batches", [0, 0])).toEqual([[], [], []]);
});

test("whether it is processing", async () => {
  expect(await world.call("/Listener/processing")).toEqual([true, false, true]);
});

test("without the option nothing is heard, no call is cancelled by hand, and awaits are rejected", async () => {
  const id = await world.send("/Implicit/wait");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  expect(await resultOf(id)).toEqual([[], "CancelledError: Cancelled"]);
});

test("an option of the handler, or of an object", async () => {
  for (const [path, result] of [
    ["/Implicit/own", "handler's option"],
    ["/Exclusive/k/wait", "k"],
  ] as const) {
    const id = await world.send(path);
    await world.untilStatus(id, "suspended");
    await world.cancel(id);
    expect(await resultOf(id)).toBe(result);
  }
});

test("under Restate's names, as an endpoint's default", async () => {
  const names = restate.service({
    name: "Names",
    handlers: {
      wait: async (ctx: restate.Context): Promise<string> =>
        await restate.RestatePromise.race([
          ctx.sleep({ days: 1 }).map(() => "slept"),
          (ctx as restate.internal.ContextInternal).cancellation().map(() => "cancelled"),
        ]),
      calls: async (ctx: restate.Context): Promise<restate.InvocationId[]> =>
        await (ctx as restate.internal.ContextInternal).cancelPreviousCalls(),
    },
  });
  const defaultServiceOptions = { explicitCancellation: true };
  const other = await World.of({ [SERVED]: { services: [names], defaultServiceOptions } });
  try {
    const id = await other.send("/Names/wait");
    await other.untilStatus(id, "suspended");
    await other.cancel(id);
    expect((await within(3000, "the end", other.attach(id))).body).toBe("cancelled");
    expect(await other.call("/Names/calls")).toEqual([]);
  } finally {
    await other.stop();
  }
});

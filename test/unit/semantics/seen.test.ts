/** A turn that lasts is seen, in its first turn too, and what comes before it has written anything takes effect. */
import {
  type Context,
  handlers,
  object,
  type ObjectContext,
  type ObjectSharedContext,
  service,
  TerminalError,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const LONG_MS = 2500;
const aborted = new Map<string, string>();
const after = new Map<string, string>();
const begun = new Set<string>();

/** A step that takes long, and what follows it. */
async function work(ctx: Context, name: string): Promise<string> {
  begun.add(name);
  try {
    await ctx.run("long", async ({ signal }) => {
      signal.addEventListener("abort", () => void aborted.set(name, String(signal.reason)));
      await pause(LONG_MS);
    });
  } catch (error) {
    after.set(name, error instanceof TerminalError ? error.name : String(error));
    throw error;
  }
  after.set(name, "done");
  return "done";
}

const worker = service({
  name: "Worker",
  handlers: {
    work,
    /** Its second turn runs under a note. */
    later: async (ctx: Context, name: string) => {
      await ctx.sleep(1);
      return await work(ctx, name);
    },
  },
});
const keyed = object({
  name: "Keyed",
  handlers: {
    work: async (ctx: ObjectContext, name: string) => await work(ctx, name),
    hold: async (ctx: ObjectContext) => await ctx.signal("release"),
    release: handlers.object.shared(async (ctx: ObjectSharedContext, id: string) => {
      ctx.invocation(id).signal("release").resolve();
      await Promise.resolve();
    }),
    quick: async (ctx: ObjectContext) => await Promise.resolve(ctx.key),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(worker, keyed);
});
afterAll(async () => await world.stop());

const underWay = async (name: string): Promise<unknown> => await until(() => begun.has(name), name);

describe("a turn that has written nothing", () => {
  test("is listed after a second, and described", async () => {
    const id = await world.send("/Worker/work", "listed");
    await until(async () => (await world.view(id))?.status === "running", "it to be seen", 2000);
    const { body } = await world.admin("/invocations?status=running");
    expect(JSON.stringify(body)).toContain(id);
    expect((await world.attach(id)).body).toBe("done");
  });

  test("is killed, and its closure hears of it", async () => {
    const id = await world.send("/Worker/work", "killed");
    await underWay("killed");
    expect(await world.kill(id)).toBeLessThan(300);
    expect(await within(1500, "the end", world.attach(id))).toMatchObject({ status: 409 });
    await until(() => aborted.has("killed"), "the signal");
    await pause(LONG_MS);
    expect(after.get("killed")).toBeUndefined();
  });

  test("is cancelled: its await throws, and its closure hears of it", async () => {
    const id = await world.send("/Worker/work", "cancelled");
    await underWay("cancelled");
    expect(await world.cancel(id)).toBe(202);
    expect(await within(1500, "the end", world.attach(id))).toMatchObject({ status: 409 });
    expect(after.get("cancelled")).toBe("CancelledError");
    expect(aborted.get("cancelled")).toContain("Cancelled");
  });

  const sent: Record<string, (name: string) => Promise<string>> = {
    "one with an idempotency key": async (name) =>
      await world.send("/Worker/work", name, "", { "idempotency-key": name }),
    "a delayed one": async (name) => await world.send("/Worker/work", name, "?delay=50ms"),
    "one that was handed its key": async (name) => {
      const holder = await world.send("/Keyed/handed/hold");
      const id = await world.send("/Keyed/handed/work", name);
      await world.untilStatus(id, "pending");
      await world.call(`/Keyed/handed/release`, holder);
      return id;
    },
  };
  test.each(Object.keys(sent))(
    "has a head already: %s is cancelled, and its code may compensate",
    async (name) => {
      const id = (await sent[name]?.(name)) ?? "";
      await underWay(name);
      expect((await world.view(id))?.status).not.toBe("running");
      expect(await world.cancel(id)).toBe(202);
      expect(await within(1500, "the end", world.attach(id))).toMatchObject({
        status: 409,
        body: { message: "Cancelled" },
      });
      expect(after.get(name)).toBe("CancelledError");
      expect(aborted.get(name)).toContain("Cancelled");
    },
  );

  test("is paused and resumed", async () => {
    const id = await world.send("/Worker/work", "paused");
    await world.untilStatus(id, "running");
    expect(await world.pause(id)).toBe(202);
    await world.untilStatus(id, "paused");
    await pause(LONG_MS);
    expect((await world.view(id))?.status).toBe("paused");
    expect(await world.resume(id)).toBe(200);
    expect(await within(8000, "the end", world.attach(id))).toMatchObject({ body: "done" });
  });
});

test("a turn that a note has woken hears as well", async () => {
  const id = await world.send("/Worker/later", "woken");
  await underWay("woken");
  expect(await world.cancel(id)).toBe(202);
  expect(await within(2200, "the end", world.attach(id))).toMatchObject({ status: 409 });
  expect(after.get("woken")).toBe("CancelledError");
});

test("what waits behind one that runs is listed, and comes in its turn", async () => {
  const first = await world.send("/Keyed/k/work", "first");
  await underWay("first");
  const second = await world.send("/Keyed/k/quick");
  const view = await world.untilStatus(second, "pending");
  expect(view.status).toBe("pending");
  expect((await world.attach(first)).body).toBe("done");
  expect((await world.attach(second)).body).toBe("k");
});

/** Cancel and kill. Where Restate's documentation and server differ, Perdure does what the documentation says. */
import { CancelledError, object, service, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until, within, World } from "../semantics/world.ts";

const ids = new Map<string, string>();
const log: string[] = [];

const leaf = service({
  name: "Leaf",
  handlers: {
    wait: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      try {
        await ctx.sleep({ minutes: 10 });
      } catch (error) {
        log.push(`${name} ${error instanceof CancelledError ? "cancelled" : String(error)}`);
        throw error;
      }
    },
  },
});
const tree = service({
  name: "Tree",
  handlers: {
    grow: async (ctx: Context, name: string) => {
      ctx.serviceSendClient(leaf).wait(`${name} sent`);
      await ctx.serviceClient(branch).hold(`${name} called`);
    },
    compensate: async (ctx: Context) => {
      await ctx.run("reserve", () => void log.push("reserved"));
      try {
        await ctx.sleep({ minutes: 10 });
      } catch {
        await ctx.run("release", () => void log.push("released"));
        await ctx.sleep(5);
        return "compensated";
      }
      return "never";
    },
  },
});
const branch = service({
  name: "Branch",
  handlers: {
    hold: async (ctx: Context, name: string) => {
      ids.set(`branch of ${name}`, ctx.request().id);
      await ctx.serviceClient(leaf).wait(name);
    },
  },
});
const keyed = object({
  name: "Keyed",
  handlers: {
    setAndWait: async (ctx: ObjectContext) => {
      ctx.set("value", "left");
      await ctx.sleep({ minutes: 10 });
    },
    read: async (ctx: ObjectContext) => await ctx.get("value"),
    done: async () => "done",
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(leaf, tree, branch, keyed);
});
afterAll(async () => await world.stop());
const started = (name: string) => until(() => ids.get(name), `${name} to start`);
const end = (id: string) => within(5000, `${id} to end`, world.attach(id));

describe("cancel: at the next await; calls recursively, sends not", () => {
  test("a cancellation reaches an invocation at its await, and its calls with it; not what it has sent", async () => {
    const id = await world.send("/Tree/grow", "c");
    const [called, sent] = [await started("c called"), await started("c sent")];
    await world.untilStatus(called, "suspended");
    expect(await world.cancel(id)).toBeLessThan(300);
    expect(await end(id)).toMatchObject({ status: 409 });
    await until(() => log.includes("c called cancelled"), "the leaf to be cancelled");
    expect((await world.view(sent))?.status).toBe("suspended");
    expect(log).not.toContain("c sent cancelled");
  });

  test("what has not started never does", async () => {
    const id = await world.send("/Leaf/wait", "never started", "?delay=1h");
    expect(await world.cancel(id)).toBeLessThan(300);
    await until(async () => !["scheduled"].includes((await world.view(id))?.status ?? ""), "it to end");
    expect(ids.has("never started")).toBe(false);
  });
});

describe("code that catches a cancellation can compensate", () => {
  test("who catches it compensates with the context as usual", async () => {
    const id = await world.send("/Tree/compensate");
    await world.untilStatus(id, "suspended");
    await world.cancel(id);
    expect(await end(id)).toMatchObject({ status: 200, body: "compensated" });
    expect(log.filter((line) => line === "released")).toHaveLength(1);
  });
});

describe("kill: the whole tree of calls, no code, state stays, keys free, sends live on", () => {
  test("a kill ends the whole tree of calls without running code; what was sent lives on", async () => {
    const id = await world.send("/Tree/grow", "k");
    const [called, sent] = [await started("k called"), await started("k sent")];
    await world.untilStatus(called, "suspended");
    expect(await world.kill(id)).toBeLessThan(300);
    for (const one of [id, called, await started("branch of k called")])
      expect(await end(one)).toMatchObject({ status: 409, body: { message: "killed" } });
    expect((await world.view(sent))?.status).toBe("suspended");
    expect(log.filter((line) => line.startsWith("k "))).toEqual([]);
  });

  test("it leaves the state, and frees the key", async () => {
    const id = await world.send("/Keyed/k/setAndWait");
    await world.untilStatus(id, "suspended");
    await world.kill(id);
    expect(await within(5000, "the key to be free", world.call("/Keyed/k/read"))).toBe("left");
  });
});

describe("cancel and kill of what has completed: 409", () => {
  test.each(["cancel", "kill"] as const)("%s of what has ended is a 409", async (how) => {
    const { id } = await world.ask("/Keyed/k2/done", undefined, { "idempotency-key": how });
    await until(async () => (await world.view(id))?.status === "completed", "the end");
    expect(await world[how](id)).toBe(409);
  });
});

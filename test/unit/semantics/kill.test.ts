/** Kill ends an invocation without running its code, and frees its key. Pause keeps it, and its key, until a resume (W1). */
import { object, service, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const steps = new Map<string, number>();
const ids = new Map<string, string>();
const order: string[] = [];

const child = service({
  name: "Child",
  handlers: {
    wait: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      await ctx.sleep({ minutes: 5 });
    },
  },
});
const parent = service({
  name: "Parent",
  handlers: {
    tree: async (ctx: Context) => {
      ctx.serviceSendClient(child).wait("sent");
      const one = ctx.serviceClient(child).wait("one");
      await ctx.serviceClient(child).wait("two");
      await one;
    },
    caller: async (ctx: Context) => {
      try {
        await ctx.serviceClient(child).wait("called");
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    },
    steps: async (ctx: Context, name: string) => {
      for (let step = 0; step < 200; step++) {
        await ctx.run(`step ${step}`, async () => {
          steps.set(name, (steps.get(name) ?? 0) + 1);
          await pause(5);
        });
      }
    },
  },
});
const thing = object({
  name: "Thing",
  handlers: {
    setAndWait: async (ctx: ObjectContext) => {
      ctx.set("value", "kept");
      await ctx.sleep({ minutes: 5 });
    },
    read: async (ctx: ObjectContext) => await ctx.get("value"),
    steps: async (ctx: ObjectContext, name: string) => {
      for (let step = 0; step < 60; step++) {
        await ctx.run(`step ${step}`, async () => {
          steps.set(name, (steps.get(name) ?? 0) + 1);
          await pause(5);
        });
      }
      order.push(name);
    },
    mark: async (_ctx: ObjectContext, name: string) => void order.push(name),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(child, parent, thing);
});
afterAll(async () => await world.stop());
const ended = (id: string) => within(2000, `${id} to end`, world.attach(id));
const killed = { status: 409, body: { code: 409, message: "killed" } };

test("a kill ends a suspended invocation without its code, frees the key and leaves the state", async () => {
  const id = await world.send("/Thing/k/setAndWait");
  await world.untilStatus(id, "suspended");
  const next = await world.send("/Thing/k/read");
  await world.untilStatus(next, "pending");
  expect(await world.kill(id)).toBe(200);
  expect(await ended(id)).toMatchObject(killed);
  expect((await ended(next)).body).toBe("kept");
  expect(await world.kill(id)).toBe(409);
});

test("a parked invocation can be killed, and those behind it go on", async () => {
  const id = await world.send("/Thing/p/setAndWait");
  await world.untilStatus(id, "suspended");
  const parked = await world.send("/Thing/p/mark", "parked");
  const next = await world.send("/Thing/p/read");
  await world.untilStatus(next, "pending");
  await world.kill(parked);
  expect(await ended(parked)).toMatchObject(killed);
  await world.kill(id);
  expect((await ended(next)).body).toBe("kept");
  expect(order).not.toContain("parked");
});

test("its calls are killed with it, what it has sent is not", async () => {
  const id = await world.send("/Parent/tree");
  await until(() => ids.get("one") && ids.get("two") && ids.get("sent"), "the children");
  for (const name of ["one", "two", "sent"]) await world.untilStatus(ids.get(name) ?? "", "suspended");
  await world.untilStatus(id, "suspended");
  await world.kill(id);
  expect(await ended(id)).toMatchObject(killed);
  expect(await ended(ids.get("one") ?? "")).toMatchObject(killed);
  expect(await ended(ids.get("two") ?? "")).toMatchObject(killed);
  await pause(20);
  expect((await world.view(ids.get("sent") ?? ""))?.status).toBe("suspended");
});

test("the caller of a killed invocation hears of it", async () => {
  const result = world.call("/Parent/caller");
  await world.untilStatus(await until(() => ids.get("called"), "the callee"), "suspended");
  await world.kill(ids.get("called") ?? "");
  expect(await within(2000, "the caller", result)).toBe("killed");
});

test("R12: a turn that runs steps learns of the kill at its next append", async () => {
  const id = await world.send("/Parent/steps", "killed");
  await until(() => (steps.get("killed") ?? 0) > 3, "some steps");
  await world.kill(id);
  expect(await ended(id)).toMatchObject(killed);
  expect(steps.get("killed")).toBeLessThan(100);
});

test("a killed invocation's turn lets its successor run", async () => {
  const id = await world.send("/Thing/running/steps", "running");
  await until(() => (steps.get("running") ?? 0) > 3, "some steps");
  const next = await world.send("/Thing/running/mark", "next");
  await world.kill(id);
  expect(await ended(id)).toMatchObject(killed);
  await ended(next);
  expect(order).toContain("next");
  expect(order).not.toContain("running");
});

test("W1: an exclusive invocation that is paused while it runs holds its key", async () => {
  const id = await world.send("/Thing/paused/steps", "paused");
  await until(() => (steps.get("paused") ?? 0) > 3, "some steps");
  expect(await world.pause(id)).toBe(202);
  const next = await world.send("/Thing/paused/mark", "after the paused one");
  await pause(150);
  expect((await world.view(id))?.status).toBe("paused");
  expect(steps.get("paused")).toBeLessThan(40);
  expect(order).not.toContain("after the paused one");
  expect(await world.resume(id)).toBe(200);
  expect(await ended(id)).toMatchObject({ status: 200 });
  await ended(next);
  expect(order.slice(-2)).toEqual(["paused", "after the paused one"]);
});

test("W1: one that is paused while it is suspended holds its key, and goes on when it is resumed", async () => {
  const id = await world.send("/Thing/s/setAndWait");
  await world.untilStatus(id, "suspended");
  expect(await world.pause(id)).toBe(202);
  expect(await world.pause(id)).toBe(200);
  const next = await world.send("/Thing/s/read");
  await world.untilStatus(next, "pending");
  expect(await world.resume(id)).toBe(200);
  await world.untilStatus(id, "suspended");
  await world.kill(id);
  expect((await ended(next)).body).toBe("kept");
});

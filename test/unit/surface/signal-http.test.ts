/** Named signals over HTTP: one delivery for each request, early ones kept, in the order of arrival. */
import { type Context, service } from "perdure";
import { afterEach, beforeEach, expect, test } from "vitest";
import { World } from "../semantics/world.ts";

const waiting = service({
  name: "Waiting",
  handlers: {
    two: async (ctx: Context) => {
      await ctx.sleep(20);
      return [await ctx.signal<string>("go"), await ctx.signal<string>("go")];
    },
    one: async (ctx: Context) => await ctx.signal("stop"),
  },
});

let world: World;
beforeEach(async () => {
  world = await World.of(waiting);
});
afterEach(async () => {
  await world.stop();
});

test("are kept when they come early, and consumed once each", async () => {
  const id = await world.send("/Waiting/two");
  expect((await world.ask(`/restate/invocation/${id}/signals/go/resolve`, "first")).status).toBe(202);
  await world.untilStatus(id, "suspended");
  await world.ask(`/restate/invocation/${id}/signals/go/resolve`, "second");
  expect((await world.attach(id)).body).toEqual(["first", "second"]);
});

test("can be rejected, which is terminal; after the end they are ignored", async () => {
  const id = await world.send("/Waiting/one");
  await world.untilStatus(id, "suspended");
  await world.ask(`/restate/invocation/${id}/signals/stop/reject`, "enough");
  expect(await world.attach(id)).toMatchObject({ status: 500 });
  expect((await world.ask(`/restate/invocation/${id}/signals/stop/resolve`, "late")).status).toBe(202);
  expect(await world.attach(id)).toMatchObject({ status: 500 });
});

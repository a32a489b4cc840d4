/** moveTo: what rests goes on with other code when it wakes, and no turn of the old code changes anything any more. */
import { type Context, service } from "perdure";
import { beforeEach, expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import type { Head } from "../../../lib/model/head.ts";
import { invocationId, type InvocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Message, Start } from "../../../lib/model/message.ts";
import { moveTo, pause } from "../../../lib/store/head/rest.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let isMended = true;
let whileItShips = async (): Promise<void> => await Promise.resolve();
const shop = service({
  name: "Shop",
  options: { retryPolicy: { initialInterval: { minutes: 10 } } },
  handlers: {
    order: async (ctx: Context) => {
      const paid = await ctx.run("pay", () => "paid");
      await ctx.sleep({ minutes: 5 });
      const shipped = await ctx.run("ship", async () => {
        await whileItShips();
        if (!isMended) throw new Error("not mended");
        return "shipped";
      });
      return [paid, shipped];
    },
  },
});

let world: DispatcherWorld;
let id: InvocationId;
beforeEach(async () => {
  world = new DispatcherWorld([shop]);
  isMended = true;
  whileItShips = async () => await Promise.resolve();
  id = invocationId("Shop", undefined, new Uint8Array(UNIQUE_SIZE));
  const start: Start = {
    ...({ kind: "start", id, incarnation: 0, origin: "o", headers: {} } as const),
    ...{ target: { service: "Shop", handler: "order" }, input: new Uint8Array(0) },
    acceptedAtMs: world.clock.now(),
  };
  await world.deliver(start);
  const registry = new ItemRegistry(world.items, world.clock, 0);
  const { services } = createEndpoint([shop]).discover();
  await registry.register({ id: "dp_2", address: "there", createdAtMs: 1, services });
});

const ports = () => ({ items: world.items, clock: world.clock, entropy: systemEntropy });
async function headNow(): Promise<Head> {
  const head = await world.head(id);
  if (!head) throw new Error("there is no head");
  return head;
}
const move = async (head: Head): Promise<boolean> => await moveTo(ports(), id, head, "dp_2");
/** Time passes until the timer is due, whose message this is. */
async function due(): Promise<Message> {
  const timer = world.scheduled.at(-1);
  if (!timer) throw new Error("no timer was set");
  await world.clock.advance(timer.atMs - world.clock.now());
  return timer.message;
}
const ENDED = { ok: true, value: new TextEncoder().encode('["paid","shipped"]') };

test("what sleeps goes on sleeping, and ends on the other code", async () => {
  const before = await headNow();
  expect(before).toMatchObject({ status: "suspended", deployment: "dp_1", length: 2 });
  expect(await move(before)).toBe(true);
  const { deployment, writer, modifiedAtMs, ...same } = await headNow();
  const { deployment: _, writer: mark, modifiedAtMs: _atMs, ...asBefore } = before;
  expect([deployment, same]).toEqual(["dp_2", asBefore]);
  expect(writer).not.toBe(mark);
  expect(modifiedAtMs).toBe(world.clock.now());
  expect(await world.deliver(await due())).toBe(true);
  expect(await headNow()).toMatchObject({ status: "completed", deployment: "dp_2", outcome: ENDED });
});

test("a turn that its timer has begun on the old code appends nothing: its message comes again, to the new one", async () => {
  const message = await due();
  const none = world.items.beforeWrite;
  let ships = 0;
  whileItShips = async () => void (await Promise.resolve(++ships));
  // The turn has read the head, and is about to append.
  world.items.beforeWrite = async () => {
    world.items.beforeWrite = none;
    expect(await move(await headNow())).toBe(true);
  };
  expect(await world.deliver(message, { sequence: "9" })).toBe(false);
  expect(await headNow()).toMatchObject({ status: "suspended", deployment: "dp_2", length: 2 });
  expect(await world.deliver(message, { sequence: "9", receiveCount: 2 })).toBe(true);
  expect(ships).toBe(1);
  expect(await headNow()).toMatchObject({ status: "completed", deployment: "dp_2", outcome: ENDED });
});

test("a turn that has appended since the head was read is before it: the move is refused", async () => {
  const before = await headNow();
  expect(await world.deliver(await due())).toBe(true);
  expect(await move(before)).toBe(false);
  expect(await headNow()).toMatchObject({ status: "completed", deployment: "dp_1" });
});

test("what backs off keeps its time, and no attempt has failed on the other code", async () => {
  isMended = false;
  await world.deliver(await due());
  const before = await headNow();
  expect(before).toMatchObject({ status: "backing-off", attempt: { count: 1 } });
  expect(await move(before)).toBe(true);
  const { dueAtMs } = before;
  expect(await headNow()).toMatchObject({
    status: "backing-off",
    deployment: "dp_2",
    dueAtMs,
    attempt: { count: 0 },
  });
  isMended = true;
  await world.deliver(await due());
  expect(await headNow()).toMatchObject({ status: "completed", deployment: "dp_2" });
});

test("what is paused stays so, on the other code", async () => {
  await pause(ports(), id, 0);
  expect(await move(await headNow())).toBe(true);
  expect(await headNow()).toMatchObject({ status: "paused", deployment: "dp_2" });
});

test("what was paused since it was read, and what runs or has ended, is refused", async () => {
  const before = await headNow();
  await world.clock.advance(1);
  await pause(ports(), id, 0);
  expect(await move(before)).toBe(false);
  for (const status of ["running", "completed", "scheduled", "pending"] as const)
    expect(await move({ ...(await headNow()), status })).toBe(false);
  expect(await move({ ...(await headNow()), guard: "g" })).toBe(false);
  expect(await headNow()).toMatchObject({ status: "paused", deployment: "dp_1" });
});

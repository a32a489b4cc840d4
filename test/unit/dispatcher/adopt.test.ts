/** adopt: what rests after a failure goes on with other code, and no turn of the old code changes anything any more. */
import { service, type Context } from "perdure";
import { beforeEach, expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { OVERDUE_MS } from "../../../lib/limits.ts";
import type { Head } from "../../../lib/model/head.ts";
import { invocationId, type InvocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Resume, Start } from "../../../lib/model/message.ts";
import { isOverdue } from "../../../lib/model/status-table.ts";
import { adopt, pause, release } from "../../../lib/store/head/rest.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let isMended = false;
let whileItShips = async (): Promise<void> => await Promise.resolve();
const shop = service({
  name: "Shop",
  options: { retryPolicy: { initialInterval: { minutes: 10 } } },
  handlers: {
    order: async (ctx: Context) => {
      const paid = await ctx.run("pay", () => "paid");
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
  isMended = false;
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
const adoptAs = async (head: Head, deployment = "dp_2"): Promise<boolean> =>
  await adopt(ports(), id, head, deployment);
const resume = (): Resume => ({ kind: "resume", id, incarnation: 0, byOperator: true });

test("it rests on the old code; adopted, it is due on the new one at once, and no attempt has failed there", async () => {
  expect(await headNow()).toMatchObject({ status: "backing-off", deployment: "dp_1", attempt: { count: 1 } });
  expect(await adoptAs(await headNow())).toBe(true);
  const dueAtMs = world.clock.now();
  expect(await headNow()).toMatchObject({
    status: "backing-off",
    deployment: "dp_2",
    dueAtMs,
    attempt: { count: 0 },
  });
  isMended = true;
  await world.deliver(resume());
  const text = new TextEncoder().encode('["paid","shipped"]');
  expect(await headNow()).toMatchObject({ status: "completed", outcome: { ok: true, value: text } });
});

test("a turn that a timer has begun on the old code appends nothing: the new code runs its step again", async () => {
  const { dueAtMs = 0 } = await headNow();
  await world.clock.advance(dueAtMs - world.clock.now());
  let ships = 0;
  isMended = true;
  whileItShips = async () => {
    if (++ships === 1) expect(await adoptAs(await headNow())).toBe(true);
  };
  await world.deliver({ kind: "resume", id, incarnation: 0, dueAtMs });
  await world.deliver(resume());
  expect(ships).toBe(2);
  expect(await headNow()).toMatchObject({ status: "completed", deployment: "dp_2" });
});

test("what has been let go on, or has moved since it was read, is refused", async () => {
  const before = await headNow();
  const released = await release(ports(), id, before, "voucher");
  expect(await adoptAs(before)).toBe(false);
  expect(await adoptAs(released?.head ?? before)).toBe(false);
  expect(await headNow()).toMatchObject({ deployment: "dp_1" });
});

test("what an operator has paused since it was read is refused", async () => {
  const before = await headNow();
  await world.clock.advance(1);
  await pause(ports(), id, 0);
  expect(await adoptAs(before)).toBe(false);
  expect(await headNow()).toMatchObject({ status: "paused", deployment: "dp_1" });
});

test("killed before the message: it is overdue, so the reconciler pokes it", async () => {
  expect(await adoptAs(await headNow())).toBe(true);
  expect(isOverdue(await headNow(), world.clock.now() + OVERDUE_MS + 1)).toBe(true);
});

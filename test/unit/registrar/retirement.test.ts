/** Which deployments are retired. A retirement that stops at any point, or is overtaken, does no harm. */
import { describe, expect, test } from "vitest";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { DEPLOYMENT_GRACE_MS } from "../../../lib/limits.ts";
import type { Deployment } from "../../../lib/model/manifest.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { Retirement } from "../../../runtime/reconciler/retirement.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { ManualClock } from "../local/manual-clock.ts";

const deployment = (id: string, service = "Greeter"): Deployment => ({
  id,
  address: `arn:aws:lambda:eu-west-1:123456789012:function:greeter:${id}`,
  createdAtMs: 1,
  services: [{ name: service, type: "service", handlers: [{ name: "greet", kind: "plain" }] }],
});

class World {
  readonly clock = new ManualClock();
  readonly items = new MemoryItemStore();
  readonly registry = new ItemRegistry(this.items, this.clock, 0);
  readonly removed: string[] = [];
  versions = { remove: async (address: string): Promise<void> => void this.removed.push(address) };

  retirement(): Retirement {
    const { registry, versions, clock } = this;
    return new Retirement({ registry, versions, clock, logger: silentLogger });
  }

  async pass(...pinned: readonly string[]): Promise<number> {
    const retirement = this.retirement();
    for (const id of pinned) retirement.look({ status: "suspended", deployment: id });
    return await retirement.finish();
  }

  async ids(): Promise<string[]> {
    return (await this.registry.deployments()).map(({ id }) => id).toSorted();
  }

  later(ms = DEPLOYMENT_GRACE_MS): void {
    this.clock.set(this.clock.now() + ms);
  }
}

/** Two deployments. No service points to the first, which is noticed now. */
async function superseded(): Promise<World> {
  const world = new World();
  await world.registry.register(deployment("1"));
  await world.registry.register(deployment("2"));
  expect(await world.pass()).toBe(0);
  return world;
}

describe("a deployment that no service goes to", () => {
  test("goes a day after that was noticed, with its version", async () => {
    const world = await superseded();
    world.later(DEPLOYMENT_GRACE_MS - 1);
    expect(await world.pass()).toBe(0);
    world.later(1);
    expect(await world.pass()).toBe(1);
    expect(world.removed).toEqual([deployment("1").address]);
    expect(await world.ids()).toEqual(["2"]);
  });

  test("stays while an open invocation is pinned to it", async () => {
    const world = await superseded();
    world.later();
    expect(await world.pass("1")).toBe(0);
    expect(await world.pass()).toBe(1);
  });

  test("does not stay for invocations that have ended", async () => {
    const world = await superseded();
    world.later();
    const retirement = world.retirement();
    retirement.look({ status: "completed", deployment: "1" });
    expect(await retirement.finish()).toBe(1);
  });

  test("is told by when the pass began, not by when it ended", async () => {
    const world = await superseded();
    const retirement = world.retirement();
    world.later();
    expect(await retirement.finish()).toBe(0);
  });

  test("is not idle any more when a service goes to it again", async () => {
    const world = await superseded();
    world.later();
    await world.registry.register(deployment("1"));
    await world.pass();
    world.later();
    expect(await world.pass()).toBe(1);
    expect(await world.ids()).toEqual(["1"]);
  });
});

describe("a deployment that was idle once and came back", () => {
  const third = (): Deployment => ({ ...deployment("3"), createdAtMs: 3 });

  test.each([
    ["with a pass in between", true],
    ["without", false],
  ])("gets all its days of grace again (%s)", async (_name, withPass) => {
    const world = await superseded();
    world.later(1000);
    await world.registry.remove("2");
    expect(await world.registry.service("Greeter")).toMatchObject({ deployment: "1" });
    world.later(30 * DEPLOYMENT_GRACE_MS);
    if (withPass) expect(await world.pass()).toBe(0);
    await world.registry.register(third());
    expect(await world.pass()).toBe(0);
    world.later(DEPLOYMENT_GRACE_MS - 1);
    expect(await world.pass()).toBe(0);
    world.later(1);
    expect(await world.pass()).toBe(1);
    expect(world.removed).toEqual([deployment("1").address]);
  });

  test("of a data file whose mark an older version left is forgiven by the next pass", async () => {
    const world = await superseded();
    const { items } = world;
    const key = { table: "registry", pk: "deployment.2", sk: "deployment" } as const;
    await items.write({ op: "update", key, changes: [{ do: "set", attribute: "u", value: 1 }] });
    world.later(30 * DEPLOYMENT_GRACE_MS);
    await world.pass("1");
    await world.registry.register(third());
    expect(await world.pass("1")).toBe(0);
    expect(world.removed).toEqual([]);
  });

  test("is not given a service again while it is being retired", async () => {
    const world = await superseded();
    world.later();
    world.versions = { remove: async () => Promise.reject(new Error("gone dark")) };
    await world.pass();
    await world.registry.remove("2");
    expect(await world.registry.service("Greeter")).toBeUndefined();
  });
});

describe("a deployment that a service goes to", () => {
  test("stays for ever", async () => {
    const world = new World();
    await world.registry.register(deployment("1"));
    await world.registry.register(deployment("2", "Other"));
    for (let pass = 0; pass < 3; pass++) {
      expect(await world.pass()).toBe(0);
      world.later();
    }
    expect(world.removed).toEqual([]);
  });
});

describe("a retirement", () => {
  test("that stopped after its mark is gone on with, and refuses registrations meanwhile", async () => {
    const world = await superseded();
    world.later();
    const remove = world.versions.remove;
    world.versions = { remove: async () => Promise.reject(new Error("gone dark")) };
    expect(await world.pass()).toBe(0);
    await expect(world.registry.register(deployment("1"))).rejects.toThrow("deployment 1 is being retired");

    world.versions = { remove };
    expect(await world.pass()).toBe(1);
    expect(await world.ids()).toEqual(["2"]);
    await world.registry.register(deployment("1"));
    expect(await world.ids()).toEqual(["1", "2"]);
  });

  test("that a registration overtakes does not begin", async () => {
    const world = await superseded();
    world.later();
    const [idle] = await world.registry.idle();
    if (!idle) throw new Error("nothing is idle");
    await world.registry.register(deployment("1"));
    expect(await world.registry.beginRetirement(idle)).toBe(false);
    expect(await world.ids()).toEqual(["1", "2"]);
  });

  test("that fails for one deployment goes on to the next", async () => {
    const world = await superseded();
    await world.registry.register(deployment("3"));
    await world.pass();
    world.later();
    const { remove } = world.versions;
    world.versions = {
      remove: async (address) => {
        if (address === deployment("1").address) throw new Error("refused");
        await remove(address);
      },
    };
    expect(await world.pass()).toBe(1);
    expect(world.removed).toEqual([deployment("2").address]);
  });
});

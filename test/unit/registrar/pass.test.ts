/** A pass over all heads that takes several runs: it goes on where it stopped, and retires only after the last one. */
import { expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { DEPLOYMENT_GRACE_MS, PASS_KEPT_PAGES } from "../../../lib/limits.ts";
import { newHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, journalPartition, type InvocationId } from "../../../lib/model/ids.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { runPass } from "../../../runtime/reconciler/pass.ts";
import { type HeadPages, Reconciler } from "../../../runtime/reconciler/reconciler.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { ManualClock } from "../local/manual-clock.ts";

const idOf = (n: number): InvocationId => {
  const unique = Buffer.alloc(14);
  unique.writeUInt32BE(n, 10);
  return invocationId("Greeter", undefined, unique);
};

function headOf(n: number, deployment: string): Attributes {
  const target = { service: "Greeter", handler: "greet" };
  const start = {
    kind: "start",
    id: idOf(n),
    incarnation: 0,
    origin: `o${n}`,
    acceptedAtMs: 1,
    target,
  } as const;
  return { ...newHead({ ...start, input: new Uint8Array(1), headers: {} }, { deployment }), s: "suspended" };
}

const service = { name: "Greeter", type: "service", handlers: [{ name: "greet", kind: "plain" }] } as const;
const deployment = (id: string) => ({ id, address: `arn:${id}`, createdAtMs: 1, services: [service] });

/** `heads` pages of one head each. Looking at a page takes a second. */
async function worldOf(heads: number, pinned: (n: number) => string) {
  const clock = new ManualClock();
  const items = new MemoryItemStore();
  const registry = new ItemRegistry(items, clock, 0);
  const [removed, seen]: [string[], number[]] = [[], []];
  for (let n = 0; n < heads; n++) {
    await items.write({ op: "put", key: headKey(idOf(n)), attributes: headOf(n, pinned(n)) });
  }
  const pages: HeadPages = {
    page: async (after) => {
      const n = Number(after ?? 0);
      seen.push(n);
      clock.set(clock.now() + 1000);
      const attributes = await items.get(headKey(idOf(n)));
      return {
        items: attributes === undefined ? [] : [{ pk: journalPartition(idOf(n)), attributes }],
        ...(n + 1 < heads ? { next: String(n + 1) } : {}),
      };
    },
  };
  const reconciler = new Reconciler({
    ...{ items, heads: pages, clock, entropy: systemEntropy, logger: silentLogger },
    mailbox: { sendBatch: async () => [] },
  });
  const versions = { remove: async (address: string): Promise<void> => void removed.push(address) };
  const ports = {
    ...{ items, clock, logger: silentLogger, reconciler },
    retiring: { registry, versions, clock, logger: silentLogger },
  };
  const run = (seconds: number) => runPass(ports, clock.now() + seconds * 1000);
  await registry.register(deployment("1"));
  await registry.register(deployment("2"));
  return { clock, items, registry, run, removed, seen };
}

test("each run goes on where the last one stopped, and after the end begins anew", async () => {
  const { run, seen } = await worldOf(10, () => "2");
  expect(await run(4)).toMatchObject({ complete: false });
  expect(await run(4)).toMatchObject({ complete: false });
  expect(await run(4)).toMatchObject({ complete: true });
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await run(2);
  expect(seen.slice(10)).toEqual([0, 1]);
});

test("without any time left, a run still looks at a page", async () => {
  const { run, seen } = await worldOf(3, () => "2");
  for (let runs = 0; runs < 3; runs++) await run(-1);
  expect(seen).toEqual([0, 1, 2]);
});

test("a run that is cut off goes on from the last place that was kept", async () => {
  const { run, seen, items } = await worldOf(PASS_KEPT_PAGES + 5, () => "2");
  const write = items.write.bind(items);
  let places = 0;
  items.write = async (change) => {
    if (change.key.pk === "reconciler.pass" && ++places > 1) throw new Error("cut off");
    return await write(change);
  };
  await expect(run(PASS_KEPT_PAGES + 2)).rejects.toThrow("cut off");
  items.write = write;
  await run(1);
  expect(seen.at(-1)).toBe(PASS_KEPT_PAGES);
});

test("what an early run has seen pinned is not retired by a later one", async () => {
  const { run, clock, removed, registry } = await worldOf(6, (n) => (n === 0 ? "1" : "2"));
  await registry.idle();
  clock.set(clock.now() + DEPLOYMENT_GRACE_MS);
  expect(await run(3)).toEqual({ poked: 0, retired: 0, complete: false });
  expect(await run(9)).toEqual({ poked: 0, retired: 0, complete: true });
  expect(removed).toEqual([]);
});

test("nothing is retired before the pass is complete, and then what nothing is pinned to", async () => {
  const { run, clock, removed, registry } = await worldOf(6, () => "2");
  await registry.idle();
  clock.set(clock.now() + DEPLOYMENT_GRACE_MS);
  expect((await run(3)).retired).toBe(0);
  expect((await run(9)).retired).toBe(1);
  expect(removed).toEqual(["arn:1"]);
});

test("a head that cannot be read hides none behind it, and nothing is retired", async () => {
  const { run, clock, removed, registry, items, seen } = await worldOf(6, () => "2");
  await items.write({ op: "put", key: headKey(idOf(1)), attributes: { s: 7 } });
  await registry.idle();
  clock.set(clock.now() + DEPLOYMENT_GRACE_MS);
  await run(3);
  expect(await run(9)).toEqual({ poked: 0, retired: 0, complete: true });
  expect(seen.at(-1)).toBe(5);
  expect(removed).toEqual([]);
});

import { expect, test } from "vitest";
import { systemClock } from "../../../lib/clock.ts";
import type { ServiceManifest } from "../../../lib/model/manifest.ts";
import { handlerPolicyOf } from "../../../lib/store/handler-policy.ts";
import { LocalRegistry } from "../../../runtime/dev/local-registry.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const serviceOf = (name: string, more: Partial<ServiceManifest> = {}): ServiceManifest => ({
  ...{ name, type: "service", handlers: [{ name: "h", kind: "plain" }] },
  ...more,
});

test("a service without a retention has the server's; what is stored has none", async () => {
  const items = new MemoryItemStore();
  const registry = new LocalRegistry(items, systemClock, { journalRetentionMs: 5000 });
  const services = [serviceOf("None"), serviceOf("Own", { journalRetentionMs: 7000 })];
  await registry.register({ id: "dp_1", address: "dp_1", createdAtMs: 1, services });
  const retentionOf = async (service: string): Promise<number> =>
    (await handlerPolicyOf(registry, { target: { service, handler: "h" } })).retentionMs;
  expect(await retentionOf("None")).toBe(5000);
  expect(await retentionOf("Own")).toBe(7000);
  const stored = await new LocalRegistry(items, systemClock).service("None");
  expect(stored).not.toHaveProperty("journalRetentionMs");
});

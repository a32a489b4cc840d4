/** What is read of the registry to invoke a handler (lib/store/handler-policy.ts). */
import { expect, test } from "vitest";
import type { Deployment, RegisteredService, ServiceManifest } from "../../../lib/model/manifest.ts";
import type { Registry } from "../../../lib/ports.ts";
import { handlerPolicyOf } from "../../../lib/store/handler-policy.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const ARN = "arn:aws:lambda:us-east-1:000000000000:function:orders";
const manifest = (abortTimeoutMs: number): ServiceManifest => ({
  name: "Orders",
  type: "service",
  abortTimeoutMs,
  handlers: [{ name: "place", kind: "shared" }],
});
const deployment = (id: string, address: string, abortTimeoutMs: number): Deployment => ({
  ...{ id, address, createdAtMs: 0, services: [manifest(abortTimeoutMs)] },
});
const target = { service: "Orders", handler: "place" };

function registryOf(newest: Partial<RegisteredService> & { deployment: string }, ...known: Deployment[]) {
  const read: string[] = [];
  const registry: Pick<Registry, "service" | "deployment"> = {
    service: async (name) => {
      read.push(`service ${name}`);
      return { ...manifest(2000), revision: 2, ...newest };
    },
    deployment: async (id) => {
      read.push(`deployment ${id}`);
      return known.find((each) => each.id === id);
    },
  };
  return { registry, read };
}

test("the newest version of a function is known by its service's item alone", async () => {
  const { registry, read } = registryOf({ deployment: "dp_2", address: `${ARN}:2` });
  const policy = await handlerPolicyOf(registry, { target });
  expect(policy.served?.deployment).toEqual({ id: "dp_2", address: `${ARN}:2` });
  expect(policy.abortTimeoutMs).toBe(2000);
  expect(read).toEqual(["service Orders"]);
});

test("an invocation that is pinned to the newest version reads no more", async () => {
  const { registry, read } = registryOf({ deployment: "dp_2", address: `${ARN}:2` });
  const policy = await handlerPolicyOf(registry, { target, deployment: "dp_2" });
  expect(policy.served?.deployment.address).toBe(`${ARN}:2`);
  expect(read).toEqual(["service Orders"]);
});

test("an invocation that is pinned to an earlier version takes that one's address and options", async () => {
  const { registry, read } = registryOf(
    { deployment: "dp_2", address: `${ARN}:2` },
    deployment("dp_1", `${ARN}:1`, 1000),
  );
  const policy = await handlerPolicyOf(registry, { target, deployment: "dp_1" });
  expect(policy.served?.deployment.address).toBe(`${ARN}:1`);
  expect(policy.abortTimeoutMs).toBe(1000);
  expect(read).toEqual(["service Orders", "deployment dp_1"]);
});

test.each([
  { of: "a URL", address: "http://127.0.0.1:9080" },
  { of: "an earlier version of the registry", address: undefined },
])("$of: the deployment's item says how it is reached", async ({ address }) => {
  const headers = { authorization: "Bearer x" };
  const { registry, read } = registryOf(
    { deployment: "dp_2", ...(address === undefined ? {} : { address }) },
    { ...deployment("dp_2", address ?? `${ARN}:2`, 2000), headers },
  );
  const policy = await handlerPolicyOf(registry, { target });
  expect(policy.served?.deployment.headers).toEqual(headers);
  expect(read).toEqual(["service Orders", "deployment dp_2"]);
});

test("a deployment that an operator points to another version is invoked there", async () => {
  const clock = { now: () => 0, after: () => () => undefined };
  const registry = new ItemRegistry(new MemoryItemStore(), clock, 0);
  await registry.register(deployment("dp_1", `${ARN}:1`, 1000));
  await registry.move("dp_1", { address: `${ARN}:7` });
  expect((await handlerPolicyOf(registry, { target })).served?.deployment.address).toBe(`${ARN}:7`);
  const pinned = await handlerPolicyOf(registry, { target, deployment: "dp_1" });
  expect(pinned.served?.deployment.address).toBe(`${ARN}:7`);
});

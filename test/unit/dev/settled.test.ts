/** Where a loss of power matters, what a closure rests on is settled before the closure begins, and nothing else waits for it. */
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { newHead } from "../../../lib/model/head.ts";
import type { Deployment } from "../../../lib/model/manifest.ts";
import type { Put } from "../../../lib/model/item.ts";
import type { Start } from "../../../lib/model/message.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { engineCalls } from "../../../runtime/dev/hosts/host-protocol.ts";
import { onceSettled } from "../../../runtime/dev/hosts/settled.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../../runtime/local/timers.ts";
import type { Context } from "../../../sdk/context.ts";
import { service } from "../../../sdk/index.ts";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { turnRequest } from "./turn.ts";

function world() {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const items = new LocalItemStore(database);
  const mailbox = new LocalMailbox(database);
  const timers = new LocalTimers(database, mailbox);
  const registry = new ItemRegistry(items, systemClock);
  const invoker = { invoke: () => Promise.reject(new Error("no turns here")) };
  return { items, mailbox, timers, registry, invoker };
}

const start = (id: string): Start => ({
  ...{ kind: "start", id: `inv_${id}`, incarnation: 0, origin: id, input: new Uint8Array(0), headers: {} },
  ...{ target: { service: "Service", handler: "handler" }, acceptedAtMs: 1 },
});

const headWith = (status: "running" | "suspended" | "completed"): Put => ({
  op: "put",
  key: { table: "journal", pk: `inv_${status}`, sk: "head" },
  attributes: { ...newHead(start(status), {}), s: status },
});

test("the answers that wait are those that a closure may follow", async () => {
  const held = Promise.withResolvers<undefined>();
  const ports = world();
  const calls = engineCalls({ ...ports, settled: async () => await held.promise });
  const answered: string[] = [];
  const ask = (name: string, call: Promise<unknown>): Promise<unknown> =>
    call.then(() => answered.push(name));
  const state = { table: "state", pk: "Service.k", sk: "n" } as const;
  const message = { group: "g", dedup: "d", body: "b" };
  const all = [
    ask("running", calls.write(headWith("running"))),
    ask("suspended", calls.write(headWith("suspended"))),
    ask("completed", calls.write(headWith("completed"))),
    ask("state", calls.write({ op: "put", key: state, attributes: { f: "1" } })),
    ask("message", calls.sendBatch([message])),
    ask("guard", calls.schedule({ atMs: Date.now() + 60_000, message })),
    ask("settled", calls.settled(undefined)),
  ];
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(answered.toSorted()).toEqual(["completed", "message", "state", "suspended"]);
  held.resolve(undefined);
  await Promise.all(all);
});

test("a turn of an earlier version begins when all is settled; of this version, it asks", async () => {
  const held = Promise.withResolvers<void>();
  const deploymentOf = (settles: boolean): Deployment => ({
    ...{ id: "dp_test", address: "dp_test", createdAtMs: 0 },
    services: [{ name: "Service", type: "service", handlers: [], ...(settles ? { settles } : {}) }],
  });
  const request = turnRequest("a");
  const settled = async () => await held.promise;
  expect(await onceSettled(deploymentOf(true), request, settled)).toEqual({ ...request, mustSettle: true });
  let isBegun = false;
  const earlier = onceSettled(deploymentOf(false), request, settled).then((asked) => {
    isBegun = true;
    return asked;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isBegun).toBe(false);
  held.resolve();
  expect(await earlier).toEqual(request);
});

test.each([
  ["a handler without a step", "none", []],
  ["two steps", "two", ["settled", "first", "second"]],
  ["two steps at once", "both", ["settled", "first", "second"]],
])("%s asks as often as it has to", async (_name, handler, expected) => {
  const seen: string[] = [];
  const step = (name: string) => () => void seen.push(name);
  const definition = service({
    name: "Service",
    handlers: {
      none: async () => await Promise.resolve("done"),
      two: async (ctx: Context) => {
        await ctx.run("a", step("first"));
        await ctx.run("b", step("second"));
      },
      both: async (ctx: Context) => {
        await Promise.all([ctx.run("a", step("first")), ctx.run("b", step("second"))]);
      },
    },
  });
  const { items, mailbox, registry } = world();
  const settled = async () => await Promise.resolve(void seen.push("settled"));
  const ports = { items, mailbox, registry, clock: systemClock, entropy: systemEntropy, settled };
  const request = { ...turnRequest("a", handler), start: start("a"), mustSettle: true } as const;
  const outcome = await createEndpoint([definition]).runTurn(request, ports);
  expect(outcome.kind).toBe("completed");
  expect(seen).toEqual(expected);
  seen.length = 0;
  const { mustSettle: _, ...unasked } = request;
  await createEndpoint([definition]).runTurn({ ...unasked, id: "inv_b" }, ports);
  expect(seen).not.toContain("settled");
});

/** An edit whose dispatcher dies at any write (M1, R2), or whose turn is a zombie (W3). */
import { describe, expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { fenceOf, stateKey, tokenOf } from "../../../lib/model/fence.ts";
import type { Write, WriteResult } from "../../../lib/model/item.ts";
import type { Incoming } from "../../../lib/model/message.ts";
import { Dispatcher } from "../../../runtime/dispatcher/dispatcher.ts";
import { visitState } from "../../../lib/store/state-edit.ts";
import { encodeMessage } from "../../../lib/model/message.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { AdminWorld } from "./admin-world.ts";

const LONG = "y".repeat(3000);

/** Fails at one write, before or after its effect. */
class DyingStore extends MemoryItemStore {
  #left = Number.POSITIVE_INFINITY;
  #when: "before" | "after" = "before";

  dieAt(count: number, when: "before" | "after"): void {
    this.#left = count;
    this.#when = when;
  }

  override async write(write: Write): Promise<WriteResult> {
    const dies = this.#left-- === 0;
    if (dies && this.#when === "before") throw new OperationalError("unavailable", "died before");
    const result = await super.write(write);
    if (dies) throw new OperationalError("unavailable", "died after");
    return result;
  }
}

async function startOfEdit(): Promise<Incoming> {
  const world = new AdminWorld();
  const bytes = [...new TextEncoder().encode(LONG)];
  await world.ask("POST /services/O/state", { object_key: "k", new_state: { a: [49], long: bytes } });
  const start = world.takeStart();
  return { messageId: "m", group: "g", sequence: "5", receiveCount: 1, body: encodeMessage(start) };
}

async function dispatcherOver(items: MemoryItemStore): Promise<Dispatcher> {
  const { ports } = new AdminWorld();
  const { clock, registry, logger, mailbox, entropy } = ports;
  // An append with an unknown fate is tried again at once.
  const restless = {
    ...clock,
    now: () => clock.now(),
    after: (_: number, act: () => void) => (act(), () => undefined),
  };
  return new Dispatcher({
    ...{ items, mailbox, registry, logger, entropy, clock: restless },
    timers: { schedule: async () => undefined },
    invoker: { invoke: () => Promise.reject(new Error("an edit invokes nobody")) },
  });
}

async function stateOf(items: MemoryItemStore): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  const { clock } = new AdminWorld().ports;
  await visitState({ items, clock }, { name: "O", type: "object" }, "k", (name, value) => {
    if (value instanceof Uint8Array) state[name] = new TextDecoder().decode(value);
  });
  return state;
}

async function storeWithState(token = tokenOf(0, "4")): Promise<DyingStore> {
  const items = new DyingStore();
  const attributes = { f: fenceOf(token, 0), val: new TextEncoder().encode("old") };
  for (const name of ["a", "old"])
    await items.write({ op: "put", key: stateKey("O", "k", name), attributes });
  return items;
}

describe.each(["before", "after"] as const)("dying %s", (when) => {
  test.each([0, 1, 2, 3, 4, 5, 6])("write %i", async (count) => {
    const items = await storeWithState();
    const message = await startOfEdit();
    items.dieAt(count, when);
    for (let receiveCount = 1; receiveCount < 4; receiveCount++) {
      const dispatcher = await dispatcherOver(items);
      const failed = await dispatcher.handle([{ ...message, receiveCount }], 60_000);
      if (failed.length === 0) break;
    }
    expect(await stateOf(items)).toEqual({ a: "1", long: LONG });
  });
});

test("a zombie's edit changes nothing that came after it", async () => {
  const items = await storeWithState(tokenOf(0, "6"));
  const dispatcher = await dispatcherOver(items);
  expect(await dispatcher.handle([await startOfEdit()], 60_000)).toEqual(["m"]);
  expect(await stateOf(items)).toEqual({ a: "old", old: "old" });
});

test("a handler that calls the reserved name calls nothing", async () => {
  const items = await storeWithState();
  const message = await startOfEdit();
  const forged = message.body.replace(/"origin":"[^"]*"/, '"origin":"inv_caller.0.1"');
  const dispatcher = await dispatcherOver(items);
  await dispatcher.handle([{ ...message, body: forged }], 60_000);
  expect(await stateOf(items)).toEqual({ a: "old", old: "old" });
});

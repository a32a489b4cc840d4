/** What the engine leaves out of its answers, a host process puts in again, exactly. */
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../lib/clock.ts";
import type { Attributes, Change, Put, Update } from "../../../lib/model/item.ts";
import type { ItemStore, Registry } from "../../../lib/ports.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { Channel } from "../../../runtime/dev/hosts/channel.ts";
import type { Frame } from "../../../runtime/dev/hosts/frame.ts";
import { type EngineCalls, engineCalls, hostPorts } from "../../../runtime/dev/hosts/host-protocol.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../../runtime/local/timers.ts";
import { seededRandom } from "../../e2e/random.ts";

/** A host's ports over a store, and how many items the engine has answered. */
function host() {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const items = new LocalItemStore(database);
  const mailbox = new LocalMailbox(database);
  const timers = new LocalTimers(database, mailbox);
  const registry: Registry = new ItemRegistry(items, systemClock);
  const invoker = { invoke: () => Promise.reject(new Error("no turns here")) };
  const answered = { items: 0 };
  // As it crosses a pipe: nothing is shared.
  const engine: Channel<Record<string, never>> = new Channel((frames) => {
    for (const frame of frames) if (hasItem(frame)) answered.items++;
    side.receive(structuredClone(frames));
  }, engineCalls({ items, mailbox, timers, registry, invoker }));
  let asked = 0;
  const side: Channel<EngineCalls> = new Channel((frames) => {
    asked += frames.length;
    engine.receive(structuredClone(frames));
  }, {});
  const ports = hostPorts(side);
  const write: ItemStore["write"] = (wanted, options) => ports.items.write(wanted, options);
  return { items, answered, write, requests: () => asked };
}

const hasItem = (frame: Frame): boolean =>
  typeof frame[2] === "object" && frame[2] !== null && "item" in frame[2] && frame[2].item !== undefined;

const key = { table: "journal", pk: "inv_1", sk: "head" } as const;
const NAMES = ["a", "b", "e", "d"];

test("an append is answered without the item that it makes", async () => {
  const { answered, write } = host();
  const made = await write({ op: "put", key, attributes: { n: 0, l: [new Uint8Array(10)] } });
  expect(made).toEqual({ won: true, item: { n: 0, l: [new Uint8Array(10)] } });
  let before = made.item;
  for (let n = 0; n < 9; n++) {
    const changes: Change[] = [
      { do: "set", attribute: "n", value: n + 1 },
      { do: "append", attribute: "l", values: [new Uint8Array([n])] },
    ];
    const when = { is: "eq", attribute: "n", value: n } as const;
    ({ item: before } = await write({ op: "update", key, changes, when }, { before }));
  }
  expect(before).toMatchObject({ n: 9 });
  expect(before?.["l"]).toHaveLength(10);
  expect(answered.items).toBe(0);
});

test("what a handler changes afterwards changes nothing", async () => {
  const { items, write } = host();
  const bytes = new Uint8Array([1]);
  const writing = write({ op: "put", key, attributes: { l: [bytes] } });
  bytes[0] = 2;
  const { item } = await writing;
  bytes[0] = 3;
  expect(item).toEqual({ l: [new Uint8Array([1])] });
  expect(await items.get(key)).toEqual(item);
});

test("what others have written meanwhile is answered", async () => {
  const { items, answered, write } = host();
  const { item: before } = await write({ op: "put", key, attributes: { n: 0, m: [] } });
  await items.write({ op: "update", key, changes: [{ do: "append", attribute: "m", values: ["note"] }] });
  const changes: Change[] = [{ do: "set", attribute: "n", value: 1 }];
  const result = await write({ op: "update", key, changes }, { before });
  expect(result).toEqual({ won: true, item: { n: 1, m: ["note"] } });
  expect(answered.items).toBe(1);
});

test("a refusal is answered with what refused it", async () => {
  const { write } = host();
  const { item: before } = await write({ op: "put", key, attributes: { n: 0 } });
  const when = { is: "eq", attribute: "n", value: 7 } as const;
  const changes: Change[] = [{ do: "remove", attribute: "n" }];
  expect(await write({ op: "update", key, changes, when }, { before })).toEqual({
    won: false,
    item: { n: 0 },
  });
  expect(await write({ op: "delete", key })).toEqual({ won: true, item: undefined });
});

const stateOf = (sk: string, f: string): Put => ({
  ...{ op: "put", key: { table: "state", pk: "Counter/k", sk }, attributes: { f } },
  when: { is: "any", of: [{ is: "absent" }, { is: "lt", attribute: "f", value: f }] },
});

test("what follows a write that is won is done with it, in one request", async () => {
  const { items, write, requests } = host();
  const put = { op: "put", key, attributes: { n: 0 } } as const;
  const states = [stateOf("a", "2"), stateOf("b", "2")];
  const before = requests();
  const result = await write(put, { followers: () => states });
  expect(requests() - before).toBe(1);
  expect(result).toEqual({ won: true, item: { n: 0 }, followed: true });
  for (const state of states) expect(await items.get(state.key)).toEqual({ f: "2" });
  expect(items.counts).toMatchObject({ journal: { writes: 1 }, state: { writes: 2, refused: 0 } });
});

test("what follows a write that is refused is not done", async () => {
  const { items, write } = host();
  const state = stateOf("a", "2");
  const when = { is: "eq", attribute: "n", value: 7 } as const;
  const result = await write({ op: "put", key, attributes: { n: 0 }, when }, { followers: () => [state] });
  expect(result).toEqual({ won: false, item: undefined });
  expect(await items.get(state.key)).toBeUndefined();
  expect(items.counts).toMatchObject({ journal: { refused: 1 }, state: { writes: 0, refused: 0 } });
});

test("if one of them is refused, the writer is not told that they are done", async () => {
  const { items, write } = host();
  await items.write(stateOf("a", "3"));
  const states = [stateOf("a", "2"), stateOf("b", "2")];
  const result = await write({ op: "put", key, attributes: { n: 0 } }, { followers: () => states });
  expect(result).toEqual({ won: true, item: { n: 0 } });
  expect(await items.get(stateOf("a", "").key)).toEqual({ f: "3" });
});

test.each([1, 2, 3])("whatever comes in between, the answer is what is stored (seed %i)", async (seed) => {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const { items, write } = host();
  const changed = (): Update => ({
    op: "update",
    key,
    changes: NAMES.filter(() => below(2) === 0).map((attribute): Change => {
      if (below(4) === 0) return { do: "remove", attribute };
      return below(4) === 0
        ? { do: "init", attribute, value: below(9) }
        : { do: "set", attribute, value: [below(9), new Uint8Array([below(256)])] };
    }),
  });
  let before: Attributes | undefined;
  for (let round = 0; round < 60; round++) {
    if (below(3) === 0) await items.write({ op: "put", key, attributes: { e: below(3) } });
    if (below(6) === 0) await items.write({ op: "delete", key });
    // At times it knows nothing, or something that is long past.
    const known = below(5) === 0 ? undefined : before;
    const there = await items.get(key);
    const asked = changed();
    const isRefused = there === undefined && asked.changes.every((change) => change.do === "remove");
    const result =
      isRefused || below(5) === 0
        ? await write({ op: "put", key, attributes: { p: below(3) } }, { before: known })
        : await write(asked, { before: known });
    expect(result).toEqual({ won: true, item: await items.get(key) });
    if (below(4) > 0) before = result.item;
  }
});

/** W3: a long value of state is read as it was written at one time, never as a mixture. */
import { expect, test } from "vitest";
import { systemClock } from "../../../lib/clock.ts";
import { tokenOf } from "../../../lib/model/fence.ts";
import type { Attributes, ItemKey } from "../../../lib/model/item.ts";
import { VALUE_ITEM_BYTES_MAX } from "../../../lib/limits.ts";
import { readState, writeState } from "../../../lib/store/state-store.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const target = { service: "Store", handler: "set", key: "k" };
const writer = { target, type: "object", token: tokenOf(1, "1") } as const;
const reader = { target, type: "object", token: tokenOf(1, "2") } as const;
const valueOf = (seed: number): Uint8Array => new Uint8Array(2 * VALUE_ITEM_BYTES_MAX + 10).fill(seed);

/** Does something else first whenever a chunk is asked for. */
class Interrupted extends MemoryItemStore {
  before: (chunk: string) => Promise<void> = async () => await Promise.resolve();

  override async get(key: ItemKey): Promise<Attributes | undefined> {
    if (key.sk !== "v") await this.before(key.sk);
    return await super.get(key);
  }
}

test("a value that is overwritten while it is read, chunk by chunk, is read again", async () => {
  const items = new Interrupted();
  const ports = { items, clock: systemClock };
  const write = async (seed: number): Promise<void> => {
    await writeState(ports, writer, { name: "v", value: valueOf(seed), position: seed });
  };
  await write(1);
  let asked = 0;
  items.before = async () => {
    // Two writes, so that the chunks are those of the same set again.
    if (++asked !== 2) return;
    await write(2);
    await write(3);
  };
  const read = await readState(ports, reader, "v", 0);
  expect(asked).toBeGreaterThan(2);
  expect(new Set(read)).toEqual(new Set([3]));
  expect(read).toEqual(valueOf(3));
});

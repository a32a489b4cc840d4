/** Values and state that are too long for one item, over a store: at the limits of an item and of a payload. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readState, writeState } from "../../lib/store/state-store.ts";
import { copyValue, placeOf, readValue, type ValuePorts, writeValue } from "../../lib/store/value-store.ts";
import { tokenOf } from "../../lib/model/fence.ts";
import { invocationId, stateValuePartition, UNIQUE_SIZE } from "../../lib/model/ids.ts";
import { PAYLOAD_BYTES_MAX, VALUE_ITEM_BYTES_MAX } from "../../lib/limits.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { chunksOf, refOf } from "../../lib/model/value-ref.ts";
import { systemClock } from "../../lib/clock.ts";

const SIZES = [VALUE_ITEM_BYTES_MAX, VALUE_ITEM_BYTES_MAX + 1, PAYLOAD_BYTES_MAX - 1, PAYLOAD_BYTES_MAX];

function bytesOf(count: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = (at * 31 + (at >>> 8) * 7 + (at >>> 16) * 13 + seed) & 255;
  return bytes;
}
const idOf = (n: number) => invocationId("S", undefined, new Uint8Array(UNIQUE_SIZE).fill(n));

export function valueSuite(
  name: string,
  open: () => Promise<{ items: ItemStore; close: () => unknown }>,
): void {
  describe(`values in ${name}`, () => {
    let ports: ValuePorts;
    let close: () => unknown;
    beforeAll(async () => {
      const opened = await open();
      ports = { items: opened.items, clock: systemClock };
      close = opened.close;
    }, 60_000);
    afterAll(async () => void (await close()));

    test.each(SIZES)("of %i bytes, stored, copied, read", async (count) => {
      const value = bytesOf(count, 1);
      const ref = refOf(value);
      await writeValue(ports, placeOf(idOf(1)), ref, value);
      await copyValue(ports, placeOf(idOf(1)), placeOf(idOf(2)), ref);
      const read = await readValue(ports, placeOf(idOf(2)), ref);
      expect(Buffer.compare(read ?? new Uint8Array(0), value)).toBe(0);
    });

    test("with a chunk missing is not there", async () => {
      const value = bytesOf(2 * VALUE_ITEM_BYTES_MAX, 1);
      const ref = refOf(value);
      await writeValue(ports, placeOf(idOf(3)), ref, value);
      expect(chunksOf(ref)).toEqual({ count: 2, bytes: 2 * VALUE_ITEM_BYTES_MAX });
      await ports.items.write({ op: "delete", key: { ...placeOf(idOf(3)), sk: `${ref}/1` } });
      expect(await readValue(ports, placeOf(idOf(3)), ref)).toBeUndefined();
    });

    test("as state: replaced, shortened, written again by who comes late, cleared", async () => {
      const target = { service: "O", handler: "h", key: "k" };
      const writer = { target, type: "object", token: tokenOf(0, "1") } as const;
      const sizes = [...SIZES, 2 * VALUE_ITEM_BYTES_MAX];
      const read = () => readState(ports, writer, "n", 1000);
      for (const [position, count] of sizes.entries()) {
        const change = { name: "n", value: bytesOf(count, position), position };
        await writeState(ports, writer, change);
        await writeState(ports, writer, change);
        expect(Buffer.compare((await read()) ?? new Uint8Array(0), change.value)).toBe(0);
        // A zombie's older write changes nothing.
        if (position > 0)
          await writeState(ports, writer, { ...change, value: bytesOf(count, 99), position: 0 });
        expect(Buffer.compare((await read()) ?? new Uint8Array(0), change.value)).toBe(0);
      }
      await writeState(ports, writer, { name: "n", value: bytesOf(3, 5), position: 10 });
      expect(await read()).toEqual(bytesOf(3, 5));
      await writeState(ports, writer, { name: "n", value: bytesOf(PAYLOAD_BYTES_MAX, 6), position: 11 });
      await writeState(ports, writer, { name: "n", value: null, position: 12 });
      expect(await read()).toBeNull();
      const left = await ports.items.query("state", stateValuePartition("O", "k"), "");
      expect(left.items).toEqual([]);
    });
  });
}

/** What the source door keeps, over a store: marks, records that were set aside, subscriptions. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { REJECTED_INLINE_BYTES_MAX } from "../../lib/limits/events.ts";
import { sortablePosition } from "../../lib/model/source-record.ts";
import type { ValuePorts } from "../../lib/store/value-store.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { leaveOut, marksIn, raiseMark, readMark } from "../../runtime/events/marks.ts";
import { decideRejected, readRejected, rejectedOf, setAside } from "../../runtime/events/rejected.ts";
import type { SourceRecord } from "../../runtime/events/source-record.ts";
import {
  allSubscriptions,
  findSubscription,
  forgetSubscription,
  storeSubscription,
} from "../../runtime/events/subscription-store.ts";
import { parseSubscription } from "../../runtime/events/subscription.ts";

const SOURCE = { id: "sub_1suite", name: "suite", generation: 0 };
const recordOf = (name: string, bytes: number): SourceRecord => ({
  identity: ["sqs", "queue", name],
  ...{ coordinates: `queue, message ${name}`, item: name, key: new Uint8Array([255, 0]) },
  input: new Uint8Array(bytes).fill(7),
  headers: { tenant: "north" },
});

export function sourceSuite(
  name: string,
  open: () => Promise<{ items: ItemStore; close: () => unknown }>,
): void {
  describe(`the source door's items in ${name}`, () => {
    let ports: ValuePorts;
    let close: () => unknown;
    beforeAll(async () => {
      const opened = await open();
      ports = { items: opened.items, clock: systemClock };
      close = opened.close;
    }, 60_000);
    afterAll(async () => void (await close()));

    test("a mark only grows, also when several raise it at the same time", async () => {
      const { items } = ports;
      const positions = ["9", "10", "49590338271490256608559692538361571095921575989136588898", "3", "11"];
      await Promise.all(positions.map((position) => raiseMark(items, SOURCE, "s/0", { position, nowMs: 1 })));
      expect(await readMark(items, SOURCE, "s/0")).toEqual({
        ...{ position: sortablePosition(positions[2] ?? ""), gaps: [] },
      });
      await raiseMark(items, SOURCE, "s/1", { position: "0", nowMs: 2 });
      expect((await marksIn(items, SOURCE)).map(({ lane }) => lane)).toEqual(["s/0", "s/1"]);
    });

    test("gaps of a mark: several that add to them and cut them at the same time lose none of them", async () => {
      const { items } = ports;
      const first = { from: "5", position: "9", nowMs: 1 };
      await raiseMark(items, SOURCE, "g/0", first, { gaps: [] });
      const known = await readMark(items, SOURCE, "g/0");
      await Promise.all([
        leaveOut(items, SOURCE, "g/0", 20n),
        raiseMark(items, SOURCE, "g/0", { from: "1", position: "2", nowMs: 2 }, known),
        raiseMark(items, SOURCE, "g/0", { from: "4", position: "4", nowMs: 2 }, known),
      ]);
      const gaps = [
        [0n, 0n],
        [3n, 3n],
        [10n, 19n],
      ];
      expect(await readMark(items, SOURCE, "g/0")).toEqual({ position: sortablePosition("9"), gaps });
      const mark = await readMark(items, SOURCE, "g/0");
      await raiseMark(items, SOURCE, "g/0", { from: "0", position: "25", nowMs: 3 }, mark);
      expect(await readMark(items, SOURCE, "g/0")).toEqual({ position: sortablePosition("25"), gaps: [] });
    });

    test.each([10, 5 * REJECTED_INLINE_BYTES_MAX])(
      "a record with %i bytes is set aside once, and decided once",
      async (bytes) => {
        const record = recordOf(`m${bytes}`, bytes);
        const why = { reason: "no-key", message: "it has no key" } as const;
        await Promise.all([1, 2].map(() => setAside(ports, SOURCE, record, why)));
        const { records } = await rejectedOf(ports, SOURCE.name, { limit: 10 });
        const [held] = records.filter(({ record: { item } }) => item === record.item);
        expect(held).toMatchObject({
          reason: "no-key",
          status: "waiting",
          bytes,
          record: { key: record.key },
        });
        const whole = await readRejected(ports, SOURCE.name, held?.id ?? "");
        expect(whole?.record.input).toEqual(record.input);
        const decided = await Promise.all(
          [1, 2].map(() => decideRejected(ports, SOURCE.name, held?.id ?? "", "dropped")),
        );
        expect(decided.toSorted((a, b) => Number(a) - Number(b))).toEqual([false, true]);
      },
    );

    test("a subscription is stored once under its name, found by name and id, and forgotten once", async () => {
      const { items } = ports;
      const asked = { name: "orders", source: "sqs://work", sink: "service://Orders/place", options: {} };
      const one = parseSubscription(asked, 5);
      if ("reason" in one) throw new Error(one.reason);
      await storeSubscription(items, one);
      const other = await storeSubscription(items, { ...one, sinkText: "service://Orders/other" });
      expect(other.sinkText).toBe(one.sinkText);
      expect(await findSubscription(items, "orders")).toEqual(one);
      expect(await findSubscription(items, one.id)).toEqual(one);
      expect((await allSubscriptions(items)).map(({ id }) => id)).toEqual([one.id]);
      expect([await forgetSubscription(items, one.id), await forgetSubscription(items, one.id)]).toEqual([
        true,
        false,
      ]);
    });
  });
}

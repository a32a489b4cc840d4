/** E4: below a mark everything was accepted, and a mark only grows. */
import { describe, expect, test } from "vitest";
import { shownPosition, sortablePosition } from "../../../lib/model/source-record.ts";
import { marksIn, raiseMark, readMark } from "../../../runtime/events/marks.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { kafkaEvent } from "./events.ts";
import { EventsWorld } from "./world.ts";

const SOURCE = { id: "sub_1main", name: "main", generation: 0 };

describe("positions", () => {
  test.each([
    ["9", "10"],
    ["0", "1"],
    [
      "49590338271490256608559692538361571095921575989136588898",
      "49590338271490256608559692538361571095921575989136588899",
    ],
    ["9007199254740993", "9007199254740994"],
  ])("%s is before %s", (less, more) => {
    expect(sortablePosition(less) < sortablePosition(more)).toBe(true);
    expect(shownPosition(sortablePosition(more))).toBe(more);
  });

  test.each(["", "-1", "1.5", "abc", "9".repeat(65)])("%j is none", (text) => {
    expect(() => sortablePosition(text)).toThrow(RangeError);
  });
});

test("a mark only grows", async () => {
  const items = new MemoryItemStore();
  for (const position of ["9", "10", "3"]) await raiseMark(items, SOURCE, "orders-0", { position, nowMs: 5 });
  expect(await readMark(items, SOURCE, "orders-0")).toEqual({ position: sortablePosition("10"), gaps: [] });
  expect(await readMark(items, SOURCE, "orders-1")).toEqual({ gaps: [] });
  expect(await marksIn(items, SOURCE)).toEqual([{ lane: "orders-0", position: "10", gaps: [], atMs: 5 }]);
  expect(await marksIn(items, { ...SOURCE, generation: 1 })).toEqual([]);
});

test("one write for a batch and lane, however many records it has", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Plain/take");
  const records = Array.from({ length: 50 }, (_, value) => ({ value }));
  world.items.resetCounts();
  await world.deliver(to, kafkaEvent({ 0: { offset: 0, records }, 1: { offset: 0, records } }));
  expect(world.items.counts.writes).toEqual({ journal: 2, state: 0, registry: 0, guards: 0 });
  // Both marks are read; no head is.
  expect(world.items.counts.gets.journal).toBe(2);
});

test("records that come in another order than theirs are sorted, so that no mark skips one", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Account/add");
  const event = kafkaEvent({ 0: { offset: 5, records: [1, 2, 3].map((value) => ({ key: "a", value })) } });
  event.records["orders-0"]?.reverse();
  await world.deliver(to, event);
  await world.run();
  expect(world.values("a")).toEqual([1, 2, 3]);
});

test("a mark whose write fails: all of the lane comes again", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Account/add");
  const event = kafkaEvent({ 0: { offset: 5, records: [1, 2].map((value) => ({ key: "a", value })) } });
  // A read, two sends, the mark.
  const { batchItemFailures } = await world.deliver(to, event, { at: 3, effect: "before" });
  expect(batchItemFailures).toEqual([{ itemIdentifier: { partition: "orders-0", offset: 5 } }]);
  await world.deliver(to, event);
  await world.run();
  expect(world.values("a")).toEqual([1, 2]);
});

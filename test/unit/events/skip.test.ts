/** A group is moved: what is left out can be fetched later, what has run does not run again, unless a new generation is asked for. */
import { expect, test } from "vitest";
import { GAPS_MAX } from "../../../lib/limits/events.ts";
import { SkipRefused, type SkipTarget } from "../../../runtime/events/kafka/skip.ts";
import type { KafkaSources } from "../../../runtime/events/kafka/sources.ts";
import { isYetToCome, leaveOut, marksIn, raiseMark, readMark } from "../../../runtime/events/marks.ts";
import {
  beginReplay,
  findSubscription,
  forgetSubscription,
  keepCourse,
  replaysOf,
} from "../../../runtime/events/subscription-store.ts";
import type { Subscription } from "../../../runtime/events/subscription.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { kafkaEvent } from "./events.ts";
import { startReading, type Topic } from "./kafka-topic.ts";
import { EventsWorld } from "./world.ts";

const SOURCE = { id: "sub_1main", name: "main", generation: 0 };
const nothing = async (): Promise<void> => await Promise.resolve();

class Reading {
  readonly topic: Topic;
  readonly world: EventsWorld;
  readonly sources: KafkaSources;
  readonly #name: string;

  private constructor({ world, to, topic, sources }: Awaited<ReturnType<typeof startReading>>) {
    this.world = world;
    this.topic = topic;
    this.sources = sources;
    this.#name = to.name;
  }

  /** Partition 0 has the records 0 to 9, of which the first four have run. */
  static async start(): Promise<Reading> {
    const reading = new Reading(await startReading());
    await reading.append(0, 4);
    await reading.pause(true);
    await reading.append(4, 6);
    return reading;
  }

  async append(from: number, count: number): Promise<void> {
    for (let at = from; at < from + count; at++) this.topic.append(0, "a", at);
    await this.looked();
  }

  async looked(): Promise<void> {
    this.sources.look();
    await this.world.clock.advance(0);
    await this.world.run();
  }

  async subscription(): Promise<Subscription> {
    const found = await findSubscription(this.world.items, this.#name);
    if (!found) throw new Error("it is gone");
    return found;
  }

  async pause(isPaused: boolean): Promise<void> {
    await keepCourse(this.world.items, await this.subscription(), { isPaused });
    await this.looked();
  }

  async skip(to: SkipTarget) {
    const skipped = await this.sources.skip(await this.subscription(), { to, notes: true, moved: nothing });
    await this.looked();
    return skipped;
  }

  async replay(to: SkipTarget): Promise<void> {
    const moved = async (): Promise<void> => void (await beginReplay(this.world.items, this.#name));
    await this.sources.skip(await this.subscription(), { to, notes: false, moved });
    await this.looked();
  }

  get ran(): unknown[] {
    return this.world.values("a");
  }
}

test("what is skipped does not run; what comes after it does", async () => {
  const reading = await Reading.start();
  expect(await reading.skip({ offsets: new Map([[0, 8n]]) })).toEqual([{ partition: 0, from: "4", to: "8" }]);
  expect(reading.ran).toEqual([0, 1, 2, 3]);
  await reading.pause(false);
  expect(reading.ran).toEqual([0, 1, 2, 3, 8, 9]);
  expect(await marksIn(reading.world.items, await reading.subscription())).toMatchObject([
    { position: "9", gaps: [[4n, 7n]] },
  ]);
  await reading.sources.stop();
});

test("what was skipped can be fetched later; what has run does not run again", async () => {
  const reading = await Reading.start();
  await reading.skip("latest");
  await reading.pause(false);
  await reading.append(10, 1);
  expect(reading.ran).toEqual([0, 1, 2, 3, 10]);
  await reading.skip("earliest");
  expect(reading.ran).toEqual([0, 1, 2, 3, 10, 4, 5, 6, 7, 8, 9]);
  expect(await marksIn(reading.world.items, await reading.subscription())).toMatchObject([
    { position: "10", gaps: [] },
  ]);
  await reading.skip("earliest");
  expect(reading.ran).toHaveLength(11);
  await reading.sources.stop();
});

test("a time: the first record from then on; one that nothing is as late as is the end", async () => {
  const reading = await Reading.start();
  expect(await reading.skip({ timeMs: 7 })).toMatchObject([
    { partition: 0, to: "6" },
    { partition: 1, to: "0" },
  ]);
  expect(await reading.skip({ timeMs: 1000 })).toMatchObject([{ partition: 0, to: "10" }, { partition: 1 }]);
  await reading.sources.stop();
});

test("a replay runs everything once more, once; the same subscription, made again, stays in its generation", async () => {
  const reading = await Reading.start();
  await reading.pause(false);
  await reading.replay({ offsets: new Map([[0, 7n]]) });
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  expect(reading.ran).toEqual([...all, 7, 8, 9]);
  expect((await reading.subscription()).generation).toBe(1);
  // Of the new generation, what came before its first record was left out.
  await reading.skip("earliest");
  expect(reading.ran).toEqual([...all, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6]);
  const { world } = reading;
  await forgetSubscription(world.items, (await reading.subscription()).id);
  expect(await replaysOf(world.items, "main")).toBe(1);
  expect(await beginReplay(world.items, "main")).toBeUndefined();
  await reading.sources.stop();
});

test("what cannot be moved is refused, and reading goes on", async () => {
  const reading = await Reading.start();
  const refused = async (to: SkipTarget, why: string) =>
    await expect(reading.skip(to)).rejects.toThrow(
      expect.objectContaining({ message: expect.stringContaining(why) }),
    );
  await refused({ offsets: new Map([[0, 11n]]) }, "offsets from 0 to 10, not 11");
  await refused({ offsets: new Map([[7, 0n]]) }, "no partition 7");
  reading.topic.ofOthers.add(1);
  await refused("earliest", "Other members of the group 'main' read 1 of the 2 partitions");
  reading.topic.ofOthers.clear();
  const [first, second] = [reading.skip("latest"), reading.skip("earliest")];
  await expect(second).rejects.toThrow(SkipRefused);
  await first;
  await reading.pause(false);
  await reading.append(10, 1);
  expect(reading.ran).toEqual([0, 1, 2, 3, 10]);
  await reading.sources.stop();
});

test("a group that is not moved after its gap was noted loses nothing", async () => {
  const reading = await Reading.start();
  reading.topic.commitsFail = true;
  await expect(reading.skip("latest")).rejects.toThrow("no such member");
  reading.topic.commitsFail = false;
  await reading.pause(false);
  expect(reading.ran).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await marksIn(reading.world.items, await reading.subscription())).toMatchObject([{ gaps: [] }]);
  await reading.sources.stop();
});

test("the door dies while it fetches what was skipped: each record runs once, in order", async () => {
  for (let at = 0; ; at++) {
    const world = await EventsWorld.start();
    const to = world.subscription("kafka://main/orders", "Account/add");
    const records = (from: number, count: number) =>
      kafkaEvent({
        0: {
          offset: from,
          records: Array.from({ length: count }, (_, index) => ({ key: "a", value: from + index })),
        },
      });
    await world.deliver(to, records(0, 2));
    await leaveOut(world.items, to, "main/orders-0", 6n);
    await world.deliver(to, records(6, 2));
    await world.deliver(to, records(2, 6), { at, effect: at % 2 === 0 ? "before" : "after" });
    const requests = world.requests.count;
    await world.deliver(to, records(0, 8));
    await world.run();
    expect(world.values("a")).toEqual([0, 1, 6, 7, 2, 3, 4, 5]);
    expect(await readMark(world.items, to, "main/orders-0")).toMatchObject({ gaps: [] });
    if (at > requests) return;
  }
});

test("two who write a mark at once: no gap of either is lost, and the mark only grows", async () => {
  const items = new MemoryItemStore();
  const raised = async (from: string, position: string, known = { gaps: [] }) =>
    await raiseMark(items, SOURCE, "l", { from, position, nowMs: 1 }, known);
  await raised("5", "9");
  const known = await readMark(items, SOURCE, "l");
  expect(known.gaps).toEqual([[0n, 4n]]);
  await leaveOut(items, SOURCE, "l", 20n);
  await raiseMark(items, SOURCE, "l", { from: "2", position: "3", nowMs: 2 }, known);
  expect(await marksIn(items, SOURCE)).toMatchObject([
    {
      position: "9",
      gaps: [
        [0n, 1n],
        [4n, 4n],
        [10n, 19n],
      ],
    },
  ]);
});

test("more places than are kept are refused", async () => {
  const items = new MemoryItemStore();
  await raiseMark(items, SOURCE, "l", { position: "0", nowMs: 1 }, { gaps: [] });
  const skipping = async (): Promise<void> => {
    for (let at = 1n; at <= GAPS_MAX + 1; at++) {
      await leaveOut(items, SOURCE, "l", 3n * at);
      await raiseMark(items, SOURCE, "l", { position: String(3n * at), nowMs: 1 });
    }
  };
  await expect(skipping()).rejects.toThrow("replay it");
});

test("a skip before anything was accepted, and a door that stood still: what lies between its records and the next ones can be fetched", async () => {
  const items = new MemoryItemStore();
  const source = { id: "sub_1", name: "main", generation: 0 };
  await leaveOut(items, source, "orders-0", 5n);
  expect(await marksIn(items, source)).toEqual([]);
  for (const position of ["3", "5"]) {
    const known = await readMark(items, source, "orders-0");
    await raiseMark(items, source, "orders-0", { position, nowMs: 5 }, known);
  }
  const mark = await readMark(items, source, "orders-0");
  const yetToCome = [0, 1, 2, 3, 4, 5, 6].filter((at) => isYetToCome(mark, String(at)));
  expect(yetToCome).toEqual([0, 1, 2, 4, 6]);
});

/**
 * A source that delivers as Kafka and Kinesis do, at any pace and as often as it likes, and a door that dies at any request: each
 * record runs once, in the order of its key, and none is lost (E1 to E4 of docs/decisions/0042-events.md).
 *
 * The source goes on from what it was told, as an event source mapping does. What it has gone past it may deliver again.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { BatchItemFailure } from "../../runtime/events/failures.ts";
import type { Subscription } from "../../runtime/events/subscription.ts";
import { kafkaEvent, kinesisEvent, type Sent } from "../unit/events/events.ts";
import { DAY_MS, type Death, EventsWorld } from "../unit/events/world.ts";
import { tries } from "./tries.ts";

const RECORDS = 24;
const LANES = 2;
const HISTORY_MAX = 25;

interface Delivery {
  readonly do: "deliver";
  readonly lane: number;
  /** How far before what the source has gone past it begins. */
  readonly back: number;
  readonly count: number;
  readonly death: Death | undefined;
  /** The same batch at a second door, at the same time. */
  readonly twice: boolean;
}
type Step = Delivery | { readonly do: "run" | "recreate" } | { readonly do: "wait"; readonly days: number };

const death: fc.Arbitrary<Death | undefined> = fc.option(
  fc.record({ at: fc.nat({ max: 12 }), effect: fc.constantFrom("before" as const, "after" as const) }),
  { nil: undefined },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      lane: fc.nat({ max: LANES - 1 }),
      ...{ back: fc.nat({ max: 8 }), count: fc.integer({ min: 1, max: 10 }), death, twice: fc.boolean() },
    }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "run" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "recreate" }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), days: fc.nat({ max: 2 }) }) },
);

/** Keys of a lane are its own. Some records are too long for a message, and some have no key. */
const recordsOf = (lane: number): Sent[] =>
  Array.from({ length: RECORDS }, (_, at) => {
    const value = { at, text: at % 11 === 7 ? "x".repeat(300 * 1024) : "" };
    return at % 9 === 4 ? { value } : { key: `${lane}-${at % 3}`, value };
  });
const LANE_RECORDS = Array.from({ length: LANES }, (_, lane) => recordsOf(lane));

interface Kind {
  readonly subscribe: (world: EventsWorld) => Subscription;
  readonly event: (lane: number, from: number, records: readonly Sent[]) => unknown;
  /** Where a lane goes on. */
  readonly failedAt: (failures: readonly BatchItemFailure[], lane: number) => number | undefined;
  /** Of a record without a key. */
  readonly defaultKey: string | undefined;
}

const kafka: Kind = {
  subscribe: (world) => world.subscription("kafka://main/orders", "Account/add"),
  event: (lane, from, records) => kafkaEvent({ [lane]: { offset: from, records } }),
  failedAt: ([first]) =>
    typeof first?.itemIdentifier === "object" ? first.itemIdentifier.offset : undefined,
  defaultKey: undefined,
};
const kinesis = (options: Readonly<Record<string, string>>): Kind => ({
  subscribe: (world) => world.subscription("kinesis://clicks", "Account/add", options),
  event: (lane, from, records) => kinesisEvent(1000 + from, records, `shardId-00000000000${lane}`),
  failedAt: ([first]) => (first === undefined ? undefined : Number(first.itemIdentifier) - 1000),
  defaultKey: "k",
});

async function history(kind: Kind, steps: readonly Step[]): Promise<void> {
  const world = await EventsWorld.start();
  const past = Array.from({ length: LANES }, () => 0);
  let to = kind.subscribe(world);
  const deliver = async ({ lane, back, count, death: dies, twice }: Omit<Delivery, "do">): Promise<void> => {
    const from = Math.max(0, (past[lane] ?? 0) - back);
    const batch = (LANE_RECORDS[lane] ?? []).slice(from, from + count);
    if (batch.length === 0) return;
    const event = kind.event(lane, from, batch);
    const second = twice ? world.deliver(to, event) : undefined;
    const { batchItemFailures } = await world.deliver(to, event, dies);
    await second;
    // Of one that died the source hears nothing.
    const until = dies && batchItemFailures.length > 0 ? 0 : kind.failedAt(batchItemFailures, lane);
    past[lane] = Math.max(past[lane] ?? 0, until ?? from + batch.length);
  };
  for (const each of steps) {
    if (each.do === "deliver") await deliver(each);
    else if (each.do === "run") await world.run();
    else if (each.do === "wait") await world.clock.advance(each.days * DAY_MS);
    else to = kind.subscribe(world);
  }
  for (let lane = 0; lane < LANES; lane++)
    await deliver({ lane, back: 3, count: RECORDS, death: undefined, twice: false });
  await world.run();
  await expectAll(world, kind, to);
}

async function expectAll(world: EventsWorld, { defaultKey }: Kind, to: Subscription): Promise<void> {
  const all = LANE_RECORDS.map((records) =>
    records.map(({ key = defaultKey, value }) => ({ key, at: (value as { at: number }).at })),
  );
  const positions = (key: string): number[] => world.values(key).map((value) => (value as { at: number }).at);
  for (const records of all)
    for (const key of new Set(records.map((record) => record.key))) {
      if (key === undefined) continue;
      const sent = records.filter((record) => record.key === key).map(({ at }) => at);
      // Those without a key share one that is of both lanes.
      if (key !== defaultKey) expect(positions(key)).toEqual(sent);
    }
  const keyed = all.flat().filter(({ key }) => key !== undefined);
  expect(world.ran.length).toBe(keyed.length);
  expect((await world.rejected(to)).length).toBe(all.flat().length - keyed.length);
}

test.each([
  ["Kafka", kafka],
  ["Kinesis", kinesis({})],
  ["Kinesis, a shard at a time", kinesis({ "perdure.lanes": "shard" })],
] as const)(
  "%s: any history of deliveries and deaths",
  async (_, kind) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: HISTORY_MAX }),
        async (steps) => await history(kind, steps),
      ),
      { numRuns: tries(30, 300) },
    );
  },
  180_000,
);

/** What accepting a record of each source takes, exactly, by the batch in which it comes (docs/benchmarks.md#records-of-event-sources). */
import { expect, test } from "vitest";
import { acceptance } from "../../../bench/events/cost.ts";
import { SOURCES } from "../../../bench/events/sources.ts";

/** Of a batch of ten records of other keys. */
interface Taken {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly sends: number;
}
const BATCH = 10;
/** The subscription is read, for half a unit, and ten messages are one request. */
const UNMARKED: Taken = { writeUnits: 0, readUnits: 0.5, sends: 1 };

const EXPECTED: Readonly<Record<string, Taken>> = {
  // Its mark is read and written.
  Kafka: { writeUnits: 1, readUnits: 1.5, sends: 1 },
  // Each group is a lane of its own, and sends for itself.
  "SQS, FIFO": { ...UNMARKED, sends: BATCH },
};

test.each(SOURCES)("ten records at once: $name", async (source) => {
  const usage = await acceptance(source, BATCH);
  const { writeUnits, readUnits, fifoRequests, doorInvocations } = usage;
  const ofBatch = (each: number): number => Math.round(each * BATCH * 1e6) / 1e6;
  expect(ofBatch(doorInvocations)).toBe(1);
  expect({
    ...{ writeUnits: ofBatch(writeUnits), readUnits: ofBatch(readUnits), sends: ofBatch(fifoRequests) },
  }).toEqual(EXPECTED[source.name] ?? UNMARKED);
});

test("a hundred records at once are ten requests, and one write of a mark", async () => {
  const [kafka] = SOURCES;
  if (!kafka) throw new Error("there is no source");
  const { writeUnits, fifoRequests } = await acceptance(kafka, 100);
  expect([writeUnits * 100, fifoRequests * 100]).toEqual([1, 10]);
});

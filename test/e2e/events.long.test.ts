/**
 * `kill -9` of the local server while a source delivers to it, as Kafka's event source mapping does: what is not answered comes again,
 * and now and then what was. Each record runs once, in the order of its key (E1 to E4 of docs/decisions/0042-events.md).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kafkaEvent } from "../unit/events/events.ts";
import { seededRandom } from "./random.ts";
import { Server } from "./server.ts";

const SEED = Number(process.env["PERDURE_SEED"] ?? 1);
const LANES = 3;
const RECORDS = 60;
const BATCH_MAX = 15;
const KILLS = 4;
const RETRY_MS = 50;
const RUN_MS_MAX = 60_000;

let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: "workload.ts", args: ["--no-watch"] });
}, 60_000);
afterAll(async () => {
  await server.stop();
});

const random = seededRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);

/** Two keys a lane. */
const LANE_RECORDS = Array.from({ length: LANES }, (_, lane) =>
  Array.from({ length: RECORDS }, (__, at) => ({
    key: `p${lane}-${at % 2}`,
    value: { id: `${lane}/${String(at).padStart(3, "0")}`, amount: 1 },
  })),
);

interface Answer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: { readonly offset: number } }[];
  readonly counts: Readonly<Record<string, number>>;
}

async function posted(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${server.adminUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

const counted = { accepted: 0, skipped: 0, lost: 0 };

/** Until the source has gone past all records of the lane. */
async function deliverLane(lane: number): Promise<void> {
  const records = LANE_RECORDS[lane] ?? [];
  let past = 0;
  while (past < records.length) {
    const from = Math.max(0, past - (below(3) === 0 ? below(10) : 0));
    const batch = records.slice(from, from + 1 + below(BATCH_MAX));
    try {
      const event = kafkaEvent({ [lane]: { offset: from, records: batch } });
      const { batchItemFailures, counts } = (await posted("/events/orders", event)) as Answer;
      counted.accepted += counts["accepted"] ?? 0;
      counted.skipped += counts["skipped"] ?? 0;
      past = Math.max(past, batchItemFailures[0]?.itemIdentifier.offset ?? from + batch.length);
    } catch (error) {
      // No connection, or one that broke: the server was killed.
      if (!(error instanceof TypeError)) throw error;
      counted.lost++;
    }
    await sleep(RETRY_MS);
  }
}

async function killRepeatedly(): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(100 + below(400));
    await server.restart();
  }
}

const bookingsOf = async (key: string): Promise<readonly string[]> => {
  const report = (await server.call(`/Account/${key}/report`)) as { bookings: { id: string }[] };
  return report.bookings.map(({ id }) => id);
};

test(`seed ${SEED}: each record runs once, in the order of its key`, async () => {
  await posted("/kafka-clusters", { name: "main", properties: { "bootstrap.servers": "127.0.0.1:9092" } });
  await posted("/subscriptions", {
    ...{ name: "orders", source: "kafka://main/orders", sink: "service://Account/add" },
    options: { "perdure.consumer": "none" },
  });
  const lanes = LANE_RECORDS.map((_, lane) => deliverLane(lane));
  await Promise.all([killRepeatedly(), ...lanes]);
  // All of it once more, as after a consumer is set back to the beginning.
  for (const [lane, records] of LANE_RECORDS.entries()) {
    const { counts } = (await posted(
      "/events/orders",
      kafkaEvent({ [lane]: { offset: 0, records } }),
    )) as Answer;
    expect(counts).toMatchObject({ skipped: RECORDS, accepted: 0, failed: 0 });
  }
  const endMs = performance.now() + RUN_MS_MAX;
  for (const key of new Set(LANE_RECORDS.flat().map((record) => record.key))) {
    const sent = LANE_RECORDS.flat()
      .filter((record) => record.key === key)
      .map(({ value }) => value.id);
    while ((await bookingsOf(key)).length < sent.length && performance.now() < endMs) await sleep(RETRY_MS);
    expect(await bookingsOf(key)).toEqual(sent);
  }
  // It was killed while the source delivered, and repeated what it had accepted.
  expect(counted.lost).toBeGreaterThan(0);
  expect(counted.accepted + counted.skipped).toBeGreaterThanOrEqual((LANES * RECORDS) / 2);
}, 120_000);

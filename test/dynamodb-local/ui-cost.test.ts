/**
 * What the web UI's pages read where they have to ask again and again, in the units that DynamoDB Local reports: the table of
 * docs/ui.md. Three services, with 60 open invocations each and many that have ended.
 */
import { object } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DynamoItems, dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { invocationId } from "../../lib/model/ids.ts";
import { silentLogger } from "../../lib/ports.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { Admin } from "../../runtime/admin/admin.ts";
import { CountedReads } from "../../runtime/aws/counted-reads.ts";
import { DynamoListing } from "../../runtime/aws/dynamo-listing.ts";
import { createEndpoint } from "../../sdk/endpoint.ts";
import {
  type DynamoEmulator,
  startDynamoLocal,
  TABLES,
  whyNoDynamoLocal,
} from "../support/emulator-dynamo.ts";

const SERVICES = ["Cart", "Orders", "Payments"];
const OPEN = 60;
const ENDED = 300;

const idOf = (service: string, n: number): string => {
  const unique = Buffer.alloc(14);
  unique.writeUInt32BE(n);
  return invocationId(service, undefined, unique);
};

describe.skipIf(whyNoDynamoLocal() !== undefined)("what a page of the UI reads in AWS", () => {
  let emulator: DynamoEmulator;
  let admin: Admin;

  beforeAll(async () => {
    emulator = await startDynamoLocal(["open"]);
    const calls = new CountedReads(emulator.calls());
    const requests = dynamoRequests(calls);
    const items = new DynamoItems(requests, TABLES);
    const registry = new ItemRegistry(items, systemClock);
    const served = SERVICES.map((name) => object({ name, handlers: { place: async () => "done" } }));
    await registry.register({
      ...{ id: "dp_1", address: "here", createdAtMs: 0 },
      services: createEndpoint(served).discover().services,
    });
    admin = new Admin(
      {
        ...{ items, registry, clock: systemClock, entropy: systemEntropy, logger: silentLogger },
        listing: new DynamoListing(requests, TABLES, ["open"]),
        ...{ mailbox: { sendBatch: async () => [] }, readUnits: () => calls.units },
      },
      { version: "0", ingressEndpoint: "", environment: { kind: "aws" } },
    );
    for (const service of SERVICES)
      for (let n = 0; n < OPEN + ENDED; n += 20)
        await Promise.all(
          Array.from({ length: 20 }, async (_, at) => {
            const head = {
              v: 1,
              i: 0,
              t: [service, "place", "ada"],
              o: "door",
              n: 0,
              b: 0,
              p: 0,
              l: [],
              m: [],
              u: n,
            };
            const attributes = {
              ...head,
              c: 1_000_000 + n + at,
              s: n < OPEN ? "paused" : "completed",
              pad: "x".repeat(500),
            };
            await items.write({ op: "put", key: headKey(idOf(service, n + at)), attributes });
          }),
        );
    // The registry is read once.
    await unitsOf("/services");
  }, 180_000);
  afterAll(() => emulator.close());

  async function unitsOf(path: string): Promise<number> {
    const [pathname = "", query = ""] = path.split("?");
    const { status, headers } = await admin.handle({
      ...{ method: "GET", path: pathname, query: new URLSearchParams(query), headers: {} },
      body: new Uint8Array(),
    });
    expect(status).toBe(200);
    return Number(headers["x-perdure-read-units"]);
  }

  test("the overview: an index's queries and fifty heads, and then nothing for a minute", async () => {
    const first = await unitsOf("/overview");
    expect(first).toBeGreaterThan(50);
    expect(first).toBeLessThanOrEqual(50 + 4 * SERVICES.length + 12);
    expect(await unitsOf("/overview")).toBe(0);
  });

  test("a list: an index's queries and a unit for each row", async () => {
    const units = await unitsOf("/invocations?status=paused&limit=100");
    expect(units).toBeGreaterThanOrEqual(100);
    expect(units).toBeLessThanOrEqual(100 + 4 * SERVICES.length + 24);
    expect(await unitsOf("/invocations?status=paused&service=Cart&limit=20")).toBeLessThanOrEqual(20 + 4 + 8);
  });

  test("one invocation, its journal, a key's lock and state: a few units", async () => {
    const id = idOf("Cart", 1);
    expect(await unitsOf(`/invocations/${id}`)).toBe(1);
    expect(await unitsOf(`/invocations/${id}/journal`)).toBeLessThanOrEqual(2);
    expect(await unitsOf("/services/Cart/locks/ada")).toBeLessThanOrEqual(2);
    expect(await unitsOf("/services/Cart/state/ada")).toBeLessThanOrEqual(1);
  });

  test("what is served is half a unit for each 4 KB of the registry, and the version nothing", async () => {
    for (const path of ["/services", "/services/Cart", "/deployments"])
      expect(await unitsOf(path)).toBeLessThanOrEqual(1);
    expect(await unitsOf("/version")).toBe(0);
  });
});

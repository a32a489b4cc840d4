/**
 * What SQL queries cost, in the read units that DynamoDB Local reports: by id, key and status the same whatever the table holds, and
 * never beyond the budget.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DynamoItems, dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { invocationId } from "../../lib/model/ids.ts";
import { silentLogger } from "../../lib/ports.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { Admin } from "../../runtime/admin/admin.ts";
import { DynamoListing } from "../../runtime/aws/dynamo-listing.ts";
import { CountedReads } from "../../runtime/aws/counted-reads.ts";
import {
  type DynamoEmulator,
  startDynamoLocal,
  TABLES,
  whyNoDynamoLocal,
} from "../support/emulator-dynamo.ts";

interface Answer {
  readonly rows: readonly Record<string, unknown>[];
  readonly perdure: {
    readonly source: string;
    readonly complete: boolean;
    readonly missing?: readonly string[];
    readonly cost: { readonly readUnits: number };
  };
}

const reason = whyNoDynamoLocal();
const PAUSED = 10;
const JSON_ONLY = { accept: "application/json", "content-type": "application/json" };

describe.skipIf(reason !== undefined)("read units of a query", () => {
  let emulator: DynamoEmulator;
  let admin: Admin;
  let items: DynamoItems;
  let kept = 0;

  beforeAll(async () => {
    emulator = await startDynamoLocal(["open"]);
    const counted = new CountedReads(emulator.calls());
    const requests = dynamoRequests(counted);
    const units = (): number => counted.units;
    items = new DynamoItems(requests, TABLES);
    const registry = new ItemRegistry(items, systemClock);
    await registry.register({
      ...{ id: "dp_1", address: "here", createdAtMs: 0 },
      services: [
        { name: "Counter", type: "object", handlers: [{ name: "add", kind: "exclusive" }] },
        { name: "Work", type: "service", handlers: [{ name: "run", kind: "plain" }] },
      ],
    });
    admin = new Admin(
      {
        ...{
          items,
          registry,
          clock: systemClock,
          entropy: systemEntropy,
          logger: silentLogger,
          readUnits: units,
        },
        listing: new DynamoListing(requests, TABLES, ["open"]),
        mailbox: { sendBatch: async () => [] },
      },
      { version: "0", ingressEndpoint: "" },
    );
    for (let n = 0; n < PAUSED; n++) await put("Counter", n, "paused");
    await query("SELECT name FROM sys_service");
  }, 180_000);
  afterAll(() => emulator.close());

  const idOf = (service: string, n: number): string => {
    const unique = Buffer.alloc(14);
    unique.writeUInt32BE(n);
    return invocationId(service, undefined, unique);
  };

  async function put(service: string, n: number, s: string): Promise<void> {
    const head = { v: 1, i: 0, t: [service, "run"], o: "door", n: 0, b: 0, p: 0, l: [], m: [], u: n };
    const attributes = { ...head, c: 1_000_000 + n, s, pad: "x".repeat(500) };
    await items.write({ op: "put", key: headKey(idOf(service, n)), attributes });
  }

  async function keep(count: number): Promise<void> {
    for (; kept < count; kept += 50)
      await Promise.all(Array.from({ length: 50 }, (_, n) => put("Work", kept + n, "completed")));
  }

  async function query(text: string, more: object = {}): Promise<Answer> {
    const answer = await admin.handle({
      ...{
        method: "POST",
        path: "/query",
        query: new URLSearchParams(),
        headers: JSON_ONLY,
      },
      body: new TextEncoder().encode(JSON.stringify({ query: text, ...more })),
    });
    const body = new TextDecoder().decode(answer.body);
    expect(answer.status, body).toBe(200);
    return JSON.parse(body) as Answer;
  }

  const cases = (): readonly (readonly [string, string, number, number, string])[] => [
    [
      "by id",
      `SELECT id, target, status FROM sys_invocation WHERE id = '${idOf("Counter", 1)}'`,
      1,
      1,
      "keys",
    ],
    [
      "by ids, joined with the deployments",
      `SELECT i.id, d.id IS NOT NULL AS found FROM sys_invocation i LEFT JOIN sys_deployment d ON d.id = i.pinned_deployment_id WHERE i.id IN ('${idOf("Counter", 1)}', '${idOf("Counter", 2)}')`,
      2,
      4,
      "keys",
    ],
    [
      "by status",
      "SELECT id FROM sys_invocation WHERE status = 'paused' AND target_service_name = 'Counter'",
      10,
      12,
      "index",
    ],
    [
      "as Restate's command line asks",
      "SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Counter/%' AND status != 'completed' LIMIT 500",
      10,
      12,
      "index",
    ],
    [
      "by key",
      "SELECT id FROM sys_invocation WHERE target_service_name = 'Counter' AND target_service_key = 'k'",
      0,
      13,
      "index",
    ],
    [
      "a key's state",
      "SELECT key, value FROM state WHERE service_name = 'Counter' AND service_key = 'k'",
      0,
      4,
      "keys",
    ],
    [
      "a key's lock",
      "SELECT * FROM sys_keyed_service_status WHERE service_name = 'Counter' AND service_key = 'k'",
      0,
      14,
      "index",
    ],
  ];

  test("by id, key and status is the same at 100 and at 5,000 kept invocations", async () => {
    for (const count of [100, 5000]) {
      await keep(count);
      for (const [name, text, rows, units, source] of cases()) {
        const { rows: found, perdure } = await query(text);
        expect([name, found.length, perdure.source], name).toEqual([name, rows, source]);
        expect(perdure.cost.readUnits, name).toBeLessThanOrEqual(units);
      }
    }
  }, 120_000);

  test("of all invocations ends at the budget, and says so", async () => {
    const cut = await query("SELECT id FROM sys_invocation", { read_units: 20 });
    expect(cut.perdure.complete).toBe(false);
    expect(cut.perdure.missing?.join()).toContain("the budget of 20 read units is used up");
    // A page of a scan is one megabyte.
    expect(cut.perdure.cost.readUnits).toBeLessThan(200);
    const whole = await query("SELECT count(*) AS n FROM sys_invocation");
    expect([whole.rows, whole.perdure.complete, whole.perdure.source]).toEqual([[{ n: 5010 }], true, "scan"]);
  }, 60_000);

  test("says what an index does not have", async () => {
    const { perdure } = await query("SELECT id FROM sys_invocation WHERE target_service_name = 'Work'");
    expect(perdure.complete).toBe(false);
    expect(perdure.missing?.join()).toContain("completed invocations: there is no index of them");
    const scanned = await query(
      "SELECT count(*) AS n FROM sys_invocation WHERE target_service_name = 'Work'",
      { scan: true },
    );
    expect([scanned.rows, scanned.perdure.complete]).toEqual([[{ n: 5000 }], true]);
  }, 60_000);
});

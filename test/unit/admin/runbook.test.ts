/** Every query that docs/operations.md names, asked of a store with thousands of invocations: it finds what the page promises, by `next`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import { METRICS } from "../../../lib/metrics.ts";
import type { ListedPart } from "../../../lib/model/listing.ts";
import { success } from "../../../lib/model/outcome.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { Admin } from "../../../runtime/admin/admin.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { answerOf, NOW, requestOf } from "../ingress/world.ts";
import { STATUS_VIEWS } from "../../../runtime/admin/invocation-view.ts";
import { AdminWorld } from "./admin-world.ts";

const ROOT = join(import.meta.dirname, "../../..");
const OPERATIONS = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
const COSTS = readFileSync(join(ROOT, "docs/costs.md"), "utf8");

/** With `\u2026` for what the reader puts in. */
const QUERIES = [
  ...new Set([...OPERATIONS.matchAll(/GET \/invocations(\?[^`\s]*)`/g)].map(([, query = ""]) => query)),
];
const filled = (query: string): string => query.replace("service=…", "service=O").replace("key=…", "key=a");

interface Kept {
  readonly id: string;
  readonly service: string;
  readonly key?: string;
  readonly status: string;
  /** It has never rested. */
  readonly isNew?: boolean;
}

const NOISE = 2500;
const SERVER = { version: "0.1.0", ingressEndpoint: "" };

/** One of each status for O/a, two of T, and many that are asked for by nobody. */
async function filledWorld(parts: readonly ListedPart[]): Promise<{ world: AdminWorld; kept: Kept[] }> {
  const world = new AdminWorld(parts);
  const kept: Kept[] = [];
  for (let n = 0; n < NOISE; n++) {
    if (n % 100 === 0) await world.clock.advance(1);
    const { id } = await world.invocation({ s: "suspended" }, `POST /O/n${n % 50}/add/send`);
    kept.push({ id: shownId(id), service: "O", key: `n${n % 50}`, status: "suspended" });
  }
  for (const status of ["scheduled", "pending", "suspended", "backing-off", "paused"] as const) {
    await world.clock.advance(1000);
    const { id } = await world.invocation({ s: status }, "POST /O/a/add/send");
    kept.push({ id: shownId(id), service: "O", key: "a", status });
  }
  await world.clock.advance(1000);
  const { id: running } = await world.invocation({ s: "running" }, "POST /O/a/add/send");
  kept.push({ id: shownId(running), service: "O", key: "a", status: "running", isNew: true });
  const { id: ready } = await world.invocation({ s: "accepted" }, "POST /O/a/add/send");
  kept.push({ id: shownId(ready), service: "O", key: "a", status: "ready", isNew: true });
  await world.clock.advance(1000);
  const paused = await world.invocation({ s: "paused" }, "POST /T/hello/send");
  kept.push({ id: shownId(paused.id), service: "T", status: "paused" });
  const done = await world.invocation({}, "POST /O/a/add/send");
  await world.complete(done, success());
  kept.push({ id: shownId(done.id), service: "O", key: "a", status: "completed" });
  return { world, kept };
}

/** What the page promises of a query: with `scan=true` everything that is kept, else what has rested and has not ended. */
function promised(kept: readonly Kept[], query: string): string[] {
  const asked = new URLSearchParams(query);
  const statuses = asked.get("status")?.split(",");
  const isAll = asked.get("scan") === "true";
  return kept
    .filter(({ service }) => (asked.get("service") ?? service) === service)
    .filter(({ key }) => (asked.get("key") ?? key) === key)
    .filter(({ status }) => statuses?.includes(status) ?? true)
    .filter(({ status, isNew }) => isAll || (isNew !== true && status !== "completed"))
    .map(({ id }) => id)
    .toSorted();
}

test("the page names queries", () => {
  expect(QUERIES).toContain("?status=paused");
  expect(QUERIES.length).toBeGreaterThanOrEqual(6);
  expect(filled("?service=…&key=…")).toBe("?service=O&key=a");
});

describe("as in AWS, where what has rested is in an index", () => {
  let made: Awaited<ReturnType<typeof filledWorld>>;
  beforeAll(async () => {
    made = await filledWorld(["open"]);
  }, 120_000);

  test.each(QUERIES)(
    "%s finds what the page says, and no page but the last is empty",
    { timeout: 60_000 },
    async (query) => {
      const { world, kept } = made;
      const found: string[] = [];
      let pages = 0;
      for (let after = ""; ;) {
        const answer = await world.ask(`GET /invocations${filled(query)}${after}`);
        expect(answer.status).toBe(200);
        const { invocations, next, incomplete } = answer.body as {
          readonly invocations: readonly { readonly id: string }[];
          readonly next?: string;
          readonly incomplete?: boolean;
        };
        pages++;
        found.push(...invocations.map(({ id }) => id));
        if (next === undefined) {
          expect(incomplete).toBeUndefined();
          break;
        }
        expect(invocations.length).toBeGreaterThan(0);
        expect(pages).toBeLessThan(100);
        after = `&after=${encodeURIComponent(next)}`;
      }
      expect(found.toSorted()).toEqual(promised(kept, filled(query)));
      // Nobody who is in trouble turns pages first.
      if (!query.includes("scan=true")) expect(found.length === 0 || pages <= 2).toBe(true);
    },
  );
});

test(
  "on your machine, with thousands that have ended, one request finds what is paused, and one of a key, from the index",
  { timeout: 120_000 },
  async () => {
    const world = new AdminWorld();
    const items = new LocalItemStore(openDatabase(":memory:"), world.clock);
    const admin = new Admin({ ...world.adminPorts, items, listing: items.listing }, SERVER);
    await world.ask("GET /version");
    const ids: string[] = [];
    for (let n = 0; n < 6000; n++) {
      const unique = Buffer.alloc(14);
      unique.writeUInt32BE(n, 4);
      const key = n === 5000 ? "late" : "k";
      const id = invocationId("O", key, unique);
      const attributes = {
        ...{ v: 1, i: 0, t: ["O", "add", key], o: "door", n: 0, b: 0, p: 0, l: [], m: [], u: NOW },
        ...{ c: NOW + n, s: n === 5500 ? "paused" : "completed" },
      };
      await items.write({ op: "put", key: headKey(id), attributes });
      ids.push(shownId(id));
    }
    const ask = async (query: string) =>
      (await answerOf(admin.handle(requestOf(`GET /invocations${query}`)))).body as {
        readonly next?: string;
      };
    const paused = await ask("?status=paused");
    expect(paused).toMatchObject({ invocations: [{ id: ids[5500] }], source: "index" });
    expect(paused).not.toHaveProperty("next");
    const late = await ask("?service=O&key=late");
    // It has looked at thousands, and not yet at what was accepted later.
    expect(late).toMatchObject({ invocations: [{ id: ids[5000] }], source: "index", incomplete: true });
    expect(await ask(`?service=O&key=late&after=${late.next}`)).toEqual({
      ...{ invocations: [], source: "index" },
      covers: ["open", "ended"],
    });
  },
);

test("the page has a table of the metrics, and the costs count them", () => {
  const [, section = ""] = OPERATIONS.split("\n## Metrics\n");
  const [table = ""] = section.split("\n## ");
  const named = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) => cell.match(/\w+/g) ?? []);
  expect(named.toSorted()).toEqual(
    Object.values(METRICS)
      .map(({ name }) => name)
      .toSorted(),
  );
  expect(COSTS).toContain(`at most ${Object.keys(METRICS).length}, by the hour`);
});

test("the page says of each status what it means", () => {
  const [, section = ""] = OPERATIONS.split("| `status` | What it means |");
  const [table = ""] = section.split("\n\n");
  const named = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, status = ""]) => status);
  expect(named.toSorted()).toEqual([...STATUS_VIEWS].toSorted());
});

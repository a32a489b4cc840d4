/** Many invocations that are kept, for benchmarks, and a list of them by the admin API. */
import { atOnce } from "../../lib/at-once.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { newHead } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { invocationId } from "../../lib/model/ids.ts";
import type { Start } from "../../lib/model/message.ts";
import { type ItemStore, type Listing, silentLogger } from "../../lib/ports.ts";
import { service } from "perdure";
import type { Deployment } from "../../lib/model/manifest.ts";
import { createEndpoint } from "../../sdk/endpoint.ts";
import { Admin } from "../../runtime/admin/admin.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";

/** One of so many is suspended. That is the one an operator looks for. */
export const SUSPENDED_OF = 1000;
const WRITES_AT_ONCE = 1000;
const DEPLOYMENT: Deployment = {
  id: "dp_1",
  address: "nowhere",
  createdAtMs: 0,
  services: createEndpoint([
    service({ name: "Orders", handlers: { place: async () => undefined } }),
  ]).discover().services,
};

/** `sinceMs`: when the first one was accepted, the others a millisecond later each. */
export async function fill(items: ItemStore, count: number, sinceMs = 1_700_000_000_000): Promise<void> {
  await atOnce(count, WRITES_AT_ONCE, (n) => put(items, n, sinceMs + n));
}

async function put(items: ItemStore, n: number, acceptedAtMs: number): Promise<void> {
  const unique = Buffer.alloc(14);
  unique.writeUInt32BE(n, 10);
  const id = invocationId("Orders", undefined, unique);
  const start: Start = {
    kind: "start",
    ...{ id, incarnation: 0, origin: `o${n}`, acceptedAtMs },
    ...{ target: { service: "Orders", handler: "place" }, input: new Uint8Array(200), headers: {} },
  };
  const suspended = n % SUSPENDED_OF === 0;
  const ended = suspended ? { s: "suspended", w: ["i", 0] } : { s: "completed", x: new Uint8Array(100) };
  const attributes = {
    ...newHead(start, { deployment: "dp_1" }),
    ...ended,
    in: start.input,
    u: start.acceptedAtMs,
  };
  await items.write({ op: "put", key: headKey(id), attributes });
}

/** Follows `next` until `wanted` were found, or to the end. */
export async function list(
  items: ItemStore,
  listing: Listing,
  query: string,
  wanted: number,
): Promise<number> {
  const clock = systemClock;
  const mailbox = { sendBatch: async () => [] };
  const registry = new ItemRegistry(items, clock);
  await registry.register(DEPLOYMENT);
  const ports = { items, listing, mailbox, registry, clock, entropy: systemEntropy, logger: silentLogger };
  const admin = new Admin(ports, { version: "0", ingressEndpoint: "http://127.0.0.1" });
  let [found, after] = [0, ""];
  do {
    const search = new URLSearchParams(
      `${query}${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`,
    );
    const path = "/invocations";
    const request = { method: "GET", path, query: search, headers: {}, body: new Uint8Array(0) };
    const { status, body } = await admin.handle(request);
    if (status !== 200) throw new Error(`listing answered ${status}`);
    const page = JSON.parse(new TextDecoder().decode(body)) as { invocations: unknown[]; next?: string };
    found += page.invocations.length;
    after = page.next ?? "";
  } while (after !== "" && found < wanted);
  return found;
}

/** What every listing must do: list heads by service, part and time, and keys that have state. Writes of heads move them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { newHead } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { invocationId, type InvocationId, statePartition, stateValuePartition } from "../../lib/model/ids.ts";
import type { Attributes, Change } from "../../lib/model/item.ts";
import { type ListedPart, shardOf, shardsOf } from "../../lib/model/listing.ts";
import type { Start } from "../../lib/model/message.ts";
import type { ItemStore, ListedRange, Listing } from "../../lib/ports.ts";

export interface OpenListing {
  readonly items: ItemStore;
  readonly listing: Listing;
  close(): Promise<void>;
}

export interface ListingTraits {
  /** Also lists invocations that run and have not rested yet. */
  readonly listsRunning?: true;
}

const ALL: ListedRange = { fromMs: 0, untilMs: 10 ** 15 - 1, limit: 100 };
let made = 0;

function startOf(service: string, acceptedAtMs: number): Start {
  const unique = new Uint8Array(14);
  new DataView(unique.buffer).setUint32(0, ++made);
  return {
    kind: "start",
    id: invocationId(service, undefined, unique),
    incarnation: 0,
    origin: "door",
    target: { service, handler: "run" },
    input: new Uint8Array(),
    headers: {},
    acceptedAtMs,
  };
}

export function listingSuite(
  name: string,
  open: () => Promise<OpenListing>,
  { listsRunning }: ListingTraits = {},
): void {
  describe(`listing: ${name}`, () => {
    let store: OpenListing;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store.close());

    const put = async (service: string, fields: Attributes, acceptedAtMs = 1000): Promise<InvocationId> => {
      const start = startOf(service, acceptedAtMs);
      const attributes = { ...newHead(start, {}), ...fields };
      await store.items.write({ op: "put", key: headKey(start.id), attributes });
      return start.id;
    };
    const update = async (id: InvocationId, ...changes: Change[]): Promise<void> => {
      const { won } = await store.items.write({
        op: "update",
        key: headKey(id),
        changes,
        when: { is: "present" },
      });
      expect(won).toBe(true);
    };
    const become = (id: InvocationId, status: string): Promise<void> =>
      update(id, { do: "set", attribute: "s", value: status });
    const idsOf = async (part: ListedPart, service: string, range = ALL): Promise<InvocationId[]> => {
      const found: { id: InvocationId; atMs: number }[] = [];
      for (const shard of shardsOf(service)) {
        let after: string | undefined;
        do {
          const page = await store.listing.heads(
            part,
            shard,
            after === undefined ? range : { ...range, after },
          );
          expect(page.entries.length).toBeLessThanOrEqual(range.limit);
          expect(page.entries.every(({ id }) => shardOf(headKey(id).pk) === shard)).toBe(true);
          expect(page.entries.map(({ atMs }) => atMs)).toEqual(
            page.entries.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
          );
          found.push(...page.entries);
          after = page.next;
        } while (after !== undefined);
      }
      return found.toSorted((a, b) => a.atMs - b.atMs).map(({ id }) => id);
    };
    /** An index may lag. */
    const untilListed = async (part: ListedPart, service: string, ids: InvocationId[]): Promise<void> => {
      for (let tries = 0; tries < 50; tries++) {
        if (JSON.stringify(await idsOf(part, service)) === JSON.stringify(ids)) return;
        await sleep(20);
      }
      expect(await idsOf(part, service)).toEqual(ids);
    };

    test.each(["scheduled", "pending", "suspended", "backing-off", "paused"])(
      "what is %s is open, and after its end it is ended",
      async (status) => {
        const service = `rests.${status}`;
        const id = await put(service, { s: status });
        await untilListed("open", service, [id]);
        expect(await idsOf("ended", service)).toEqual([]);
        await become(id, "running");
        await untilListed("open", service, [id]);
        await become(id, "completed");
        await untilListed("open", service, []);
        await untilListed("ended", service, [id]);
      },
    );

    test.each(["running", "accepted"])(
      "what is %s from the first on is open once it rests",
      async (status) => {
        const service = `goes.${status}`;
        const id = await put(service, { s: status });
        await untilListed("open", service, listsRunning ? [id] : []);
        await become(id, "suspended");
        await untilListed("open", service, [id]);
      },
    );

    test("what ends with its first write is ended; what is deleted is nowhere", async () => {
      const id = await put("short", { s: "completed" });
      await untilListed("ended", "short", [id]);
      await store.items.write({ op: "delete", key: headKey(id) });
      await untilListed("ended", "short", []);
    });

    test("a write that is refused for its size leaves the lists as they were", async () => {
      const id = await put("refused", { s: "suspended" });
      const changes: Change[] = [
        { do: "set", attribute: "s", value: "completed" },
        { do: "set", attribute: "x", value: "x".repeat(400 * 1024) },
      ];
      const write = store.items.write({ op: "update", key: headKey(id), changes });
      await expect(write).rejects.toMatchObject({ code: "too-large" });
      await untilListed("open", "refused", [id]);
      expect(await idsOf("ended", "refused")).toEqual([]);
      await become(id, "completed");
      await untilListed("open", "refused", []);
      await untilListed("ended", "refused", [id]);
    });

    test("a new life of an id takes the place of the old one", async () => {
      const start = startOf("again", 1000);
      const key = headKey(start.id);
      const life = (acceptedAtMs: number, s: string) =>
        store.items.write({ op: "put", key, attributes: { ...newHead({ ...start, acceptedAtMs }, {}), s } });
      await life(1000, "completed");
      await life(2000, "scheduled");
      await untilListed("open", "again", [start.id]);
      await untilListed("ended", "again", []);
      expect(await idsOf("open", "again", { ...ALL, untilMs: 1999 })).toEqual([]);
    });

    test("the attributes that are read are those that were written", async () => {
      const start = startOf("clean", 1);
      const attributes = { ...newHead(start, {}), s: "suspended" };
      const write = { op: "put", key: headKey(start.id), attributes, when: { is: "absent" } } as const;
      expect(await store.items.write(write)).toEqual({ won: true, item: attributes });
      expect(await store.items.write(write)).toEqual({ won: false, item: attributes });
      expect(await store.items.get(write.key)).toEqual(attributes);
      expect((await store.items.query("journal", write.key.pk, "")).items).toEqual([
        { sk: "head", attributes },
      ]);
      const found = (await store.items.scan("journal", "head")).items.find(({ pk }) => pk === write.key.pk);
      expect(found?.attributes).toEqual(attributes);
      const ended = await store.items.write({
        op: "update",
        key: write.key,
        changes: [{ do: "set", attribute: "s", value: "completed" }],
        when: { is: "present" },
      });
      expect(ended.item).toEqual({ ...attributes, s: "completed" });
    });

    test("of a time, both ends included, in pages of any size", async () => {
      const ids: InvocationId[] = [];
      for (let at = 1; at <= 30; at++) ids.push(await put("timed", { s: "suspended" }, at * 1000));
      await untilListed("open", "timed", ids);
      for (const limit of [1, 2, 7]) {
        expect(await idsOf("open", "timed", { ...ALL, limit })).toEqual(ids);
        const range = { fromMs: 5000, untilMs: 9000, limit };
        expect(await idsOf("open", "timed", range)).toEqual(ids.slice(4, 9));
        expect(await idsOf("open", "timed", { ...range, untilMs: 8999 })).toEqual(ids.slice(4, 8));
      }
    });

    test("keys that have state, each found, whatever else there is", () => findsKeys(store));
  });
}

async function findsKeys({ items, listing }: OpenListing): Promise<void> {
  const write = (service: string, key: string, sk: string, attributes: Attributes) =>
    items.write({ op: "put", key: { table: "state", pk: statePartition(service, key), sk }, attributes });
  const keys = ["", "a", "b.c", "zoë", "漢"];
  for (const key of keys) {
    await write("Cart", key, "one", { f: "1", val: Uint8Array.of(1) });
    await write("Cart", key, "two", { f: "1", val: Uint8Array.of(2) });
  }
  await write("Cart", "cleared", "one", { f: "1", gone: true });
  await write("Cart", "half", "one", { f: "1", gone: true });
  await write("Cart", "half", "two", { f: "1", val: Uint8Array.of(1) });
  await write("Other", "a", "one", { f: "1", val: Uint8Array.of(1) });
  // Values that are too long for one item have a partition beside, whose name comes before those of the state.
  await items.write({
    op: "put",
    key: { table: "state", pk: stateValuePartition("Cart", "a"), sk: "long/1/0" },
    attributes: { f: "1", val: Uint8Array.of(1) },
  });
  for (const limit of [1, 2, 100]) {
    const found = new Set<string>();
    let after: string | undefined;
    do {
      const page = await listing.keys("Cart", after === undefined ? { limit } : { limit, after });
      for (const key of page.keys) found.add(key);
      after = page.next;
    } while (after !== undefined);
    expect([...found].toSorted()).toEqual([...keys, "half"].toSorted());
  }
}

/** E5: a record that cannot become an invocation stops no other. It is set aside once, and a person decides. */
import { describe, expect, test } from "vitest";
import { KEY_BYTES_MAX, PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import { REJECTED_INLINE_BYTES_MAX } from "../../../lib/limits/events.ts";
import { decideRejected, readRejected } from "../../../runtime/events/rejected.ts";
import { kafkaEvent, sqsEvent } from "./events.ts";
import { EventsWorld } from "./world.ts";

const orders = (world: EventsWorld, options = {}) =>
  world.subscription("kafka://main/orders", "Account/add", options);
const event = kafkaEvent({
  0: {
    offset: 0,
    records: [{ key: "a", value: 1 }, { value: 2 }, { key: "a", value: 3 }, { key: "", value: 4 }],
  },
});

test("a record without a key, and one with an empty key, are set aside, and their lane goes on", async () => {
  const world = await EventsWorld.start();
  const { counts, batchItemFailures } = await world.deliver(orders(world), event);
  expect(counts).toMatchObject({ accepted: 2, rejected: 2, failed: 0 });
  expect(batchItemFailures).toEqual([]);
  await world.run();
  expect(world.values()).toEqual([1, 3]);
  const rejected = await world.rejected(orders(world));
  expect(rejected.map(({ reason, record }) => `${reason}: ${record.coordinates}`).toSorted()).toEqual([
    "no-key: orders, partition 0, offset 1",
    "no-key: orders, partition 0, offset 3",
  ]);
});

test("`ingressPrivate`; the admin API flips it; events reach such handlers all the same", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("sqs://work", "Plain/hidden");
  expect((await world.deliver(to, sqsEvent([{ id: "m-1", value: 1 }]))).counts).toMatchObject({
    accepted: 1,
    rejected: 0,
  });
  await world.run();
  expect(world.ran.map(({ handler }) => handler)).toEqual(["Plain/hidden"]);
});

test("however often it comes, and wherever the door dies, it is set aside once", async () => {
  for (let at = 0; at < 8; at++) {
    for (const effect of ["before", "after"] as const) {
      const world = await EventsWorld.start();
      await world.deliver(orders(world), event, { at, effect });
      for (let again = 0; again < 2; again++) await world.deliver(orders(world), event);
      await world.run();
      expect(world.values("a")).toEqual([1, 3]);
      expect((await world.rejected(orders(world))).length).toBe(2);
    }
  }
});

test.each([
  ["random", [2, 4]],
  ["constant:all", [2, 4]],
])("without a key: %s", async (missing, values) => {
  const world = await EventsWorld.start();
  const to = orders(world, { "perdure.key.missing": missing });
  // The same key each time, since it derives from the record.
  for (let again = 0; again < 2; again++) {
    await world.deliver(to, event);
    await world.run();
  }
  const others = world.ran.filter(({ key }) => key !== "a");
  expect(others.map(({ value }) => Number(value)).toSorted((a, b) => a - b)).toEqual(values);
  expect(new Set(others.map(({ key }) => key)).size).toBe(missing === "random" ? 2 : 1);
});

describe("is set aside", () => {
  const raw = (fields: object) => ({
    ...event,
    records: { "orders-0": [{ ...event.records["orders-0"]?.[0], ...fields }] },
  });
  test.each([
    ["bad-key", "a key that is not UTF-8", { key: "/w==" }],
    ["bad-key", "a key that is too long", { key: Buffer.alloc(KEY_BYTES_MAX + 1, "k").toString("base64") }],
    ["unreadable", "a value that is not base64", { value: "%" }],
    ["too-large", "a value", { value: Buffer.alloc(PAYLOAD_BYTES_MAX + 3).toString("base64") }],
    ["headers-too-large", "headers", { headers: [{ long: Array.from({ length: 20_000 }, () => 65) }] }],
  ])("%s: %s", async (reason, _, fields) => {
    const world = await EventsWorld.start();
    const { counts } = await world.deliver(orders(world), raw(fields));
    expect(counts).toMatchObject({ rejected: 1, failed: 0 });
    expect(await world.rejected(orders(world))).toMatchObject([{ reason }]);
  });
});

test("a long value is kept whole", async () => {
  const world = await EventsWorld.start();
  const value = "x".repeat(4 * REJECTED_INLINE_BYTES_MAX);
  await world.deliver(orders(world), kafkaEvent({ 0: { offset: 0, records: [{ value }] } }));
  const [listed] = await world.rejected(orders(world));
  expect(listed).toMatchObject({ bytes: value.length + 2, isCut: false });
  const whole = await readRejected({ items: world.items }, "main", listed?.id ?? "");
  expect(new TextDecoder().decode(whole?.record.input)).toBe(JSON.stringify(value));
});

describe("a record that was set aside", () => {
  async function rejectedOne() {
    const world = await EventsWorld.start();
    const to = world.subscription("sqs://work", "Account/add", { "perdure.key": "json:$.account" });
    const one = sqsEvent([{ id: "m1", value: { amount: 5 } }]);
    await world.deliver(to, one);
    const [rejected] = await world.rejected(to);
    if (!rejected) throw new Error("nothing was set aside");
    return { world, to, one, rejected };
  }

  test("is tried again as it is: it has no key still", async () => {
    const { world, to, rejected } = await rejectedOne();
    expect(await world.retry(to, rejected)).toMatch(/has no key/u);
  });

  test("is tried again with a key, and runs once, however often", async () => {
    const { world, to, rejected } = await rejectedOne();
    const keyed = { ...to, key: { from: "constant", text: "k7" } } as const;
    for (let again = 0; again < 2; again++) {
      expect(await world.retry(keyed, rejected)).toBeUndefined();
      await world.run();
    }
    expect(world.values("k7")).toEqual([{ amount: 5 }]);
  });

  test("is tried again with another key by somebody else: it runs under the first one alone", async () => {
    const { world, to, rejected } = await rejectedOne();
    const keyed = (text: string) => ({ ...to, key: { from: "constant", text } }) as const;
    const answers = await Promise.all(["k7", "k8"].map((key) => world.retry(keyed(key), rejected)));
    expect(answers.filter((answer) => answer?.includes("tried again with another key")).length).toBe(1);
    expect(await decideRejected({ items: world.items }, "main", rejected.id, "dropped")).toBe(false);
    await world.run();
    expect(world.values()).toEqual([{ amount: 5 }]);
  });

  test("does not come back when it was dropped", async () => {
    const { world, to, one, rejected } = await rejectedOne();
    const ports = { items: world.items };
    expect(await decideRejected(ports, "main", rejected.id, "dropped")).toBe(true);
    expect(await decideRejected(ports, "main", rejected.id, "retried")).toBe(false);
    await world.deliver(to, one);
    expect(await world.rejected(to)).toMatchObject([{ status: "dropped" }]);
  });
});

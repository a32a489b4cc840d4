/** `ctx.transact`, as handlers and tests see it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type Context,
  DurablePromise,
  object,
  type ObjectContext,
  service,
  TransactionError,
  type TransactWrite,
} from "../../../sdk/index.ts";
import { TestEnvironment } from "../../../sdk/testing/index.ts";

const NEW = "attribute_not_exists(id)";
const put = (id: string, item: object = {}, ConditionExpression?: string): TransactWrite => ({
  Put: { TableName: "orders", Item: { id, ...item }, ConditionExpression },
});
let runs = 0;
let returned: unknown;

const orders = service({
  name: "Orders",
  handlers: {
    place: async (ctx: Context, id: string) => {
      const total = await ctx.transact("reserve", () => {
        runs++;
        return { writes: [put(id, { total: 12 }, NEW)], result: { total: 12 } };
      });
      await ctx.sleep(1);
      return total;
    },
    tell: async (ctx: Context, id: string) => {
      try {
        await ctx.transact("reserve", () => [put("other"), put(id, {}, NEW)]);
        return "reserved";
      } catch (error) {
        if (!(error instanceof TransactionError)) throw error;
        await ctx.sleep(1);
        return { code: error.code, reasons: error.reasons, name: error.name };
      }
    },
    any: async (ctx: Context) => {
      await ctx.transact("any", () => returned as TransactWrite[]);
    },
    flaky: async (ctx: Context, id: string) => {
      await ctx.transact(
        "flaky",
        () => {
          if (++runs < 3) throw new Error("not yet");
          return [put(id, { runs })];
        },
        { maxRetryAttempts: 5, initialRetryInterval: 1 },
      );
    },
    together: async (ctx: Context, id: string) => {
      const parts = ["a", "b", "c"].map((part) => ctx.transact(part, () => [put(`${id}-${part}`)]));
      await DurablePromise.all([...parts, ctx.run("beside", () => 1)]);
      return await ctx.run("after", () => 2);
    },
    changed: async (ctx: Context) => {
      if (runs++ === 0) await ctx.run("same", () => undefined);
      else await ctx.transact("same", () => []);
      await ctx.sleep(1);
    },
  },
});
const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext) => {
      const before = (await ctx.get<number>("count")) ?? 0;
      ctx.set("count", before + 1);
      await ctx.transact("log", () => [put(`${ctx.key}-${before}`)]);
      return before;
    },
  },
});

let environment: TestEnvironment;
beforeEach(async () => {
  runs = 0;
  environment = await TestEnvironment.start({
    ...{ services: [orders, counter], tables: { orders: { partitionKey: "id" } } },
    ...{ alwaysReplay: true, time: "auto" },
  });
});
afterEach(() => environment.stop());
const ids = (): unknown[] =>
  environment
    .table("orders")
    .items()
    .map(({ id }) => id);

test("the writes are there, the result is returned, and a replay does not run the function", async () => {
  expect(await environment.service(orders).place("o-1")).toEqual({ total: 12 });
  expect(environment.table("orders").get({ id: "o-1" })).toEqual({ id: "o-1", total: 12 });
  expect(runs).toBe(1);
});

test("people see it as a transaction, with its writes", async () => {
  await environment.service(orders).place("o-1");
  const timeline = await environment.timeline();
  expect(timeline).toContain('transact reserve, 1 written: {"total":12}');
});

test("a condition that fails is caught, with its reasons, and the same on a replay", async () => {
  await environment.table("orders").put({ id: "o-1" });
  expect(await environment.service(orders).tell("o-1")).toEqual({
    ...{ code: 412, name: "TransactionError" },
    reasons: [{ at: 1, code: "ConditionalCheckFailed" }],
  });
  expect(ids()).toEqual(["o-1"]);
});

test("a condition that nobody catches fails the invocation", async () => {
  await environment.table("orders").put({ id: "o-1" });
  await expect(environment.service(orders).place("o-1")).rejects.toThrow(
    "wrote nothing. writes[0], Put in orders: ConditionalCheckFailed",
  );
});

test("a function that throws is tried again by the step's options", async () => {
  await environment.service(orders).flaky("o-1");
  expect(environment.table("orders").get({ id: "o-1" })).toEqual({ id: "o-1", runs: 3 });
});

test("several at once, beside a step", async () => {
  expect(await environment.service(orders).together("o")).toBe(2);
  expect(ids()).toEqual(["o-a", "o-b", "o-c"]);
});

test("state that was set before goes first", async () => {
  const key = environment.object(counter, "k");
  expect([await key.add(), await key.add()]).toEqual([0, 1]);
  expect(ids()).toEqual(["k-0", "k-1"]);
  expect(await environment.state(counter, "k").get("count")).toBe(2);
});

test("no writes: the step is recorded", async () => {
  returned = [];
  await environment.service(orders).any();
  expect(ids()).toEqual([]);
});

test.each([
  ["no list", { put: 1 }, "must return a list of writes"],
  ["an operation that is none", [{ Get: {} }], "must have one of Put, Update, Delete, ConditionCheck"],
  [
    "two operations",
    [{ ...put("a"), ...{ Delete: { TableName: "orders", Key: { id: "b" } } } }],
    "must have one of",
  ],
  [
    "an ARN",
    [{ Put: { TableName: "arn:aws:dynamodb:eu-west-1:1:table/t", Item: { id: "a" } } }],
    "is an ARN",
  ],
  [
    "a field that is unknown",
    [{ Put: { TableName: "orders", Item: { id: "a" }, Expected: 1 } }],
    "Put.Expected is not known",
  ],
  [
    "an update without an expression",
    [{ Update: { TableName: "orders", Key: { id: "a" } } }],
    "UpdateExpression must be a text",
  ],
  [
    "a check without a condition",
    [{ ConditionCheck: { TableName: "orders", Key: { id: "a" } } }],
    "ConditionExpression must be a text",
  ],
  ["a date", [put("a", { at: new Date(0) })], "Item.at cannot be stored: it is a Date"],
  ["an empty set", [put("a", { tags: new Set() })], "must be a set of texts, of numbers or of bytes"],
  ["a number that is not exact", [put("a", { n: 2 ** 60 })], "Give a BigInt"],
  ["not a number", [put("a", { n: Number.NaN })], "DynamoDB cannot hold"],
  ["100 writes", Array.from({ length: 100 }, (_, at) => put(`o-${at}`)), "has 100 writes; at most 99"],
  [
    "too much",
    Array.from({ length: 12 }, (_, at) => put(`o-${at}`, { text: "x".repeat(330_000) })),
    "at most 3784704",
  ],
  ["an item that is too large", [put("a", { text: "x".repeat(410_000) })], "more than 409600 bytes"],
])("%s is refused, in words, and recorded", async (_, writes, words) => {
  returned = writes;
  await expect(environment.service(orders).any()).rejects.toThrow(words);
  expect(ids()).toEqual([]);
});

test("values of all types are read as they were written", async () => {
  const item = {
    ...{ n: 1.5, big: 2n ** 70n, yes: true, nothing: null, list: [1, ["a"]], map: { a: { b: 1 } } },
    ...{ bytes: Uint8Array.from([1, 2]), tags: new Set(["a", "b"]), numbers: new Set([1, 2]) },
  };
  returned = [put("a", { ...item, missing: undefined })];
  await environment.service(orders).any();
  expect(environment.table("orders").get({ id: "a" })).toEqual({ id: "a", ...item });
});

test("an item at the limit of 99 writes", async () => {
  returned = Array.from({ length: 99 }, (_, at) => put(`o-${at}`));
  await environment.service(orders).any();
  expect(ids()).toHaveLength(99);
});

test("a step that was recorded as another operation is a mismatch (D1)", async () => {
  const sent = await environment.client.serviceSendClient(orders).changed();
  await environment.settled();
  await environment.skip("1m");
  const { status, body } = await environment.admin(`/invocations/${sent.invocationId}`);
  expect(status).toBe(200);
  expect(new TextDecoder().decode(body)).toContain(
    'the journal recorded run \\"same\\", but the code now does transact \\"same\\"',
  );
});

test("a table that nobody has named: the message says how", () => {
  expect(() => environment.table("nowhere")).toThrow(
    "there is no table nowhere on this machine (known: orders)",
  );
});

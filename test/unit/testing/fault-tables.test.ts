/** What a fault changes in the user's tables: `everyCrashPoint` compares them, and a test of `explore` looks at them. */
import { type Context, service } from "perdure";
import { CrashPointError, everyCrashPoint, explore, ExploreError, TestEnvironment } from "perdure/testing";
import { expect, test, vi } from "vitest";

// Each runs a test many times.
vi.setConfig({ testTimeout: 60_000 });

const TABLES = {
  stock: { partitionKey: "sku" },
  lines: { partitionKey: "order", sortKey: "line" },
  seen: { partitionKey: "id" },
};

/** Adds to an item outside of the step's transaction, as a client of AWS's would. */
async function add(table: ReturnType<TestEnvironment["table"]>, sku: string, count: number): Promise<void> {
  const { left = 0 } = table.get({ sku }) ?? {};
  await table.put({ sku, left: Number(left) + count });
}

/** `table`: of the environment that runs. */
const shopOf = (table: () => ReturnType<TestEnvironment["table"]>) =>
  service({
    name: "Shop",
    handlers: {
      step: async (ctx: Context, count: number) => {
        await ctx.run("restock", async () => await add(table(), "cup", count));
      },
      transact: async (ctx: Context, count: number) => {
        await ctx.transact("restock", () => [
          {
            Update: {
              TableName: "stock",
              Key: { sku: "cup" },
              UpdateExpression: "ADD #left :count",
              ExpressionAttributeNames: { "#left": "left" },
              ExpressionAttributeValues: { ":count": count },
            },
          },
          { Put: { TableName: "lines", Item: { order: "o-1", line: 1, count } } },
        ]);
      },
    },
  });

const restocking = (handler: "step" | "transact") => async (): Promise<TestEnvironment> => {
  const environment: TestEnvironment = await TestEnvironment.start({
    services: [shopOf(() => environment.table("stock"))],
    tables: TABLES,
  });
  await environment.table("stock").put({ sku: "cup", left: 3 });
  await environment.table("stock").put({ sku: "pot", left: 1 });
  await environment.call(`Shop/${handler}`, 2);
  return environment;
};

/** Nothing is returned, so the tables alone can differ. */
const restocked = (handler: "step" | "transact") => async (): Promise<void> => {
  await using _ = await restocking(handler)();
};

async function crashed(run: () => Promise<void>): Promise<CrashPointError> {
  const thrown: unknown = await everyCrashPoint(run).catch((error: unknown) => error);
  if (thrown instanceof CrashPointError) return thrown;
  throw new Error(`no fault was found: ${String(thrown)}`);
}

test("a write of a step that is done twice is found: the table, the key and both items are said", async () => {
  const { failures, message } = await crashed(restocked("step"));
  expect(failures[0]).toMatchObject({
    repeated: ["restock"],
    difference: [
      "it ended otherwise (-: without the fault, +: with it)",
      '- table stock, sku "cup": { left: 5, sku: "cup" }',
      '+ table stock, sku "cup": { left: 7, sku: "cup" }',
    ].join("\n"),
  });
  expect(message).toContain('Step "restock" has run again');
  expect(message).toContain("happen once if ctx.transact makes them.");
});

test("one of ctx.transact is done once, whatever goes wrong", async () => {
  const { runs } = await everyCrashPoint(restocked("transact"));
  expect(runs).toBeGreaterThan(2);
});

test("what the test returns is compared alone, if that is asked for", async () => {
  await everyCrashPoint(restocked("step"), { compare: "returned" });
});

test("an item that is there alone on one side is one line, and what is alike in both is none", async () => {
  let count = 0;
  const log = service({
    name: "Log",
    handlers: {
      add: async (ctx: Context, of: { readonly environment: string }) => {
        const place = await ctx.run("draw", () => ++count);
        await ctx.transact("log", () => [
          { Put: { TableName: "lines", Item: { order: of.environment, line: place } } },
          { Put: { TableName: "seen", Item: { id: of.environment } } },
        ]);
      },
    },
  });
  const { failures } = await crashed(async () => {
    count = 0;
    await using environment = await TestEnvironment.start({ services: [log], tables: TABLES });
    await environment.call("Log/add", { environment: "a b" });
  });
  expect(failures[0]?.difference.split("\n").slice(1)).toEqual([
    '- table lines, order "a b", line 1: { line: 1, order: "a b" }',
    '+ table lines, order "a b", line 2: { line: 2, order: "a b" }',
  ]);
});

test("the members of a set have no order; all else of an item counts", async () => {
  let order = 0;
  const values = (first: unknown) => ({
    ...{ tags: new Set(order++ % 2 === 0 ? ["b", "a"] : ["a", "b"]), "with space": null, list: [1, true] },
    ...{ inner: { big: 12345678901234567890n, bytes: new Uint8Array([1, 2]) }, first },
  });
  const keep = service({
    name: "Keep",
    handlers: {
      put: async (ctx: Context, isSame: boolean) => {
        let tries = 0;
        await ctx.run("try", () => {
          tries = ++runs;
        });
        await ctx.transact("put", () => [
          { Put: { TableName: "seen", Item: { id: "i", ...values(isSame ? 0 : tries) } } },
        ]);
      },
    },
  });
  let runs = 0;
  const keeping = (isSame: boolean) => async (): Promise<void> => {
    runs = 0;
    await using environment = await TestEnvironment.start({ services: [keep], tables: TABLES });
    await environment.call("Keep/put", isSame);
  };
  await everyCrashPoint(keeping(true));
  const { failures } = await crashed(keeping(false));
  expect(failures[0]?.difference.split("\n").slice(1)).toEqual([
    `- table seen, id "i": { first: 1, id: "i", inner: { big: 12345678901234567890, bytes: bytes "AQI=" }, list: [1, true], tags: set ["a", "b"], "with space": null }`,
    expect.stringMatching(/^\+ table seen, id "i": \{ first: [02],/u),
  ]);
});

test("of many items that differ, both sides of the first ones are shown", async () => {
  const many = service({
    name: "Many",
    handlers: {
      put: async (ctx: Context) => {
        const stamp = await ctx.run("stamp", () => ++count);
        await ctx.transact("put", () =>
          Array.from({ length: 20 }, (_, at) => ({
            Put: { TableName: "seen", Item: { id: `i${String(at).padStart(2, "0")}`, stamp } },
          })),
        );
      },
    },
  });
  let count = 0;
  const { failures } = await crashed(async () => {
    count = 0;
    await using environment = await TestEnvironment.start({ services: [many], tables: TABLES });
    await environment.call("Many/put");
  });
  const lines = failures[0]?.difference.split("\n").slice(1) ?? [];
  expect(lines.slice(0, 3)).toEqual([
    '- table seen, id "i00": { id: "i00", stamp: 1 }',
    '+ table seen, id "i00": { id: "i00", stamp: 2 }',
    '- table seen, id "i01": { id: "i01", stamp: 1 }',
  ]);
  expect(lines.at(-1)).toBe("… 30 more");
});

/** What a test of `explore` says must hold. */
const mustBeFive = (handler: "step" | "transact") => async (): Promise<void> => {
  await using environment = await restocking(handler)();
  await environment.settled();
  expect(environment.table("stock").get({ sku: "cup" })).toEqual({ sku: "cup", left: 5 });
};

test("explore finds what is written twice where its test looks at the table", async () => {
  const thrown: unknown = await explore(mustBeFive("step"), { runs: 60 }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ExploreError);
  expect((thrown as ExploreError).faults).toEqual([
    expect.stringMatching(
      /^(?:the process dies before|the message is delivered a second time at) the append/u,
    ),
  ]);
  const { faults } = await explore(mustBeFive("transact"), { runs: 60 });
  expect(faults).toBeGreaterThan(10);
});

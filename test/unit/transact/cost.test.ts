/** What a `ctx.transact` costs, by AWS's rule: docs/guide/transactions.md. The engine is the product's; AWS is bench/model. */
import * as perdure from "perdure/restate";
import { TestEnvironment } from "perdure/testing";
import { expect, test } from "vitest";
import { Account } from "../../../bench/model/account.ts";
import { billPerMillion } from "../../../bench/model/bill.ts";
import { BENCH_TABLES } from "../../../bench/model/items.ts";
import { servicesOf } from "../../../bench/workloads/services.ts";

/** The write of a turn's guard. */
const GUARD = 1;

async function measured(path: string, body: unknown, before: readonly unknown[] = []) {
  const account = await Account.open({ services: servicesOf(perdure) });
  for (const each of before) await account.measure(() => account.http(path, each));
  await account.measure(() => account.http("/Tasks/nothing", "you"));
  await account.warm();
  let ms = 0;
  const usage = await account.measure(async () => {
    ({ ms } = await account.http(path, body));
  });
  return { usage, ms, dollars: billPerMillion(usage) };
}

test.each([
  [1, 4],
  [2, 6],
  [10, 22],
])("a step of %i writes takes %i units, and the completion one", async (count, units) => {
  const { usage } = await measured("/Orders/place", { id: "a", count });
  expect(usage.writeUnits).toBe(units + 1 + GUARD);
  expect(usage.writes).toBe(2 + GUARD);
});

test("beside a step of a service, which ends with its completion", async () => {
  const step = await measured("/Tasks/steps", 1);
  const place = await measured("/Orders/place", { id: "a", count: 2 });
  expect(step.usage.writeUnits).toBe(1 + GUARD);
  expect(place.usage.writeUnits).toBe(7 + GUARD);
  expect(step.dollars.total).toBeCloseTo(2.96, 1);
  expect(place.dollars.total).toBeCloseTo(6.76, 1);
  // By medians of the model. A transaction is assumed to take as long as two writes.
  expect(place.ms - step.ms).toBeCloseTo(4.9, 0);
});

test("a condition that fails is billed as a write, and reads the head", async () => {
  const { usage } = await measured("/Orders/place", { id: "a", count: 2 }, [{ id: "a", count: 2 }]);
  expect(usage.writeUnits).toBe(6 + 1 + GUARD);
  // One and a half are those of any call with a step: its guard is looked at.
  expect(usage.readUnits).toBe(2.5);
});

test("the test kit and the command line estimate it from the journal", async () => {
  await using environment = await TestEnvironment.start({
    services: servicesOf(perdure),
    tables: BENCH_TABLES,
  });
  await environment.call("/Orders/place", { id: "a", count: 2 });
  const { dollarsPerMillion, parts } = await environment.cost();
  expect(Math.abs(dollarsPerMillion / 6.76 - 1)).toBeLessThan(0.05);
  expect(parts).toContainEqual({ what: "writes to your tables", dollars: 2.5 });
});

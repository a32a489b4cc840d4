import { TestEnvironment } from "perdure/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import services from "../src/services.ts";

let environment: TestEnvironment;
let said: string[];
beforeEach(async () => {
  said = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
  // Each wait is a suspension here, so code that is not deterministic fails.
  environment = await TestEnvironment.start({ services, alwaysReplay: true });
});
afterEach(async () => {
  await environment.stop();
  vi.restoreAllMocks();
});

test("charges, reserves and ships, each once", async () => {
  const placed = environment.call("/Order/o-1/place", { item: "tea", cents: 500 });
  // Time of the test stands still until it is skipped.
  await environment.skip({ seconds: 5 });
  await expect(placed).resolves.toEqual({ payment: "pay-o-1", parcel: "parcel-o-1" });
  await expect(environment.call("/Order/o-1/status")).resolves.toBe("shipped");
  expect(said).toEqual(["order o-1: charge 500 cents", "order o-1: reserve tea", "order o-1: ship tea"]);
});

test("undoes what it did if the item is out of stock", async () => {
  const placed = environment.call("/Order/o-2/place", { item: "unicorn", cents: 500 });
  await expect(placed).rejects.toThrow("out of stock");
  await expect(environment.call("/Order/o-2/status")).resolves.toBe("failed");
  expect(said.slice(-2)).toEqual(["order o-2: release unicorn", "order o-2: refund"]);
});

test("refuses what is not an order", async () => {
  await expect(environment.call("/Order/o-3/place", { item: "" })).rejects.toThrow();
});

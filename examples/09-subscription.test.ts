import { TestEnvironment } from "perdure/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import services, { type Subscription } from "./09-subscription.ts";

let environment: TestEnvironment;
let lines: string[];
beforeEach(async () => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  environment = await TestEnvironment.start({ services });
});
afterEach(() => environment.stop());

const call = (path: string, input?: unknown) => environment.call<Subscription>(`/Billing/${path}`, input);
const paid = (customer: string) => lines.filter((line) => line.startsWith(customer)).length;

test("it is paid each month, once, by the plan of that month", async () => {
  await expect(call("ada/start", "basic")).resolves.toEqual({ plan: "basic", status: "active", paid: 1 });
  await call("ada/change", "team");
  await environment.skip({ days: 365 });
  await expect(call("ada/show")).resolves.toEqual({ plan: "team", status: "active", paid: 13 });
  expect(lines.slice(0, 2)).toEqual(["ada, month 1: 500 cents paid", "ada, month 2: 2900 cents paid"]);
  expect(paid("ada")).toBe(13);
});

test("a cancelled one ends with its month, and can be started again", async () => {
  await call("bob/start", "basic");
  await expect(call("bob/cancel")).resolves.toMatchObject({ status: "ending" });
  await expect(call("bob/start", "team")).rejects.toThrow("There is one");
  await environment.skip({ days: 30 });
  await expect(call("bob/show")).resolves.toMatchObject({ status: "ended" });
  await call("bob/start", "team");
  await environment.skip({ days: 30 });
  await expect(call("bob/show")).resolves.toEqual({ plan: "team", status: "active", paid: 2 });
  expect(paid("bob")).toBe(3);
});

test("a declined card is tried again three times, then it ends", async () => {
  await call("broke/start", "basic");
  await environment.skip({ days: 31 });
  await expect(call("broke/show")).resolves.toMatchObject({ status: "past due", paid: 1 });
  await environment.skip({ days: 30 });
  await expect(call("broke/show")).resolves.toEqual({ plan: "basic", status: "ended", paid: 1 });
  expect(paid("broke")).toBe(1 + 4);
});

test("a subscription that is past due and cancelled ends at once, and its old message does nothing", async () => {
  await call("broke-2/start", "basic");
  await environment.skip({ days: 30 });
  await expect(call("broke-2/cancel")).resolves.toMatchObject({ status: "ended" });
  await environment.skip({ days: 60 });
  expect(paid("broke-2")).toBe(2);
});

test("what is not there is refused", async () => {
  await expect(call("carl/start", "gold")).rejects.toThrow("There is no plan gold");
  await expect(call("carl/cancel")).rejects.toThrow("There is no subscription");
  await expect(call("carl/due", { number: 1, tries: 0 })).rejects.toThrow();
});

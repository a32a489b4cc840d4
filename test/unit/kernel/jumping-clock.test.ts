import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { JumpingClock } from "../../../lib/jumping-clock.ts";

const HOUR_MS = 3_600_000;

test("it is ahead by what it was made with, and goes on from there", async () => {
  const clock = new JumpingClock(HOUR_MS);
  expect(clock.now() - Date.now()).toBeGreaterThanOrEqual(HOUR_MS - 1);
  clock.jumpAhead(2 * HOUR_MS);
  expect(clock.aheadMs).toBe(2 * HOUR_MS);
  const firstMs = clock.now();
  await sleep(5);
  expect(clock.now()).toBeGreaterThan(firstMs);
});

test("it never goes back", () => {
  const clock = new JumpingClock(HOUR_MS);
  clock.jumpAhead(0);
  expect(clock.aheadMs).toBe(HOUR_MS);
});

test("what was jumped over rings soon, the earliest first, once; what was cancelled or lies beyond does not", async () => {
  const clock = new JumpingClock();
  const rung: string[] = [];
  clock.after(3 * HOUR_MS, () => rung.push("3h"));
  clock.after(HOUR_MS, () => rung.push("1h"));
  clock.after(2 * HOUR_MS, () => rung.push("2h"));
  const cancel = clock.after(HOUR_MS, () => rung.push("cancelled"));
  const cancelLate = clock.after(9 * HOUR_MS, () => rung.push("9h"));
  cancel();
  clock.jumpAhead(4 * HOUR_MS);
  await sleep(20);
  expect(rung).toEqual(["1h", "2h", "3h"]);
  cancelLate();
});

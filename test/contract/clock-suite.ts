/** What every clock must do: it calls back once, never early, however long the wait. */
import { expect, test } from "vitest";
import type { Clock } from "../../lib/ports.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** The last one that `setTimeout` takes, and ones that it would call back after 1 ms. */
const LONG_WAITS_MS = [2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 365 * DAY_MS, 2 ** 40, Infinity];

const millisecondsLater = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function clockSuite(make: () => Clock): void {
  test("tells the time, in whole milliseconds since the epoch, and it goes on", async () => {
    const clock = make();
    const firstMs = clock.now();
    expect(Number.isInteger(firstMs)).toBe(true);
    expect(Math.abs(firstMs - Date.now())).toBeLessThan(1000);
    await millisecondsLater(5);
    expect(clock.now()).toBeGreaterThan(firstMs);
  });

  test("calls back once, and never before the time has passed", async () => {
    const clock = make();
    const early: number[] = [];
    let calls = 0;
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const ms = (index % 20) + 0.3;
        const startedMs = performance.now();
        return new Promise<void>((resolve) => {
          clock.after(ms, () => {
            calls++;
            if (performance.now() - startedMs < ms) early.push(ms);
            resolve();
          });
        });
      }),
    );
    await millisecondsLater(30);
    expect(early).toEqual([]);
    expect(calls).toBe(100);
  });

  test("never calls back in the same turn, and not at all when cancelled", async () => {
    const clock = make();
    let called = 0;
    clock.after(-5, () => called++);
    const cancel = clock.after(0, () => (called += 100));
    expect(called).toBe(0);
    cancel();
    cancel();
    await expect.poll(() => called).toBe(1);
  });

  test("a cancelled wait that has begun does not call back", async () => {
    const clock = make();
    let called = 0;
    const cancel = clock.after(40, () => called++);
    await millisecondsLater(15);
    cancel();
    await millisecondsLater(60);
    expect(called).toBe(0);
  });

  test.each(LONG_WAITS_MS)("a wait of %d ms does not end at once", async (ms) => {
    const clock = make();
    let called = false;
    const cancel = clock.after(ms, () => (called = true));
    await millisecondsLater(25);
    expect(called).toBe(false);
    cancel();
  });
}

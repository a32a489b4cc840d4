/** Bounded concurrency: never more than the bound, everything once, and nothing under way behind an error. */
import { expect, test } from "vitest";
import { atOnce, eachAtOnce } from "../../../lib/at-once.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("does everything once, and no more at the same time than the bound", async () => {
  const done: string[] = [];
  let underWay = 0;
  let most = 0;
  const items = Array.from({ length: 25 }, (_, n) => `item ${n}`);
  await eachAtOnce(items, 4, async (item) => {
    most = Math.max(most, ++underWay);
    await tick();
    underWay--;
    done.push(item);
  });
  expect(most).toBe(4);
  expect(done.toSorted()).toEqual(items.toSorted());
});

test("begins the next piece as soon as one has ended, not when all of a batch have", async () => {
  const begun: number[] = [];
  const slow = Promise.withResolvers<void>();
  const all = atOnce(5, 2, async (index) => {
    begun.push(index);
    if (index === 0) await slow.promise;
  });
  await tick();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  slow.resolve();
  await all;
});

test("throws the first error, after all that was begun has ended, and begins nothing after it", async () => {
  const ended: number[] = [];
  const failing = atOnce(10, 3, async (index) => {
    await tick();
    if (index === 1) throw new Error("the second failed");
    await tick();
    ended.push(index);
  });
  await expect(failing).rejects.toThrow("the second failed");
  expect(ended).toEqual([0, 2]);
});

test("an error that is undefined is thrown too", async () => {
  const failing = atOnce(1, 1, async () => {
    throw undefined;
  });
  await expect(failing.then(() => "no error")).rejects.toBeUndefined();
});

test("nothing to do is done at once", async () => {
  await expect(atOnce(0, 4, () => Promise.reject(new Error("never called")))).resolves.toBeUndefined();
});

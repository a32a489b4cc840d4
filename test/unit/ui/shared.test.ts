/** What several parts of a page want at the same time. */
import { expect, test } from "vitest";
import { shared } from "../../../ui/admin/shared.ts";

const never = new AbortController().signal;

test("is asked once while it is young", async () => {
  let asked = 0;
  const load = shared(60_000, async () => ++asked);
  expect(await Promise.all([load(never), load(never)])).toEqual([1, 1]);
  expect(await load(never)).toBe(1);
  expect(await shared(0, async () => ++asked)(never)).toBe(2);
});

test("is asked again in another round: the answer may be older than what has changed", async () => {
  let [asked, round] = [0, 1];
  const load = shared(
    60_000,
    async () => ++asked,
    () => round,
  );
  expect(await load(never)).toBe(1);
  round = 2;
  expect(await Promise.all([load(never), load(never)])).toEqual([2, 2]);
});

test("a failure is everybody's, and is not kept", async () => {
  let asked = 0;
  const load = shared(60_000, async () => {
    if (++asked === 1) throw new Error("away");
    return asked;
  });
  const both = await Promise.allSettled([load(never), load(never)]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await load(never)).toBe(2);
});

test("what stops with one part goes on for the others", async () => {
  const [gone, stays] = [new AbortController(), new AbortController()];
  const load = shared(
    60_000,
    (signal) =>
      new Promise<string>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("stopped")));
        if (signal === stays.signal) resolve("there");
      }),
  );
  const [first, second] = [load(gone.signal), load(stays.signal)];
  gone.abort();
  await expect(first).rejects.toThrow("stopped");
  expect(await second).toBe("there");
});

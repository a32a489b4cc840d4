/** R29: a result is looked for when such a handler's results have usually come, then often, then more and more rarely. */
import { expect, test } from "vitest";
import {
  POLL_FIRST_MS,
  POLL_PAUSE_MS_MAX,
  POLL_PAUSE_MS_MIN,
  USUAL_HANDLERS_MAX,
} from "../../../lib/limits/aws.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { PollingWatch } from "../../../runtime/aws/polling-watch.ts";
import { UsualTimes } from "../../../runtime/aws/usual-times.ts";
import { ManualClock } from "../local/manual-clock.ts";

const key = headKey("inv_a");

/** The pauses of a reader that waits for `ms`. */
async function pauses(
  watch: PollingWatch,
  clock: ManualClock,
  ms: number,
  about?: string,
): Promise<number[]> {
  const taken: number[] = [];
  const endMs = clock.now() + ms;
  while (clock.now() < endMs) {
    const pause = watch.changed(key, 60_000, about);
    const [next = 0] = clock.waits();
    // To the nanosecond: a wait is the difference of two times, which are no whole numbers.
    taken.push(Math.round(next * 1e6) / 1e6);
    await clock.advance(next);
    await pause;
  }
  return taken;
}

test("nothing is known: a first pause, then the least, then a part of what was waited", async () => {
  const clock = new ManualClock();
  const [first, second, ...others] = await pauses(new PollingWatch(clock), clock, 60_000, "S/h");
  expect([first, second]).toEqual([POLL_FIRST_MS, POLL_PAUSE_MS_MIN]);
  expect(Math.max(...others)).toBe(POLL_PAUSE_MS_MAX);
  expect(others.every((ms, index) => ms >= (others[index - 1] ?? 0))).toBe(true);
});

test("the first pause is the handler's usual time, and no other handler's", async () => {
  const clock = new ManualClock();
  const watch = new PollingWatch(clock);
  for (let n = 0; n < 50; n++) watch.came("S/slow", 300);
  const [first = 0] = await pauses(watch, clock, 1, "S/slow");
  expect(Math.abs(first - 300)).toBeLessThan(15);
  await clock.advance(60_000);
  expect((await pauses(watch, clock, 1, "S/other"))[0]).toBe(POLL_FIRST_MS);
  await clock.advance(60_000);
  expect((await pauses(watch, clock, 1))[0]).toBe(POLL_PAUSE_MS_MIN);
});

test("an item that is not a result is looked for at once", async () => {
  const clock = new ManualClock();
  expect(await pauses(new PollingWatch(clock), clock, 20)).toEqual([
    POLL_PAUSE_MS_MIN,
    POLL_PAUSE_MS_MIN,
    POLL_PAUSE_MS_MIN,
  ]);
});

test("one result that took an hour moves the usual time by little; a third of the results comes before it", () => {
  const usual = new UsualTimes();
  for (let n = 0; n < 3000; n++) usual.came("S/h", 50 + ((n * 37) % 100));
  const settled = usual.of("S/h") ?? 0;
  expect(settled).toBeGreaterThan(65);
  expect(settled).toBeLessThan(95);
  usual.came("S/h", 3_600_000);
  expect(usual.of("S/h")).toBeLessThan(settled * 1.1);
});

test("so many handlers are kept, the latest ones", () => {
  const usual = new UsualTimes();
  for (let n = 0; n <= USUAL_HANDLERS_MAX; n++) usual.came(`S/${n}`, 1);
  expect(usual.of("S/0")).toBeUndefined();
  expect(usual.of(`S/${USUAL_HANDLERS_MAX}`)).toBe(1);
});

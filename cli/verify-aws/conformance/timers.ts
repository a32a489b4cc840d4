/** Sleeps: never early, and how late. Near ones by the delay queue, far ones by EventBridge Scheduler. */
import { Unmet } from "../check.ts";
import { notePercentiles } from "../statistics.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const DONE_SLACK_MS = 180_000;
/** EventBridge Scheduler deletes what has fired within some minutes. */
const SCHEDULES_GONE_MS = 240_000;

export async function timers(
  { ledger, scale, account }: Verification,
  { ingress, outputs }: StackAtHand,
): Promise<void> {
  const lateness = async (ms: number): Promise<number> => {
    const id = await ingress.send("/Waiting/sleep", ms);
    return Number(await ingress.result(id, ms + DONE_SLACK_MS));
  };
  const sleepAll = async (lengths: readonly number[]): Promise<number[]> =>
    Promise.all(lengths.map(lateness));
  const near = ledger.check(
    "conformance",
    `${scale.timers} sleeps of 1 to ${scale.timerSecondsMax} s are never early`,
    async (note) => {
      const late = await sleepAll(
        Array.from({ length: scale.timers }, (_, n) => 1000 * (1 + (n % scale.timerSecondsMax))),
      );
      notePercentiles(note, "late by", late);
      expectNoneEarly(late);
    },
  );
  const far = ledger.check(
    "conformance",
    `${scale.farTimers} sleeps of ${scale.farTimerMs / 1000} s, by EventBridge Scheduler`,
    async (note) => {
      const late = await sleepAll(Array.from({ length: scale.farTimers }, () => scale.farTimerMs));
      note("latest by", Math.max(...late), "ms");
      expectNoneEarly(late);
      const left = () => account.schedulesIn(outputs.ScheduleGroup);
      await ingress.until(left, (count) => count === 0, SCHEDULES_GONE_MS, 2000);
    },
  );
  await Promise.all([near, far]);
}

function expectNoneEarly(late: readonly number[]): void {
  const early = late.filter((ms) => ms < 0);
  if (early.length > 0)
    throw new Unmet("none early", `${early.length} early, by up to ${-Math.min(...early)} ms`);
}

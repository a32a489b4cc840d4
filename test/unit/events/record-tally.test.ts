/** What a server counts of its subscriptions' records. */
import { expect, test } from "vitest";
import { SUBSCRIPTIONS_TALLIED_MAX } from "../../../lib/limits/events.ts";
import { RecordTally } from "../../../runtime/events/record-tally.ts";
import { ManualClock } from "../local/manual-clock.ts";

const NOTHING = { accepted: 0, skipped: 0, rejected: 0, alreadyStarted: 0, failed: 0, ignored: 0 };

test("records are counted by what became of them; of the last minute those that were accepted", () => {
  const clock = new ManualClock(1_000_000);
  const tally = new RecordTally(clock);
  tally.note("a", { ...NOTHING, accepted: 3, skipped: 2, alreadyStarted: 1 });
  clock.set(1_000_000 + 59_000);
  tally.note("a", { ...NOTHING, accepted: 1, rejected: 4, failed: 5 });
  const counts = { accepted: 4, repeated: 3, rejected: 4, failed: 5 };
  expect(tally.of("a")).toEqual({ ...counts, acceptedLastMinute: 4 });
  clock.set(1_000_000 + 61_000);
  expect(tally.of("a")).toEqual({ ...counts, acceptedLastMinute: 1 });
  // After a clock was set back there is nothing of what is yet to come.
  clock.set(1_000_000 + 30_000);
  expect(tally.of("a").acceptedLastMinute).toBe(3);
  expect(tally.of("b")).toEqual({
    ...{ accepted: 0, repeated: 0, rejected: 0, failed: 0, acceptedLastMinute: 0 },
  });
});

test("of more subscriptions than are counted, the one that was quiet for longest is forgotten", () => {
  const tally = new RecordTally(new ManualClock(0));
  for (let at = 0; at < SUBSCRIPTIONS_TALLIED_MAX; at++) tally.note(`s${at}`, { ...NOTHING, accepted: 1 });
  tally.note("s0", { ...NOTHING, accepted: 1 });
  tally.note("another", { ...NOTHING, accepted: 1 });
  expect(["s0", "s1", "another"].map((name) => tally.of(name).accepted)).toEqual([2, 0, 1]);
});

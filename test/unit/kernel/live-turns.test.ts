import { expect, test } from "vitest";
import { LiveTurns } from "../../../lib/live-turns.ts";

test("an invocation has a living turn until its last one has ended", () => {
  const live = new LiveTurns();
  const [zombie, other] = [live.begins("inv_1"), live.begins("inv_1")];
  const another = live.begins("inv_2");
  expect([live.has("inv_1"), live.has("inv_2"), live.has("inv_3")]).toEqual([true, true, false]);
  zombie();
  another();
  expect([live.has("inv_1"), live.has("inv_2")]).toEqual([true, false]);
  other();
  expect(live.has("inv_1")).toBe(false);
});

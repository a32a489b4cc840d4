/** Jumps of the clock of a local server: their order, and two beside each other. */
import { expect, test } from "vitest";
import { Jumps } from "../../../runtime/dev/jumps.ts";

function world() {
  const happened: string[] = [];
  const writes: PromiseWithResolvers<void>[] = [];
  const jumps = new Jumps({
    clock: { jumpAhead: (aheadMs) => void happened.push(`clock ${aheadMs}`) },
    meta: {
      set: async (name, value) => {
        happened.push(`${name} ${value}`);
        const write = Promise.withResolvers<void>();
        writes.push(write);
        await write.promise;
      },
    },
    upkeep: { soon: () => void happened.push("upkeep") },
    hosts: [{ jump: (aheadMs) => void happened.push(`hosts ${aheadMs}`) }],
  });
  return { jumps, happened, writes };
}

test("the file first, then the handlers' processes, then the clock whose timers make turns in them", async () => {
  const { jumps, happened, writes } = world();
  const jumped = jumps.jump(10);
  expect(happened).toEqual(["clock-ahead 10"]);
  writes[0]?.resolve();
  await jumped;
  expect(happened).toEqual(["clock-ahead 10", "hosts 10", "clock 10", "upkeep"]);
});

test("of two that were asked for beside each other, the file keeps the farther one", async () => {
  const { jumps, happened, writes } = world();
  const jumped = [jumps.jump(10), jumps.jump(5)];
  for (const write of writes) write.resolve();
  await Promise.all(jumped);
  expect(happened.filter((what) => what.startsWith("clock-ahead"))).toEqual([
    "clock-ahead 10",
    "clock-ahead 10",
  ]);
});

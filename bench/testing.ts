/** The test kit on this machine: how soon it starts, how fast it runs, and what an environment takes. */
import type { Bench } from "./report/bench.ts";
import { type KitSpeed, measureKit } from "./testing/measure.ts";

const OF: readonly (readonly [keyof KitSpeed, string, string])[] = [
  ["startMs", "start of an environment, CPU ms", "50"],
  ["shortMs", "a short invocation with a step, CPU ms", "1"],
  ["monthMs", "a workflow of a month: one sleep, CPU ms", "20"],
  ["daysMs", "the same with 30 sleeps of a day, CPU ms", "20"],
  ["environmentMb", "an environment, of 100 at once, MB", "5"],
];

export const testing: Bench = {
  name: "testing",
  question: "How fast is perdure/testing, and what does its check for deterministic code cost?",
  needsPeers: false,
  run: async ({ progress }) => {
    const checked = await measureKit("replay", progress);
    const unchecked = await measureKit("off", progress);
    const table = {
      id: "testing",
      title: "The test kit",
      columns: ["what", "goal: at most", "with the check", "without it"],
      rows: OF.map(([field, what, goal]) => [what, goal, checked[field], unchecked[field]]),
      notes: [
        "Medians of nine rounds in one process, after a first round that nobody counts. The check repeats each handler once.",
        "CPU of the whole process: the test, the engine and the handlers. It depends less than the times do on what else the machine does.",
        "Memory: what 100 environments that have each run an invocation add to a process that has run none, its garbage collected.",
      ],
    };
    return { tables: [table], data: { checked, unchecked } };
  },
};

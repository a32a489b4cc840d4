/** Records of event sources: what they cost in AWS by the model, and how many a second the door of this machine takes. */
import type { Bench, BenchContext, Result } from "./report/bench.ts";
import { costTable, recordCosts } from "./events/cost.ts";
import { recordSpeeds, speedTable } from "./events/speed.ts";

async function run({ progress }: BenchContext): Promise<Result> {
  const costs = await recordCosts(progress);
  const speeds = await recordSpeeds(progress);
  return { tables: [costTable(costs), speedTable(speeds)], data: { costs, speeds } };
}

export const events: Bench = {
  name: "events",
  question: "What does a record of an event source cost, and how many a second are accepted?",
  needsPeers: false,
  run,
};

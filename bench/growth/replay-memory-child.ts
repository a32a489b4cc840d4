/**
 * One process of the benchmark `replay-memory`. It writes a journal into a SQLite file, or resumes it and prints what that
 * took. Arguments: the file, the plan as JSON, `write` or `resume`.
 */
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { type Context, service } from "../../sdk/index.ts";
import { OneInvocation } from "../../test/support/one-invocation.ts";
import type { ReplayPlan, Resumed } from "./replay-memory.ts";

const source = service({
  name: "Source",
  handlers: {
    steps: async (ctx: Context, { entries, bytes }: ReplayPlan) => {
      let sum = 0;
      for (let n = 0; n < entries; n++) {
        // All differ, because equal values are one item.
        sum += (await ctx.run("step", () => String(n).padEnd(bytes - 2, "x"))).length;
      }
      await ctx.sleep(1_000_000_000);
      return sum;
    },
  },
});

const [file = "", plan = "", mode] = process.argv.slice(2);
const database = openDatabase(file);
const items = new LocalItemStore(database);
const one = new OneInvocation(items, source, "Source/steps", JSON.parse(plan));
const from = performance.now();
const { kind } = mode === "resume" ? await one.wake() : await one.begin();
const ms = performance.now() - from;
if (kind !== (mode === "resume" ? "completed" : "suspended")) throw new Error(`the turn is ${kind}`);
const { reads } = items.counts.journal;
database.close();
const peakMb = process.resourceUsage().maxRSS / 1024;
process.send?.({ reads, ms, peakMb } satisfies Resumed);

/** The handlers of the benchmark `local-speed`: one source for both sides. For Restate the bundler replaces
 * `perdure/restate` by Restate's SDK. */
import * as restate from "perdure/restate";

const noop = restate.service({
  name: "Noop",
  handlers: { call: async (_ctx: restate.Context) => "ok" },
});

const counter = restate.object({
  name: "Counter",
  handlers: {
    add: async (ctx: restate.ObjectContext, by: number) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + by;
      ctx.set("sum", sum);
      return sum;
    },
  },
});

const steps = restate.service({
  name: "Steps",
  handlers: {
    ten: async (ctx: restate.Context) => {
      let sum = 0;
      for (let step = 0; step < 10; step++) sum += await ctx.run("step", () => step);
      return sum;
    },
  },
});

export const services = [noop, counter, steps];

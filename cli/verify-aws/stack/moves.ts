/** Two services that begin in one function. Later one of them is in another. */
import {
  type Context,
  service,
  workflow,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "../../../sdk/index.ts";

export const moves = workflow({
  name: "Moves",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      await ctx.promise("go");
      return await ctx.run("end", () => "ended");
    },
    go: async (ctx: WorkflowSharedContext) => {
      await ctx.promise("go").resolve();
    },
  },
});

export const stays = service({
  name: "Stays",
  handlers: { where: async (_ctx: Context) => "where it was" },
});

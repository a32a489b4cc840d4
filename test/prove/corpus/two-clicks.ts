import assert from "node:assert/strict";
import { TerminalError, workflow, type WorkflowContext, type WorkflowSharedContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "A handler looks whether a promise is completed, and completes it. Two clicks at once both see that it is not.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    const signup = workflow({
      name: "Signup",
      handlers: {
        run: async (ctx: WorkflowContext) => await ctx.promise<string>("verified"),
        click: async (ctx: WorkflowSharedContext) => {
          const verified = ctx.promise<string>("verified");
          if (isPlanted) {
            if ((await verified.peek()) === undefined) await verified.resolve("yes"); // planted
            return;
          }
          try {
            await verified.resolve("yes");
          } catch (error) {
            // The other click was quicker.
            if (!(error instanceof TerminalError) || error.code !== 409) throw error;
          }
        },
      },
    });
    return {
      services: [signup],
      test: async (environment) => {
        const { run, click } = environment.workflow(signup, "ada");
        const [answer] = await Promise.all([run(), click(), click()]);
        assert.equal(answer, "yes");
      },
    };
  },
};

import assert from "node:assert/strict";
import { workflow, type WorkflowContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "endings",
  why: "A workflow takes signals for ever. Its journal grows until it is full, at 50,000 operations.",
  foundBy: [],
  unseen:
    "Some signals of a test are far from 50,000. End it after so many, and start the next one with a send.",
  make: (isPlanted) => {
    const votes = workflow({
      name: "Votes",
      handlers: {
        run: async (ctx: WorkflowContext) => {
          const most = isPlanted
            ? Infinity // planted
            : 2;
          for (let count = 1; count <= most; count++) {
            await ctx.signal<string>("vote");
            ctx.set("count", count);
          }
        },
      },
    });
    return {
      services: [votes],
      test: async (environment) => {
        const { invocationId } = await environment.call<{ invocationId: string }>("/Votes/v-1/run/send");
        for (const vote of ["yes", "no"])
          await environment.request(`/restate/invocation/${invocationId}/signals/vote/resolve`, vote);
        await environment.settled();
        assert.equal(await environment.state(votes, "v-1").get("count"), 2);
      },
    };
  },
};

import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "time and random numbers",
  why: "A name that is unique in the log is thought to help.",
  foundBy: ["lint", "check", "replay"],
  make: (isPlanted) => {
    const report = service({
      name: "Report",
      handlers: {
        make: async (ctx: Context) => {
          const number = isPlanted
            ? Math.random() // planted
            : ctx.rand.random();
          const text = await ctx.run(`report ${number}`, () => "all is well");
          await ctx.sleep({ minutes: 1 });
          return text;
        },
      },
    });
    return {
      services: [report],
      test: async (environment) => {
        const { invocationId } = await environment.call<{ invocationId: string }>("/Report/make/send");
        const invocation = environment.invocation(invocationId);
        assert.equal(await invocation.result(), "all is well");
      },
    };
  },
};

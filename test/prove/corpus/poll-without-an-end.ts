import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "endings",
  why: "A loop asks each hour until something is done. It shows in a test in which it is never done.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const isDone = (): boolean => false;
    const transfer = service({
      name: "Transfer",
      handlers: {
        follow: async (ctx: Context) => {
          const most = isPlanted
            ? Infinity // planted
            : 3;
          for (let count = 0; count < most; count++) {
            if (await ctx.run("ask", () => isDone())) return "done";
            await ctx.sleep({ hours: 1 });
          }
          return "given up";
        },
      },
    });
    return {
      services: [transfer],
      test: async (environment) => assert.equal(await environment.service(transfer).follow(), "given up"),
    };
  },
};

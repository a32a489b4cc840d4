import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "time and random numbers",
  why: "setTimeout is how every other function waits. It costs a function's time, and each attempt waits again.",
  foundBy: ["lint", "strict"],
  make: (isPlanted) => {
    const oven = service({
      name: "Oven",
      handlers: {
        bake: async (ctx: Context, cake: string) => {
          if (isPlanted) await new Promise((resolve) => setTimeout(resolve, 5)); // planted
          else await ctx.sleep(5);
          return await ctx.run("take out", () => `a warm ${cake}`);
        },
      },
    });
    return {
      services: [oven],
      test: async (environment) => assert.equal(await environment.service(oven).bake("cake"), "a warm cake"),
    };
  },
};

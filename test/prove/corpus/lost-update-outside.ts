import assert from "node:assert/strict";
import { type Context, object, type ObjectContext, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "Between the step that reads and the step that writes, another call does the same.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    let points = 0;
    const add = async (ctx: Context, more: number): Promise<void> => {
      const before = await ctx.run("read", () => points);
      await ctx.run("write", () => void (points = before + more));
    };
    const name = "Points";
    const parallel = service({ name, handlers: { add } }); // planted
    const serial = object({
      name,
      handlers: { add: async (ctx: ObjectContext, more: number) => await add(ctx, more) },
    });
    return {
      services: [isPlanted ? parallel : serial],
      test: async (environment) => {
        const path = isPlanted ? "/Points/add" : "/Points/ada/add";
        await Promise.all([environment.call(path, 1), environment.call(path, 2)]);
        assert.equal(points, 3);
      },
    };
  },
};

import assert from "node:assert/strict";
import { object, type ObjectContext, rpc } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "keys",
  why: "A delayed message of what was cancelled comes all the same, and is taken for one of what was started since.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const alarm = object({
      name: "Alarm",
      handlers: {
        set: async (ctx: ObjectContext, hours: number) => {
          const number = ((await ctx.get<number>("number")) ?? 0) + 1;
          ctx.set("number", number);
          ctx.objectSendClient(alarm, ctx.key).ring(number, rpc.sendOpts({ delay: { hours } }));
        },
        ring: async (ctx: ObjectContext, number: number) => {
          if (!isPlanted && number !== (await ctx.get<number>("number"))) return; // planted
          ctx.set("rung", ((await ctx.get<number>("rung")) ?? 0) + 1);
        },
        rung: async (ctx: ObjectContext) => (await ctx.get<number>("rung")) ?? 0,
      },
    });
    return {
      services: [alarm],
      test: async (environment) => {
        const client = environment.object(alarm, "ada");
        await client.set(1);
        await client.set(2);
        await environment.skip({ hours: 3 });
        assert.equal(await client.rung(), 1);
      },
    };
  },
};

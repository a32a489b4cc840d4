import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Mail } from "../world.ts";

export const mistake: Mistake = {
  kind: "forgotten awaits",
  why: "Nobody needs the step's result, so nobody awaits it.",
  foundBy: ["lint", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const mail = new Mail();
    const order = service({
      name: "Order",
      handlers: {
        place: async (ctx: Context, item: string) => {
          const key = ctx.rand.uuidv4();
          if (isPlanted) void ctx.run("mail", () => mail.send(item, key)); // planted
          else await ctx.run("mail", () => mail.send(item, key));
          return item;
        },
      },
    });
    return {
      services: [order],
      test: async (environment) => {
        await environment.service(order).place("tea");
        assert.deepEqual(mail.sent, ["tea"]);
      },
    };
  },
};

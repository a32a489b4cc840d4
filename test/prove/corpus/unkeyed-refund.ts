import assert from "node:assert/strict";
import { type Context, service, TerminalError } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Bank } from "../world.ts";

export const mistake: Mistake = {
  kind: "undoing and retries",
  why: "The charge has a key, and its refund has none: undoing is an effect, too.",
  foundBy: ["crash"],
  make: (isPlanted) => {
    const bank = new Bank();
    const order = service({
      name: "Order",
      handlers: {
        place: async (ctx: Context, cents: number) => {
          const key = ctx.rand.uuidv4();
          await ctx.run("charge", () => bank.charge(cents, key));
          try {
            await ctx.run("reserve", () => {
              throw new TerminalError("sold out");
            });
          } catch (error) {
            const undone = isPlanted
              ? undefined // planted
              : `undo ${key}`;
            await ctx.run("refund", () => bank.charge(-cents, undone));
            throw error;
          }
        },
      },
    });
    return {
      services: [order],
      test: async (environment) => {
        await assert.rejects(environment.service(order).place(500));
        assert.equal(bank.balance, 0);
      },
    };
  },
};

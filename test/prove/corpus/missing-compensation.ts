import assert from "node:assert/strict";
import { type Context, service, TerminalError } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Bank } from "../world.ts";

export const mistake: Mistake = {
  kind: "undoing and retries",
  why: "The second step is refused, and nobody undoes the first. It shows in a test of the refusal alone.",
  foundBy: ["test", "check", "crash", "explore"],
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
            if (!isPlanted) await ctx.run("refund", () => bank.charge(-cents, `undo ${key}`)); // planted
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

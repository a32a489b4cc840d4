import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Bank } from "../world.ts";

export const mistake: Mistake = {
  kind: "keys",
  why: "The idempotency key is the customer's, so the second order is taken for a repetition. It shows in a test of two orders.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const bank = new Bank();
    const customer = object({
      name: "Customer",
      handlers: {
        order: async (ctx: ObjectContext, cents: number) => {
          const key = isPlanted
            ? ctx.key // planted
            : ctx.rand.uuidv4();
          await ctx.run("charge", () => bank.charge(cents, key));
        },
      },
    });
    return {
      services: [customer],
      test: async (environment) => {
        await environment.object(customer, "ada").order(5);
        await environment.object(customer, "ada").order(7);
        assert.deepEqual(bank.booked, [5, 7]);
      },
    };
  },
};

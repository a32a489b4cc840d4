import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Bank } from "../world.ts";

export const mistake: Mistake = {
  kind: "effects",
  why: "An idempotency key is made where it is used: inside of the step, where each attempt draws another one.",
  foundBy: ["crash", "explore"],
  make: (isPlanted) => {
    const bank = new Bank();
    const rent = service({
      name: "Rent",
      handlers: {
        pay: async (ctx: Context, cents: number) => {
          const key = ctx.rand.uuidv4();
          await ctx.run("pay", () => {
            const used = isPlanted
              ? randomUUID() // planted
              : key;
            return bank.charge(cents, used);
          });
        },
      },
    });
    return {
      services: [rent],
      test: async (environment) => {
        await environment.service(rent).pay(70_000);
        assert.equal(bank.balance, 70_000);
      },
    };
  },
};

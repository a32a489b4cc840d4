import assert from "node:assert/strict";
import { type Context, service, TerminalError } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Bank } from "../world.ts";

export const mistake: Mistake = {
  kind: "undoing and retries",
  why: "The undoing is noted behind the effect. A charge whose answer was lost is then not undone.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const bank = new Bank();
    const order = service({
      name: "Order",
      handlers: {
        place: async (ctx: Context, cents: number) => {
          const undo: (() => PromiseLike<unknown>)[] = [];
          const key = ctx.rand.uuidv4();
          const refund = () => ctx.run("refund", () => bank.charge(-cents, `undo ${key}`));
          try {
            if (!isPlanted) undo.push(refund);
            await ctx.run("charge", () => {
              bank.charge(cents, key);
              throw new TerminalError("the bank has not answered in time");
            });
            if (isPlanted) undo.push(refund); // planted
          } catch (error) {
            for (const each of undo) await each();
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

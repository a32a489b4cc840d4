import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "endings",
  why: "An exclusive handler of one key calls another key, and that one calls back. Both wait for ever, if they meet.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    const account = object({
      name: "Account",
      handlers: {
        pay: async (ctx: ObjectContext, to: string): Promise<void> => {
          await ctx.run("check", () => to);
          if (isPlanted) await ctx.objectClient(account, to).take(1); // planted
          else ctx.objectSendClient(account, to).take(1);
        },
        take: async (ctx: ObjectContext, cents: number): Promise<void> => {
          ctx.set("cents", ((await ctx.get<number>("cents")) ?? 0) + cents);
        },
      },
    });
    return {
      services: [account],
      test: async (environment) => {
        const pay = (from: string, to: string) => environment.object(account, from).pay(to);
        await Promise.all([pay("ada", "bob"), pay("bob", "ada")]);
        await environment.settled();
        const cents = ["ada", "bob"].map((key) => environment.state(account, key).get("cents"));
        assert.deepEqual(await Promise.all(cents), [1, 1]);
      },
    };
  },
};

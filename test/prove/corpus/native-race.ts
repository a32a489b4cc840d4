import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { type Context, DurablePromise, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "Promise.race is what everybody knows. After a crash another one may win.",
  foundBy: ["lint"],
  make: (isPlanted) => {
    const ask = async (name: string): Promise<string> => await delay(1, name);
    const quotes = service({
      name: "Quotes",
      handlers: {
        first: async (ctx: Context) => {
          const winner = isPlanted
            ? await Promise.race([ctx.run("a", () => ask("a")), ctx.run("b", () => ask("b"))]) // planted
            : await DurablePromise.race([ctx.run("a", () => ask("a")), ctx.run("b", () => ask("b"))]);
          const told = await ctx.run("tell", () => winner);
          return told === winner;
        },
      },
    });
    return {
      services: [quotes],
      test: async (environment) => assert.equal(await environment.service(quotes).first(), true),
    };
  },
};

import assert from "node:assert/strict";
import { type Context, service, TerminalError } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "undoing and retries",
  why: "A refusal is thrown as an ordinary error, and an ordinary error is retried.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const card = service({
      name: "Card",
      handlers: {
        charge: async (ctx: Context, cents: number) => {
          await ctx.run("charge", () => {
            if (isPlanted) throw new Error(`${cents} cents are refused`); // planted
            throw new TerminalError(`${cents} cents are refused`, { errorCode: 402 });
          });
        },
      },
    });
    return {
      services: [card],
      test: async (environment) =>
        await assert.rejects(environment.service(card).charge(500), /are refused/u),
    };
  },
};

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { type Context, service, TimeoutError } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "A time-out is made of Promise.race and a timer. The next attempt has the answer at once, and no time-out.",
  foundBy: ["lint"],
  make: (isPlanted) => {
    const search = service({
      name: "Search",
      handlers: {
        find: async (ctx: Context, word: string) => {
          const found = ctx.run("look", async () => await delay(10, `${word} is found`));
          const answer = isPlanted
            ? await Promise.race([found, delay(1, "too late")]) // planted
            : await found.orTimeout({ days: 1 }).catch((error: unknown) => {
                if (error instanceof TimeoutError) return "too late";
                throw error;
              });
          await ctx.run(`tell: ${answer}`, () => answer);
          await ctx.sleep({ minutes: 1 });
          return answer;
        },
      },
    });
    return {
      services: [search],
      test: async (environment) => {
        const answer = await environment.service(search).find("tea");
        assert.match(answer, /^(?:tea is found|too late)$/u);
      },
    };
  },
};

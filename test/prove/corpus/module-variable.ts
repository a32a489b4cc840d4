import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

/** The customer at hand. */
let current = "";

export const mistake: Mistake = {
  kind: "order",
  why: "A variable of the module saves a parameter. Another call changes it during an await.",
  foundBy: ["lint", "test", "explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    const letter = service({
      name: "Letter",
      handlers: {
        write: async (ctx: Context, customer: string) => {
          if (isPlanted) current = customer; // planted
          const greeting = await ctx.run("greeting", () => "Dear");
          return `${greeting} ${isPlanted ? current : customer}`;
        },
      },
    });
    return {
      services: [letter],
      test: async (environment) => {
        const write = environment.service(letter).write;
        assert.deepEqual(await Promise.all([write("Ada"), write("Bob")]), ["Dear Ada", "Dear Bob"]);
      },
    };
  },
};

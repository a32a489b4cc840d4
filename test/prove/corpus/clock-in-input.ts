import assert from "node:assert/strict";
import { object, type ObjectContext, service, type Context } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "time and random numbers",
  why: "Date.now() is how every other function asks for the time.",
  foundBy: ["lint", "strict", "replay"],
  make: (isPlanted) => {
    const audit = object({
      name: "Audit",
      handlers: { log: async (ctx: ObjectContext, line: { at: number }) => ctx.set("line", line) },
    });
    const door = service({
      name: "Door",
      handlers: {
        open: async (ctx: Context, who: string) => {
          const at = isPlanted
            ? Date.now() // planted
            : await ctx.date.now();
          await ctx.objectClient(audit, who).log({ at });
          return await ctx.run("open", () => "open");
        },
      },
    });
    return {
      services: [audit, door],
      test: async (environment) => assert.equal(await environment.service(door).open("ada"), "open"),
    };
  },
};

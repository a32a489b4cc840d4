import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Made, Mistake } from "../mistake.ts";

function signup(doesGreet: boolean): Made {
  const signups = service({
    name: "Signup",
    handlers: {
      run: async (ctx: Context, user: string) => {
        if (doesGreet) await ctx.run("greet", () => `welcome, ${user}`); // planted
        await ctx.sleep({ days: 7 });
        return await ctx.run("ask how it is", () => user);
      },
    },
  });
  return {
    services: [signups],
    test: async (environment) => assert.equal(await environment.service(signups).run("ada"), "ada"),
  };
}

export const mistake: Mistake = {
  kind: "new code",
  why: "A step that nobody needs any more is deleted. Invocations in flight have recorded it.",
  foundBy: ["replay"],
  before: () => signup(true),
  make: (isPlanted) => signup(!isPlanted),
};

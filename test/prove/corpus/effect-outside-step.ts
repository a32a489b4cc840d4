import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Mail } from "../world.ts";

export const mistake: Mistake = {
  kind: "effects",
  why: "A helper of another file sends a mail, and its call does not look like one that needs a step.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const mail = new Mail();
    const welcome = async (user: string): Promise<void> => mail.send(`welcome, ${user}`);
    const signup = service({
      name: "Signup",
      handlers: {
        run: async (ctx: Context, user: string) => {
          if (isPlanted) await welcome(user); // planted
          else await ctx.run("welcome", () => mail.send(`welcome, ${user}`, user));
          await ctx.sleep({ days: 1 });
          return await ctx.run("ask how it is", () => `how is it, ${user}?`);
        },
      },
    });
    return {
      services: [signup],
      test: async (environment) => {
        await environment.service(signup).run("ada");
        assert.deepEqual(mail.sent, ["welcome, ada"]);
      },
    };
  },
};

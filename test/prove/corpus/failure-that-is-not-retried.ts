import assert from "node:assert/strict";
import { type Context, service, TerminalError } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "undoing and retries",
  why: "Each failure of a server is thrown as a TerminalError, also one that is over in a second.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    let asked = 0;
    const ask = (): string => {
      if (asked++ > 0) return "sunny";
      if (isPlanted) throw new TerminalError("the server is busy"); // planted
      throw new Error("the server is busy");
    };
    const weather = service({
      name: "Weather",
      handlers: { today: async (ctx: Context) => await ctx.run("ask", ask, { initialRetryInterval: 10 }) },
    });
    return {
      services: [weather],
      test: async (environment) => assert.equal(await environment.service(weather).today(), "sunny"),
    };
  },
};

import assert from "node:assert/strict";
import { type Context, object, type ObjectContext, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "Two sends look like two lines. Those of two keys are done in any order.",
  foundBy: ["explore"],
  make: (isPlanted) => {
    const lines: string[] = [];
    const log = (line: string): void => void (lines.includes(line) || lines.push(line));
    const folder = object({
      name: "Folder",
      handlers: {
        make: async (ctx: ObjectContext) => await ctx.run("make", () => log(`make ${ctx.key}`)),
      },
    });
    const backup = service({
      name: "Backup",
      handlers: {
        start: async (ctx: Context) => {
          if (isPlanted) ctx.objectSendClient(folder, "a").make(); // planted
          else await ctx.objectClient(folder, "a").make();
          await ctx.objectClient(folder, "a/b").make();
        },
      },
    });
    return {
      services: [folder, backup],
      test: async (environment) => {
        await environment.service(backup).start();
        await environment.settled();
        assert.deepEqual(lines, ["make a", "make a/b"]);
      },
    };
  },
};

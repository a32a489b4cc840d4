import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "forgotten awaits",
  why: "forEach takes an async function, and waits for none.",
  foundBy: ["lint", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const packed = new Set<string>();
    const parcel = service({
      name: "Parcel",
      handlers: {
        pack: async (ctx: Context, items: string[]) => {
          const pack = (item: string): void => void packed.add(item);
          if (isPlanted) {
            // planted
            items.forEach(async (item) => {
              await ctx.run(`pack ${item}`, () => pack(item));
            });
          } else {
            for (const item of items) await ctx.run(`pack ${item}`, () => pack(item));
          }
          return items.length;
        },
      },
    });
    return {
      services: [parcel],
      test: async (environment) => {
        await environment.service(parcel).pack(["tea", "cup"]);
        assert.deepEqual([...packed], ["tea", "cup"]);
      },
    };
  },
};

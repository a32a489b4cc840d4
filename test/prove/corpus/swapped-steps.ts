import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Made, Mistake } from "../mistake.ts";

function packing(names: readonly string[]): Made {
  const parcels = service({
    name: "Parcel",
    handlers: {
      send: async (ctx: Context, item: string) => {
        for (const name of names) await ctx.run(name, () => item);
        await ctx.sleep({ days: 1 });
        return item;
      },
    },
  });
  return {
    services: [parcels],
    test: async (environment) => assert.equal(await environment.service(parcels).send("tea"), "tea"),
  };
}

export const mistake: Mistake = {
  kind: "new code",
  why: "Two lines are swapped, because that reads better.",
  foundBy: ["replay"],
  before: () => packing(["weigh", "label"]),
  make: (isPlanted) =>
    packing(
      isPlanted
        ? ["label", "weigh"] // planted
        : ["weigh", "label"],
    ),
};

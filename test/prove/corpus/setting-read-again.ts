import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

/** Stands for an environment variable, or for a file of settings: it changes with a deployment. */
const settings = { carrier: "mail" };

export const mistake: Mistake = {
  kind: "time and random numbers",
  why: "A setting is a constant until somebody changes it, between two attempts of one invocation.",
  foundBy: [],
  unseen: "It stays the same for as long as a test runs. Take settings in a step.",
  make: (isPlanted) => {
    const shipping = service({
      name: "Shipping",
      handlers: {
        ship: async (ctx: Context, parcel: string) => {
          const carrier = isPlanted
            ? settings.carrier // planted
            : await ctx.run("the carrier", () => settings.carrier);
          await ctx.run(`hand over to ${carrier}`, () => parcel);
          await ctx.sleep({ days: 1 });
          return carrier;
        },
      },
    });
    return {
      services: [shipping],
      test: async (environment) => assert.equal(await environment.service(shipping).ship("p-1"), "mail"),
    };
  },
};

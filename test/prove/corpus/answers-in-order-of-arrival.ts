import assert from "node:assert/strict";
import { type Context, DurablePromise, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "Parallel work pushes its results to a list, in the order in which it ends.",
  foundBy: ["explore"],
  make: (isPlanted) => {
    const image = service({
      name: "Image",
      handlers: { scale: async (ctx: Context, name: string) => await ctx.run("scale", () => `${name}.png`) },
    });
    const album = service({
      name: "Album",
      handlers: {
        make: async (ctx: Context, names: string[]) => {
          const scaled: string[] = [];
          const all = await DurablePromise.all(
            names.map((name) =>
              ctx
                .serviceClient(image)
                .scale(name)
                .map((file) => {
                  if (file !== undefined) scaled.push(file); // planted
                  return file ?? "";
                }),
            ),
          );
          return isPlanted ? scaled : all;
        },
      },
    });
    return {
      services: [image, album],
      test: async (environment) => {
        const files = await environment.service(album).make(["a", "b", "c"]);
        assert.deepEqual(files, ["a.png", "b.png", "c.png"]);
      },
    };
  },
};

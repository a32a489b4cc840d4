import assert from "node:assert/strict";
import {
  type Context,
  handlers,
  object,
  type ObjectContext,
  type ObjectSharedContext,
  service,
} from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "A send is fast, so its effect is thought to be there in the next line. A shared handler does not wait for it.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    const index = object({
      name: "Index",
      handlers: {
        put: async (ctx: ObjectContext, name: string) => ctx.set("name", name),
        find: handlers.object.shared(async (ctx: ObjectSharedContext) => await ctx.get<string>("name")),
      },
    });
    const signup = service({
      name: "Signup",
      handlers: {
        run: async (ctx: Context, name: string) => {
          if (isPlanted) ctx.objectSendClient(index, "ada").put(name); // planted
          else await ctx.objectClient(index, "ada").put(name);
          return "done";
        },
      },
    });
    return {
      services: [index, signup],
      test: async (environment) => {
        await environment.service(signup).run("Ada");
        assert.equal(await environment.object(index, "ada").find(), "Ada");
      },
    };
  },
};

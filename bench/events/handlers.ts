/** What the records start: a service's handler that does nothing, and an object's that counts. Both say how many they were. */
import { object, service } from "perdure";
import type { Context, ObjectContext } from "perdure";

/** Of this process. */
let taken = 0;

const sink = service({
  name: "Sink",
  handlers: {
    take: async (_ctx: Context) => void taken++,
    taken: async (_ctx: Context) => taken,
  },
});

const keyed = object({
  name: "Keyed",
  handlers: {
    take: async (ctx: ObjectContext) => {
      ctx.set("count", ((await ctx.get<number>("count")) ?? 0) + 1);
      taken++;
    },
  },
});

export default [sink, keyed];

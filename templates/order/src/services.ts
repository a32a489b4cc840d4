import {
  handlers,
  object,
  serde,
  TerminalError,
  type ObjectContext,
  type ObjectSharedContext,
} from "perdure";
import { z } from "zod";
import { charge, refund, release, reserve, ship } from "./systems.ts";

const Request = z.object({
  item: z
    .string()
    .min(1)
    .meta({ examples: ["tea"] }),
  cents: z
    .int()
    .positive()
    .meta({ examples: [500] }),
});

interface OrderState {
  status: "placing" | "packing" | "shipped" | "failed";
}

/** An order, by its number. One call at a time changes it. */
export const order = object({
  name: "Order",
  handlers: {
    /** A saga: if a later step fails for good, what the earlier ones did is undone. */
    place: handlers.object.exclusive(
      { input: serde.schema(Request) },
      async (ctx: ObjectContext<OrderState>, { item, cents }: z.infer<typeof Request>) => {
        const id = ctx.key;
        const undo: (() => Promise<unknown>)[] = [];
        ctx.set("status", "placing");
        try {
          // Noted before it is done: a step that failed may have taken effect all the same.
          undo.push(async () => await ctx.run("refund", () => refund(id)));
          const payment = await ctx.run("charge", () => charge(id, cents));
          undo.push(async () => await ctx.run("release", () => release(id, item)));
          await ctx.run("reserve", () => reserve(id, item));

          ctx.set("status", "packing");
          await ctx.sleep({ seconds: 5 }, "packing");

          const parcel = await ctx.run("ship", () => ship(id, item));
          ctx.set("status", "shipped");
          return { payment, parcel };
        } catch (error) {
          // Other errors are retried. Only a terminal one ends the order.
          if (!(error instanceof TerminalError)) throw error;
          for (const step of undo.toReversed()) await step();
          ctx.set("status", "failed");
          throw error;
        }
      },
    ),

    /** Answers also while the order is being placed. */
    status: handlers.object.shared(
      async (ctx: ObjectSharedContext<OrderState>) => (await ctx.get("status")) ?? "unknown",
    ),
  },
});

export default [order];

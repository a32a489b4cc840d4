import assert from "node:assert/strict";
import { type Context, DurablePromise, object, type ObjectContext, service, TerminalError } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "undoing and retries",
  why: "DurablePromise.all fails with the first failure. What runs beside it is undone before it is done.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    const room = object({
      name: "Room",
      handlers: {
        book: async (ctx: ObjectContext) => {
          if (ctx.key === "full") throw new TerminalError("the hotel is full");
          await ctx.run("ask the hotel", () => undefined);
          ctx.set("booked", true);
        },
        // Undoing what never happened does nothing.
        cancel: async (ctx: ObjectContext) => ctx.clear("booked"),
        isBooked: async (ctx: ObjectContext) => (await ctx.get<boolean>("booked")) ?? false,
      },
    });
    const trip = service({
      name: "Trip",
      handlers: {
        book: async (ctx: Context, rooms: string[]) => {
          const booked: string[] = [];
          const calls = rooms.map((name) =>
            ctx
              .objectClient(room, name)
              .book()
              .map((_, error) => {
                if (error) throw error;
                booked.push(name);
              }),
          );
          try {
            if (isPlanted) await DurablePromise.all(calls); // planted
            else
              for (const result of await DurablePromise.allSettled(calls))
                if (result.status === "rejected") throw result.reason;
          } catch (error) {
            if (!(error instanceof TerminalError)) throw error;
            for (const name of booked) await ctx.objectClient(room, name).cancel();
            throw error;
          }
        },
      },
    });
    return {
      services: [room, trip],
      test: async (environment) => {
        await assert.rejects(environment.service(trip).book(["sea", "full"]));
        await environment.settled();
        assert.equal(await environment.object(room, "sea").isBooked(), false);
      },
    };
  },
};

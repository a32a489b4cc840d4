import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Bank } from "../world.ts";

export const mistake: Mistake = {
  kind: "undoing and retries",
  why: "A catch that ignores every error ignores a cancellation, and the code behind it runs. It shows in a test that cancels.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const bank = new Bank();
    const trial = service({
      name: "Trial",
      handlers: {
        start: async (ctx: Context) => {
          const key = ctx.rand.uuidv4();
          try {
            await ctx.sleep({ days: 14 }, "the trial");
          } catch (error) {
            if (!isPlanted) throw error; // planted
          }
          await ctx.run("charge", () => bank.charge(900, key));
        },
      },
    });
    return {
      services: [trial],
      test: async (environment) => {
        const { invocationId } = await environment.call<{ invocationId: string }>("/Trial/start/send");
        await environment.settled();
        await environment.admin(`/invocations/${invocationId}/cancel`, "PATCH");
        await environment
          .invocation(invocationId)
          .result()
          .catch(() => undefined);
        assert.deepEqual(bank.booked, []);
      },
    };
  },
};

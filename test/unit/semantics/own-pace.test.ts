/** Code that awaits something of its own issues operations at any time, also while what came before is appended. None is lost. */
import { service, type Context } from "perdure";
import { setTimeout as elapse } from "node:timers/promises";
import { afterAll, beforeAll, test } from "vitest";
import { until, World } from "./world.ts";

const received = new Set<number>();
const sink = service({
  name: "Sink",
  handlers: { take: async (_ctx: Context, which: number) => await Promise.resolve(received.add(which).size) },
});
const SENDS = 40;
const sender = service({
  name: "Sender",
  handlers: {
    run: async (ctx: Context) => {
      const waiting = Array.from({ length: SENDS }, (_, which) => which);
      const sends = async (): Promise<void> => {
        for (let which = waiting.shift(); which !== undefined; which = waiting.shift()) {
          await elapse(1);
          ctx.serviceSendClient<typeof sink.handlers>({ name: "Sink" }).take(which);
        }
      };
      const sending = sends();
      while (waiting.length > 0) await ctx.run("step", () => 1);
      await sending;
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(sink, sender);
});
afterAll(async () => await world.stop());

test("sends that are issued while steps are appended all go", async () => {
  await world.call("/Sender/run");
  await until(() => received.size === SENDS, "all sends");
});

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Mail } from "../world.ts";

export const mistake: Mistake = {
  kind: "forgotten awaits",
  why: "A step begins some work and returns before it is done. Its failure is nobody's, so nobody tries again.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const mail = new Mail();
    let asked = 0;
    const send = async (text: string): Promise<void> => {
      await delay(1);
      if (asked++ === 0) throw new Error("the server is busy");
      mail.send(text, text);
    };
    const notice = service({
      name: "Notice",
      handlers: {
        give: async (ctx: Context, text: string) => {
          const step = async (): Promise<void> => {
            if (isPlanted) void send(text).catch(() => undefined); // planted
            else await send(text);
          };
          await ctx.run("send", step, { initialRetryInterval: 10 });
        },
      },
    });
    return {
      services: [notice],
      test: async (environment) => {
        await environment.service(notice).give("closed on Monday");
        assert.deepEqual(mail.sent, ["closed on Monday"]);
      },
    };
  },
};

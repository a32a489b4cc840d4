/** Handlers whose function dies. Each is paused after its first attempt, so that what is recorded of it can be looked at. */
import { type Context, handlers, serde, service } from "../../../sdk/index.ts";

const MB = 1024 * 1024;
/** More than the function has, and not so much that a machine without a limit suffers. */
const HELD_MB = 320;
/** More than Lambda answers, and more than Perdure takes. */
const ANSWER_MB = 7;

export default service({
  name: "Deaths",
  options: { retryPolicy: { maxAttempts: 1, onMaxAttempts: "pause" } },
  handlers: {
    exit: async (ctx: Context) => await ctx.run("die", (): void => process.exit(7)),
    hang: async (ctx: Context) => await ctx.run("hang", () => new Promise<void>(() => undefined)),
    /** Nothing else of its process runs any more. */
    spin: async (ctx: Context) =>
      await ctx.run("spin", (): void => {
        for (;;);
      }),
    /** Returns whether it has got all of the memory. */
    memory: async (ctx: Context) =>
      await ctx.run("fill", () => {
        const held = Array.from({ length: HELD_MB }, () => Buffer.alloc(MB, 1));
        return held.length === HELD_MB;
      }),
    answer: handlers.handler({ input: serde.json, output: serde.binary }, async () =>
      new Uint8Array(ANSWER_MB * MB).fill(7),
    ),
  },
});

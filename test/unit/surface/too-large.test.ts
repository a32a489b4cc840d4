/** P1: a result that is too large is a terminal error at its place in the code, and is not retried. */
import { service, TerminalError, type Context } from "perdure";
import { expect, test } from "vitest";
import { PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import { within, World } from "../semantics/world.ts";

const large = "x".repeat(PAYLOAD_BYTES_MAX);
let steps = 0;
const big = service({
  name: "Big",
  handlers: {
    result: async () => large,
    step: async (ctx: Context) => {
      const make = (): string => {
        steps++;
        return large;
      };
      const said = await ctx.run("make", make).map((_, error) => `${error?.code} ${error?.message}`);
      await ctx.sleep(1);
      return said;
    },
    serde: async (ctx: Context) => {
      const refuse = (): never => {
        throw new TerminalError("not this", { errorCode: 422 });
      };
      const picky = { serialize: refuse, deserialize: refuse };
      return await ctx.run("picky", () => 1, { serde: picky });
    },
  },
});

test("of a handler, of a step, and whatever else a serde refuses for good", async () => {
  const world = await World.of(big);
  try {
    expect(await within(3000, "the end", world.ask("/Big/result"))).toMatchObject({
      status: 413,
      body: { message: expect.stringMatching(/the result of Big\/result has \d+ bytes/) as string },
    });
    expect(await within(3000, "the end", world.call("/Big/step"))).toMatch(
      /^413 the result of step "make" has \d+ bytes/,
    );
    expect(steps).toBe(1);
    expect(await world.ask("/Big/serde")).toMatchObject({ status: 422, body: { message: "not this" } });
  } finally {
    await world.stop();
  }
});

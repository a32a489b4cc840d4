/** P1: whatever is long is parted, or refused with words. Nothing is tried again in silence. */
import {
  DurablePromise,
  object,
  rpc,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CANCELLED_CALLEES_MAX, CLEARED_NAMES_MAX } from "../../../lib/limits.ts";
import { until, within, World } from "./world.ts";

const NAMES = 4500;
const nameAt = (index: number): string => `${"k".repeat(100)}${index}`;
const tooMuch = "y".repeat(500_000);
const metadata = { body: tooMuch };
const saying = async (act: () => PromiseLike<unknown>): Promise<string> => {
  try {
    await act();
    return "nothing";
  } catch (thrown) {
    if (!TerminalError.is(thrown)) throw thrown;
    return `${thrown.code} ${thrown.message.slice(0, 200)} ${Object.keys(thrown.metadata ?? {}).join()}`;
  }
};

const names = object({
  name: "Names",
  handlers: {
    fill: async (ctx: ObjectContext, count: number) => {
      for (let index = 0; index < count; index++) ctx.set(nameAt(index), index);
      await Promise.resolve();
    },
    keys: async (ctx: ObjectContext) => {
      const keys = await ctx.stateKeys();
      await ctx.sleep(1);
      const more = await ctx.stateKeys();
      await ctx.run("a step", () => 1);
      return [keys.length, more.length, new Set(keys).size];
    },
    wipe: async (ctx: ObjectContext) => {
      ctx.clearAll();
      await ctx.sleep(1);
      return (await ctx.stateKeys()).length;
    },
  },
});

const taker = service({
  name: "Taker",
  handlers: {
    take: async () => await Promise.resolve("taken"),
    never: async (ctx: Context) => void (await ctx.awakeable().promise),
  },
});

const giver = service({
  name: "Giver",
  handlers: {
    metadata: async () => {
      await Promise.resolve();
      throw new TerminalError("told", { errorCode: 418, metadata });
    },
    step: async (ctx: Context) => {
      const said = await saying(() =>
        ctx.run("fails", () => {
          throw new TerminalError("told", { errorCode: 418, metadata });
        }),
      );
      await ctx.sleep(1);
      return said;
    },
    inCode: async (ctx: Context) => {
      const error = new TerminalError("no", { metadata });
      const { id } = ctx.awakeable();
      const client = ctx.serviceClient(taker);
      return [
        await saying(async () => ctx.rejectAwakeable(id, error)),
        await saying(() => client.take(rpc.opts({ headers: { a: tooMuch } }))),
        await saying(() => client.take(rpc.opts({ name: tooMuch }))),
        await saying(() => ctx.sleep(1, tooMuch)),
        await client.take(rpc.opts({ headers: { a: "y".repeat(16_000) } })),
      ];
    },
    longFailure: async (ctx: Context) => {
      if ((await ctx.run("count", () => 1)) === 1) throw new Error(tooMuch);
    },
    nested: async (ctx: Context, depth: number) => {
      let race = ctx.sleep(30).map(() => 0);
      for (let level = 1; level < depth; level++)
        race = DurablePromise.race([race, ctx.sleep({ minutes: level }).map(() => level)]);
      return await race;
    },
    tooNested: async (ctx: Context) =>
      await saying(async () => {
        let race = ctx.sleep(1);
        for (let level = 0; level < 1000; level++) race = DurablePromise.race([race]);
        await race;
      }),
    fanOut: async (ctx: Context, count: number) => {
      const calls = Array.from({ length: count }, () => ctx.serviceClient(taker).never());
      await DurablePromise.all(calls);
    },
  },
});

describe("bounds", () => {
  let world: World;
  beforeAll(async () => void (world = await World.of(names, taker, giver)));
  afterAll(async () => await world.stop());

  test("thousands of names of state are listed and cleared", async () => {
    await world.call("/Names/a/fill", NAMES);
    expect(await world.call("/Names/a/keys")).toEqual([NAMES, NAMES, NAMES]);
    expect(await world.call("/Names/a/wipe")).toBe(0);
    expect(await world.call("/Names/a/keys")).toEqual([0, 0, 0]);
  }, 60_000);

  test("as few as always are in one entry", async () => {
    await world.call("/Names/b/fill", CLEARED_NAMES_MAX);
    const id = await world.send("/Names/b/wipe");
    await world.attach(id);
    const entries = await world.journal(id);
    expect(entries.filter(({ type }) => type === "clearAll")).toHaveLength(1);
  });

  test("a cancellation reaches more calls than one entry holds", async () => {
    const count = CANCELLED_CALLEES_MAX + 50;
    const id = await world.send("/Giver/fanOut", count);
    await world.untilStatus(id, "suspended");
    expect(await world.cancel(id)).toBe(202);
    expect(await within(20_000, "the end", world.attach(id))).toMatchObject({ status: 409 });
    const cancelled = (await world.journal(id)).flatMap((entry) => entry.cancelled ?? []);
    expect(new Set(cancelled).size).toBe(count);
    const [first = ""] = cancelled;
    await until(async () => (await world.view(first))?.status === "completed", "a callee to end", 20_000);
  }, 60_000);

  test("an error is kept without its metadata if that is too large", async () => {
    const answer = await within(5000, "the end", world.ask("/Giver/metadata"));
    expect(answer).toMatchObject({ status: 418 });
    expect((answer.body as { message: string }).message).toMatch(
      /^told \[its metadata of 500004 bytes was left out.*RT0003/,
    );
    expect(await within(5000, "the end", world.call("/Giver/step"))).toMatch(
      /^418 told \[its metadata of 500004 bytes/,
    );
  });

  test("what is given in code is refused there", async () => {
    const [rejected, headers, name, sleep, taken] = await within(
      5000,
      "it",
      world.call<string[]>("/Giver/inCode"),
    );
    expect(rejected).toMatch(/^413 the metadata of the error has 500004 bytes; at most 16384 .*RT0003/);
    expect(headers).toMatch(/^413 the headers of Taker\/take has 500001 bytes; at most 16384 .*RT0003/);
    expect(name).toMatch(/^500 a call name must be a string of 0 to 512 bytes/);
    expect(sleep).toMatch(/^500 a sleep name must be a string of 0 to 512 bytes/);
    expect(taken).toBe("taken");
  });

  test("combinators within each other suspend and wake; too many are refused in the code", async () => {
    expect(await within(5000, "it", world.call("/Giver/nested", 17))).toBe(0);
    expect(await within(9000, "it", world.call("/Giver/nested", 200))).toBe(0);
    expect(await world.call("/Giver/tooNested")).toMatch(
      /^413 a DurablePromise is made of 501 others .*RT0003/,
    );
  }, 20_000);

  test("a failure of any length is told", async () => {
    const id = await world.send("/Giver/longFailure");
    const view = await until(async () => {
      const seen = await world.view(id);
      return seen?.last_failure === undefined ? undefined : seen;
    }, "the failure");
    expect(view.last_failure?.length).toBeLessThanOrEqual(4000);
    expect(await world.kill(id)).toBe(200);
  });
});

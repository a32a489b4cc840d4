/** What no attempt would do better is tried once, and says why: results that JSON cannot hold, and what a step must not do. */
import { DurablePromise, object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JSON_DEPTH_MAX } from "../../../lib/limits.ts";
import { within, World } from "../semantics/world.ts";

let attempts = 0;
const circle = (): object => {
  const round: { self?: object } = {};
  round.self = round;
  return round;
};
const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
};
const UNSTORABLE: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
  "a BigInt": [() => ({ n: 5n }), /cannot be stored: Do not know how to serialize a BigInt/],
  "a circle": [circle, /cannot be stored: Converting circular structure/],
  "too many levels": [() => nested(200_000), /cannot be stored: Maximum call stack size exceeded/],
  "a function": [() => () => 1, /cannot be stored: a function cannot be serialised/],
};
const settled = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    if (!TerminalError.is(error)) throw error;
    return `caught: ${error.message}`;
  }
};

/** What a step does with ctx: all of it is wrong, but for results that are there. */
const INSIDE: Readonly<Record<string, (ctx: ObjectContext) => Promise<unknown>>> = {
  "a new operation": async (ctx) => await ctx.run("outer", async () => await ctx.sleep(1)),
  "a new operation that is caught": async (ctx) =>
    await ctx.run("outer", async () => {
      try {
        return await ctx.sleep(1);
      } catch {
        return "caught";
      }
    }),
  "a pending promise": async (ctx) => {
    const later = ctx.awakeable<string>().promise;
    return await ctx.run("outer", async () => await later);
  },
  "a race with a pending part": async (ctx) => {
    const race = DurablePromise.race([ctx.get("b") as DurablePromise<unknown>, ctx.sleep(1000)]);
    return await ctx.run("outer", async () => await race);
  },
};
const SETTLED: Readonly<Record<string, (ctx: ObjectContext) => Promise<unknown>>> = {
  sum: async (ctx) => {
    const [a, b] = [ctx.run("a", () => 1), ctx.run("b", () => 2)];
    await DurablePromise.all([a, b]);
    return await ctx.run("sum", async () => (await a) + (await b));
  },
  combined: async (ctx) => {
    const [a, b] = [ctx.run("a", () => 1), ctx.run("b", () => 2)];
    await DurablePromise.all([a, b]);
    return await ctx.run("sum", async () => {
      const [one, two] = await DurablePromise.all([a, b.map((value = 0) => value + 0)]);
      return one + two;
    });
  },
  constant: async (ctx) => await ctx.run("sum", async () => await DurablePromise.resolve(3)),
  failed: async (ctx) => {
    const failing = ctx.run("fails", () => {
      throw new TerminalError("declined");
    });
    await settled(async () => await failing);
    return await settled(() => ctx.run("sum", async () => await failing));
  },
};

const maker = object({
  name: "Maker",
  handlers: {
    result: async (_ctx: ObjectContext, name: string) => {
      attempts++;
      return UNSTORABLE[name]?.[0]();
    },
    step: async (ctx: ObjectContext, name: string) => {
      const caught = await settled(() =>
        ctx.run("make", () => {
          attempts++;
          return UNSTORABLE[name]?.[0]();
        }),
      );
      await ctx.sleep(1);
      return caught;
    },
    state: async (ctx: ObjectContext, name: string) =>
      await settled(async () => {
        attempts++;
        await Promise.resolve(ctx.set("n", UNSTORABLE[name]?.[0]()));
      }),
    inside: async (ctx: ObjectContext, name: string) => {
      attempts++;
      return await INSIDE[name]?.(ctx);
    },
    settled: async (ctx: ObjectContext, name: string) => await SETTLED[name]?.(ctx),
    scope: async (ctx: ObjectContext) => {
      attempts++;
      return await (ctx as unknown as { scope: (key: string) => Promise<unknown> }).scope("s");
    },
  },
});
const echo = service({ name: "Echo", handlers: { echo: async (_ctx: Context, value: unknown) => value } });

let world: World;
beforeAll(async () => {
  world = await World.of(maker, echo);
});
afterAll(async () => {
  await world.stop();
});

describe("what JSON cannot hold:", () => {
  test.each(Object.keys(UNSTORABLE))("%s", async (name) => {
    const words = UNSTORABLE[name]?.[1] ?? /never/;
    attempts = 0;
    const { status, body } = await within(5000, name, world.ask("/Maker/k/result", name));
    expect(status).toBe(500);
    expect((body as { message: string }).message).toMatch(words);
    expect((body as { message: string }).message).toMatch(/^the result of Maker\/result /);
    expect(attempts).toBe(1);
    for (const handler of ["step", "state"]) {
      attempts = 0;
      const said = await within(5000, name, world.call<string>(`/Maker/k/${handler}`, name));
      expect(said).toMatch(words);
      expect(said).toMatch(/caught: the (result of step "make"|value of state key "n") cannot/);
      expect(attempts).toBe(1);
    }
  });
});

describe("in a step", () => {
  test.each(Object.keys(INSIDE))("%s ends the invocation, once and in words", async (name) => {
    attempts = 0;
    const { status, body } = await within(5000, name, world.ask("/Maker/k/inside", name));
    expect(status).toBe(500);
    expect((body as { message: string }).message).toMatch(/^ctx was used inside ctx.run\("outer"\)/);
    expect(attempts).toBe(1);
  });

  test.each([
    ["sum", 3],
    ["combined", 3],
    ["constant", 3],
    ["failed", "caught: declined"],
  ])("a result that is there may be awaited: %s", async (name, expected) => {
    expect(await within(5000, name, world.call("/Maker/k/settled", name))).toBe(expected);
  });
});

describe("an input of many levels", () => {
  const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  test("is refused with 400", async () => {
    for (const levels of [JSON_DEPTH_MAX + 1, 2_000_000]) {
      const { status, body } = await within(10_000, "400", raw(deep(levels)));
      expect({ status, body }).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining("more than 1000 levels") },
      });
    }
  });

  test("is taken up to the limit, and what only looks like levels is none", async () => {
    expect(await raw(deep(JSON_DEPTH_MAX))).toMatchObject({ status: 200 });
    const texts = JSON.stringify([
      "[{".repeat(2000),
      '\\"[['.repeat(2000),
      Array.from({ length: 3000 }, () => []),
    ]);
    expect(await raw(texts)).toMatchObject({ status: 200, body: JSON.parse(texts) as unknown });
  });

  async function raw(text: string): Promise<{ status: number; body: unknown }> {
    const response = await world.environment.request("/Echo/echo", new TextEncoder().encode(text), {
      "content-type": "application/json",
    });
    const body = new TextDecoder().decode(response.body);
    return { status: response.status, body: JSON.parse(body) as unknown };
  }
});

test("ctx.scope says that it is not supported", async () => {
  attempts = 0;
  const { status, body } = await within(5000, "the end", world.ask("/Maker/k/scope"));
  expect({ status, body }).toMatchObject({
    status: 500,
    body: { message: expect.stringContaining("docs/parity.md") },
  });
  expect(attempts).toBe(1);
});

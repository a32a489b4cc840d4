/** The types tell what JSON loses of a value, and ordinary code keeps its types. */
import { type Context, type DurablePromise, type Jsonify, type ObjectContext, serde } from "perdure";
import { describe, expectTypeOf, test } from "vitest";

declare const ctx: ObjectContext;
declare const typed: ObjectContext<{ prices: Map<string, number>; count: number }>;

class Money {
  readonly amount = 5;
  plus(): number {
    return this.amount;
  }
}
class Fields {
  readonly amount = 5;
}
interface Order {
  id: string;
  note?: string;
  lines: { article: string; at: Date }[];
  state: "open" | "closed" | null;
}
type Tree = { left?: Tree; right?: Tree; value: number };

describe("a step's result is what JSON leaves of it", () => {
  test("a Map, a Set, a method, a function", async () => {
    expectTypeOf(await ctx.run("x", () => new Map([["a", 1]]))).toEqualTypeOf<Record<string, never>>();
    expectTypeOf(await ctx.run("x", async () => new Set([1]))).toEqualTypeOf<Record<string, never>>();
    expectTypeOf(await ctx.run(() => new Money())).toEqualTypeOf<{ readonly amount: 5 }>();
    expectTypeOf(await ctx.run("x", () => [new Money()])).toEqualTypeOf<{ readonly amount: 5 }[]>();
    expectTypeOf(await ctx.run("x", () => ({ a: 1, f: () => 1 }))).toEqualTypeOf<{ a: number }>();
    const found = await ctx.run("x", (): Map<string, number> | undefined => undefined);
    expectTypeOf(found).toEqualTypeOf<Record<string, never> | undefined>();
    // @ts-expect-error -- it has no methods any more
    (await ctx.run("x", () => new Money())).plus();
    // @ts-expect-error -- it is no Map any more
    (await ctx.run("x", async () => new Map([["a", 1]]))).get("a");
    // @ts-expect-error -- an answer of fetch is not kept
    await (await ctx.run("x", () => fetch("http://localhost"))).json();
  });

  test("with a serde it is what the serde makes", async () => {
    expectTypeOf(
      await ctx.run("x", () => new Uint8Array(1), { serde: serde.binary }),
    ).toEqualTypeOf<Uint8Array>();
  });

  test("options that concern retries change nothing of it", async () => {
    expectTypeOf(await ctx.run("x", () => new Set([1]), { maxRetryAttempts: 2 })).toEqualTypeOf<
      Record<string, never>
    >();
  });
});

describe("ordinary code keeps its types", () => {
  test("data", async () => {
    expectTypeOf(await ctx.run("x", (): Order => ({}) as Order)).toEqualTypeOf<Order>();
    expectTypeOf(await ctx.run("x", async (): Promise<Order | undefined> => undefined)).toEqualTypeOf<
      Order | undefined
    >();
    expectTypeOf(await ctx.run("x", (): Tree => ({ value: 1 }))).toEqualTypeOf<Tree>();
    expectTypeOf(await ctx.run("x", () => new Fields())).toEqualTypeOf<Fields>();
    expectTypeOf(await ctx.run("x", () => new Date())).toEqualTypeOf<Date>();
    expectTypeOf(await ctx.run("x", () => undefined)).toEqualTypeOf<undefined>();
    expectTypeOf(await ctx.run("x", async () => {})).toEqualTypeOf<void>();
    expectTypeOf(await ctx.run("x", (): unknown => 1)).toEqualTypeOf<unknown>();
    expectTypeOf(await ctx.run("x", () => JSON.parse("1"))).toBeAny();
    expectTypeOf(await ctx.run("x", () => ({ a: 1, b: "x" }), { maxRetryAttempts: 1 })).toEqualTypeOf<{
      a: number;
      b: string;
    }>();
    expectTypeOf(ctx.run("x", () => 1)).toEqualTypeOf<DurablePromise<number>>();
  });

  test("code with type parameters", () => {
    const wrapped = async <T>(context: Context, action: () => Promise<T>): Promise<T> =>
      await context.run("x", action);
    const listed = async <T extends { id: string }>(context: Context, all: T[]): Promise<T[]> =>
      await context.run(() => all);
    const kept = <T>(context: ObjectContext, value: T): void => context.set("a", value);
    expectTypeOf(wrapped<number>).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(listed).toBeFunction();
    expectTypeOf(kept<number>).returns.toEqualTypeOf<void>();
  });

  test("the signal of a step", async () => {
    await ctx.run("x", async ({ signal }) => {
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    });
    await ctx.run(async ({ signal }) => signal.aborted);
  });

  test("state", () => {
    ctx.set("a", { n: 1, at: new Date() });
    ctx.set<Order>("a", {} as Order);
    typed.set("count", 1);
    typed.set("prices", new Map());
    ctx.set("bytes", new Uint8Array(0), serde.binary);
    // @ts-expect-error -- another type
    typed.set("count", "1");
  });
});

test("Jsonify", () => {
  expectTypeOf<Jsonify<{ at: Date; m?: Map<string, number>; f(): void; list: [Date, 1] }>>().toEqualTypeOf<{
    at: string;
    m?: Record<string, never>;
    list: [string, 1];
  }>();
  expectTypeOf<Jsonify<Order>["lines"]>().toEqualTypeOf<{ article: string; at: string }[]>();
  expectTypeOf<Jsonify<string | null>>().toEqualTypeOf<string | null>();
});

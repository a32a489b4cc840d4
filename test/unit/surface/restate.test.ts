/** `perdure/restate`: what code written for Restate's SDK relies on. The compiler checks much of it. */
import * as restate from "perdure/restate";
import { createEndpointHandler } from "perdure/restate/lambda";
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { World } from "../semantics/world.ts";

interface Cart {
  readonly items: string[];
  readonly expiry: restate.InvocationId;
}

const stock = restate.service({
  name: "Stock",
  handlers: {
    reserve: async (ctx: restate.Context, item: string) => await ctx.run("reserve", () => `reserved ${item}`),
    raw: restate.handlers.handler(
      { input: restate.serde.binary, output: restate.serde.binary },
      async (_: restate.Context, bytes: Uint8Array) => bytes.toReversed(),
    ),
    generic: async <T>(_: restate.Context, value: T): Promise<{ value: T }> => ({ value }),
  },
});
type Stock = typeof stock;
// By name only, the usual way to call a service of another file.
const Stock: Stock = { name: "Stock" };

const cart = restate.object({
  name: "Cart",
  handlers: {
    add: async (ctx: restate.ObjectContext<Cart>, item: string): Promise<number> => {
      const items = (await ctx.get("items")) ?? [];
      items.push(await ctx.serviceClient(Stock).reserve(item));
      const expiry = ctx
        .objectSendClient(Cart, ctx.key)
        .expire(restate.rpc.sendOpts({ delay: { hours: 1 } }));
      ctx.set("items", items);
      ctx.set("expiry", await expiry.invocationId);
      return items.length;
    },
    expire: async (ctx: restate.ObjectContext<Cart>) => ctx.clearAll(),
    empty: restate.createObjectHandler(async (ctx: restate.ObjectContext<Cart>) => {
      const expiry = await ctx.get("expiry");
      if (expiry !== null) ctx.cancel(expiry);
      ctx.clear("items");
    }),
    items: restate.createObjectSharedHandler(
      async (ctx: restate.ObjectSharedContext<Cart>) => (await ctx.get("items")) ?? [],
    ),
  },
});
type Cart_ = typeof cart;
const Cart: Cart_ = { name: "Cart" };

const approval = restate.workflow({
  name: "Approval",
  handlers: {
    run: async (ctx: restate.WorkflowContext, limitMs: number) => {
      const approved: restate.DurablePromise<string> = ctx.promise<string>("approved");
      try {
        return await approved.get().orTimeout(limitMs);
      } catch (error) {
        if (error instanceof restate.TimeoutError) return "too late";
        throw error;
      }
    },
    approve: async (ctx: restate.WorkflowSharedContext, by: string) => {
      await ctx.promise<string>("approved").resolve(by);
    },
  },
});

const racer = restate.service({
  name: "Racer",
  handlers: {
    race: async (ctx: restate.Context) => {
      const slow: restate.RestatePromise<string> = ctx.sleep(50).map(() => "slow");
      const all: restate.CombineablePromise<string>[] = [slow, restate.RestatePromise.resolve("fast")];
      expect(all.every(restate.isRestatePromise)).toBe(true);
      return await restate.CombineablePromise.race(all);
    },
    generic: async (ctx: restate.Context, key: string | undefined) => {
      const called = await ctx.genericCall<string, string>({
        service: "Stock",
        method: "reserve",
        parameter: key ?? "none",
        inputSerde: restate.serde.json,
        outputSerde: restate.serde.json,
      });
      const sent = ctx.genericSend({
        service: "Stock",
        method: "reserve",
        parameter: "x",
        inputSerde: restate.serde.json,
      });
      return [called, await ctx.attach<string>(await sent.invocationId)];
    },
    signalled: async (ctx: restate.Context) => {
      const internal = ctx as restate.internal.ContextInternal;
      return await internal.signal<string>("go");
    },
    signal: async (ctx: restate.Context, id: string) =>
      ctx.invocation(restate.InvocationIdParser.fromString(id)).signal<string>("go").resolve("went"),
    failing: async (): Promise<never> => {
      const error = new restate.TerminalError("no", { errorCode: 418, metadata: { a: "b" } });
      expect(error).toBeInstanceOf(restate.RestateError);
      throw error;
    },
    optional: restate.createServiceHandler(
      { input: restate.serde.json, metadata: { team: "a" } },
      async (_, input) => {
        expectTypeOf(input).toBeAny();
        return String(input);
      },
    ),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(restate.endpoint().bind(stock).bind(cart).bind(approval).bind(racer));
});
afterAll(async () => await world.stop());

test("services, objects and workflows call each other by name", async () => {
  expect(await world.call("/Cart/c/add", "apple")).toBe(1);
  expect(await world.call("/Cart/c/add", "pear")).toBe(2);
  expect(await world.call("/Cart/c/items")).toEqual(["reserved apple", "reserved pear"]);
  await world.call("/Cart/c/empty");
  expect(await world.call("/Cart/c/items")).toEqual([]);
  const run = world.call("/Approval/a/run", 2000);
  await world.call("/Approval/a/approve", "Ada");
  expect(await run).toBe("Ada");
  expect(await world.call("/Approval/b/run", 5)).toBe("too late");
});

test("promises, generic calls, attach, signals, errors and serdes have their names", async () => {
  expect(await world.call("/Racer/race")).toBe("fast");
  expect(await world.call("/Racer/generic")).toEqual(["reserved none", "reserved x"]);
  const waiting = await world.send("/Racer/signalled");
  await world.call("/Racer/signal", waiting);
  expect((await world.attach(waiting)).body).toBe("went");
  expect(await world.ask("/Racer/signal", "nonsense")).toMatchObject({ status: 400 });
  expect(await world.ask("/Racer/failing")).toMatchObject({ status: 418, body: { metadata: { a: "b" } } });
  expect(await world.call("/Racer/optional", 1)).toBe("1");
  expect(await world.call("/Stock/generic", [1])).toEqual({ value: [1] });
});

test("a definition's type is its name's, and clients have its handlers", () => {
  const check = (ctx: restate.Context): void => {
    const client = ctx.objectClient<Cart_>({ name: "Cart" }, "k");
    expectTypeOf(client.add("x")).resolves.toEqualTypeOf<number>();
    expectTypeOf(ctx.serviceClient(stock).reserve("x")).resolves.toEqualTypeOf<string>();
    expectTypeOf(ctx.workflowClient(approval, "k").run(1)).resolves.toEqualTypeOf<string>();
    // @ts-expect-error -- another type of input
    void client.add(1);
    // @ts-expect-error -- there is no such handler
    void client.remove("x");
  };
  expect(check).toBeTypeOf("function");
  expectTypeOf<restate.Service<Stock>>().toHaveProperty("reserve");
  expectTypeOf<restate.ServiceDefinition<"Stock", { reserve: () => Promise<void> }>>().toHaveProperty("name");
});

test("handlers of an interface are handlers", () => {
  interface Interpreter {
    run: (ctx: restate.WorkflowContext, program: string) => Promise<number>;
    step(ctx: restate.WorkflowSharedContext): Promise<void>;
  }
  interface Counter {
    add(ctx: restate.ObjectContext, value: number): Promise<number>;
  }
  const interpreter: Interpreter = { run: async () => 1, step: async () => undefined };
  const counter: Counter = { add: async (_, value) => value };
  const defined = restate.object({ name: "Counter", handlers: counter });
  expectTypeOf<restate.VirtualObject<typeof defined>>().toEqualTypeOf<Counter>();
  expect(defined.name).toBe("Counter");
  expect(restate.workflow({ name: "Interpreter", handlers: interpreter }).name).toBe("Interpreter");
  // @ts-expect-error -- a workflow has a run
  expect(() => restate.workflow({ name: "W", handlers: { step: async () => 1 } })).toThrow(/run/);
});

test("whatever describes an endpoint stands for its services, with its options", async () => {
  const options = { defaultServiceOptions: { ingressPrivate: true } };
  const endpoints = [
    restate.createEndpointHandler({ services: [stock], ...options }),
    createEndpointHandler({ services: [stock], identityKeys: ["publickeyv1_x"], ...options }),
    restate
      .endpoint()
      .bind(stock)
      .withIdentityV1("publickeyv1_x")
      .defaultServiceOptions(options.defaultServiceOptions),
  ];
  for (const endpoint of endpoints) {
    expect(createEndpoint([endpoint]).discover().services).toMatchObject([
      { name: "Stock", ingressPrivate: true },
    ]);
  }
  expect(() => createEndpoint([restate.endpoint()])).toThrow(/no services/);
});

test("a Lambda handler answers a discovery, and nobody but the dispatcher", async () => {
  const handler = createEndpointHandler({ services: [stock] });
  const context = { getRemainingTimeInMillis: () => 1000 };
  expect(await handler({ kind: "discover", version: 1 }, context)).toMatchObject({
    services: [{ name: "Stock" }],
  });
  await expect(handler({ path: "/invoke/Stock/reserve" }, context)).rejects.toThrow(/not a Perdure request/);
});

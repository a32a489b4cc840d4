/** Interfaces: declared without code, implemented elsewhere, and used to call a service. */
import { iface, implement, rpc, serde, service, type Context, type Serde } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { until, World } from "../semantics/world.ts";

/** Its bytes show that it was used. */
const shouted: Serde<string> = {
  contentType: "text/shouted",
  serialize: (value) => new TextEncoder().encode(`${value}!`),
  deserialize: (data) => new TextDecoder().decode(data).replace(/!$/, ""),
};
const greeter = iface.service(
  "Greeter",
  {
    greet: iface.schemas({
      input: z.object({ name: z.string() }),
      output: z.string(),
      description: "says hello",
    }),
    ping: iface.json<void, string>(),
    shout: iface.serdes({ input: shouted, output: shouted, metadata: { team: "a" } }),
  },
  { description: "greets", metadata: { owner: "b" } },
);
const counter = iface.object("Counter", {
  add: iface.json<number, number>(),
  current: iface.shared.json<void, number>(),
});
const signup = iface.workflow("Signup", {
  run: iface.json<string, string>(),
  state: iface.shared.json<void, string>(),
});

const heard: string[] = [];
const greeterService = implement(greeter, {
  handlers: {
    greet: async (_ctx, { name }) => await Promise.resolve(`hello ${name}`),
    ping: async (_ctx) => await Promise.resolve("pong"),
    shout: async (ctx, text) => {
      heard.push(new TextDecoder().decode(ctx.request().body));
      return await Promise.resolve(text.toUpperCase());
    },
  },
  options: { handlers: { ping: { ingressPrivate: true } } },
});
const counterObject = implement(counter, {
  handlers: {
    add: async (ctx, by) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + by;
      ctx.set("sum", sum);
      return sum;
    },
    current: async (ctx) => (await ctx.get<number>("sum")) ?? 0,
  },
});
const signupWorkflow = implement(signup, {
  handlers: {
    run: async (ctx, name) => {
      ctx.set("name", name);
      return await ctx.promise<string>("done");
    },
    state: async (ctx) => {
      const name = (await ctx.get<string>("name")) ?? "none";
      if (name !== "none") await ctx.promise<string>("done").resolve(`${name} is done`);
      return name;
    },
  },
});
const caller = service({
  name: "Caller",
  handlers: {
    all: async (ctx: Context) => {
      const sent = ctx.sendClient(counter, "k").add(5, rpc.sendOpts({ delay: 1 }));
      await ctx.attach(await sent.invocationId);
      const run = ctx.client(signup, "w").run("me");
      let name = "none";
      while (name === "none") name = await ctx.client(signup, "w").state();
      return [
        await ctx.client(greeter).greet({ name: "a" }),
        await ctx.client(greeter).ping(),
        await ctx.client(greeter).shout("b", rpc.opts({ headers: { a: "b" } })),
        await ctx.serviceClient(greeterService).shout("c"),
        await ctx.client(counter, "k").add(1),
        await ctx.client(counter, "k").current(),
        name,
        await run,
      ];
    },
    sent: async (ctx: Context) => {
      ctx.sendClient(greeter).shout("sent");
      await Promise.resolve();
    },
    unkeyed: async (ctx: Context) => {
      const untyped = ctx as unknown as { client(contract: unknown): { add(by: number): Promise<number> } };
      return await untyped.client(counter).add(1);
    },
  },
  options: { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" } },
});

let world: World;
beforeAll(async () => {
  world = await World.of(greeterService, counterObject, signupWorkflow, caller);
});
afterAll(async () => await world.stop());

test("a contract's clients use its serdes", async () => {
  expect(await world.call("/Caller/all")).toEqual(["hello a", "pong", "B", "C", 6, 6, "me", "me is done"]);
  expect(heard).toEqual(["b!", "c!"]);
  await world.call("/Caller/sent");
  await until(() => heard.includes("sent!"), "the send");
});

test("descriptions, metadata, schemas and options are the definition's", async () => {
  const { body } = await world.admin("/services/Greeter");
  expect(body).toMatchObject({ documentation: "greets", metadata: { owner: "b" } });
  const handlers = (body as { handlers: { name: string }[] }).handlers;
  const named = (name: string) => handlers.find((handler) => handler.name === name);
  expect(named("greet")).toMatchObject({ documentation: "says hello" });
  expect(named("shout")).toMatchObject({ metadata: { team: "a" }, output_description: "text/shouted" });
  expect(named("ping")).toMatchObject({ public: false });
});

test("what is missing is said", async () => {
  expect(() =>
    implement(counter, { handlers: { add: async () => await Promise.resolve(1) } as never }),
  ).toThrow('Counter has no handler "current"');
  const { body } = await world.ask("/Caller/unkeyed");
  expect(body).toMatchObject({
    message: "ctx.client(Counter, key): the key is undefined. Pass a string.",
  });
});

test("an empty output has a content type if its handler says so", async () => {
  const { handlers } = await import("perdure");
  const empty: Serde<null> = {
    contentType: "application/x-protobuf",
    serialize: () => new Uint8Array(0),
    deserialize: () => null,
  };
  const answering = service({
    name: "Answering",
    handlers: {
      quiet: handlers.handler({ output: empty }, async (_ctx: Context) => await Promise.resolve(null)),
      said: handlers.handler(
        { output: empty, setOutputContentTypeIfEmpty: true },
        async (_ctx: Context) => await Promise.resolve(null),
      ),
      nothing: handlers.handler(
        { output: serde.empty, setOutputContentTypeIfEmpty: false },
        async (_ctx: Context) => await Promise.resolve(),
      ),
    },
  });
  const other = await World.of(answering);
  try {
    const typeOf = async (name: string) =>
      (await other.environment.request(`/Answering/${name}`)).headers["content-type"];
    expect([await typeOf("quiet"), await typeOf("said"), await typeOf("nothing")]).toEqual([
      undefined,
      "application/x-protobuf",
      undefined,
    ]);
  } finally {
    await other.stop();
  }
});

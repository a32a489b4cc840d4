/** Clients are typed by the definitions: handlers, inputs, results. */
import {
  type Client,
  type Context,
  type InvocationPromise,
  type ObjectContext,
  type ObjectSharedContext,
  type SendClient,
  type WorkflowContext,
  type WorkflowSharedContext,
  DurablePromise,
  handlers,
  object,
  rpc,
  service,
  workflow,
} from "perdure";
import { describe, expectTypeOf, test } from "vitest";

const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx: Context, name: string) => ({ greeting: name, at: 1 }),
    ping: async (_ctx: Context) => "pong" as const,
    maybe: async (_ctx: Context, name?: string) => name,
    plain: (_ctx: Context, n: number) => n,
    withOptions: handlers.handler({ ingressPrivate: true }, async (_ctx: Context, n: number) => n > 1),
  },
});
const counter = object({
  name: "Counter",
  handlers: {
    add: async (_ctx: ObjectContext, by: number) => by,
    current: handlers.object.shared(async (_ctx: ObjectSharedContext) => 1),
  },
});
const signup = workflow({
  name: "Signup",
  handlers: {
    run: async (_ctx: WorkflowContext, user: { name: string }) => user.name,
    approve: async (_ctx: WorkflowSharedContext, by: string) => void by,
  },
});

declare const ctx: Context;

describe("calls", () => {
  test("of a service", () => {
    const client = ctx.serviceClient(greeter);
    expectTypeOf(client.greet("a")).toEqualTypeOf<InvocationPromise<{ greeting: string; at: number }>>();
    expectTypeOf(client.ping()).resolves.toEqualTypeOf<"pong">();
    expectTypeOf(client.maybe()).resolves.toEqualTypeOf<string | undefined>();
    expectTypeOf(client.plain(1)).resolves.toEqualTypeOf<number>();
    expectTypeOf(client.withOptions(1)).resolves.toEqualTypeOf<boolean>();
    expectTypeOf(client.ping().invocationId).resolves.toEqualTypeOf<string>();
    // @ts-expect-error -- another type of input
    void client.greet(1);
    // @ts-expect-error -- the input is missing
    void client.greet();
    // @ts-expect-error -- there is no such handler
    void client.great("a");
    // @ts-expect-error -- one input at most
    void client.ping("a");
  });

  test("of an object and a workflow, which need a key", () => {
    expectTypeOf(ctx.objectClient(counter, "k").add(1)).resolves.toEqualTypeOf<number>();
    expectTypeOf(ctx.objectClient(counter, "k").current()).resolves.toEqualTypeOf<number>();
    expectTypeOf(ctx.workflowClient(signup, "k").run({ name: "n" })).resolves.toEqualTypeOf<string>();
    expectTypeOf(ctx.workflowClient(signup, "k").approve("me")).resolves.toEqualTypeOf<undefined>();
    // @ts-expect-error -- the key is missing
    void ctx.objectClient(counter);
    // @ts-expect-error -- a key is a string
    void ctx.objectClient(counter, 1);
  });

  test("with options, the last argument", () => {
    const client = ctx.serviceClient(greeter);
    void client.greet("a", rpc.opts({ idempotencyKey: "i", headers: { a: "b" }, name: "n" }));
    void client.ping(rpc.opts({ headers: {} }));
    // @ts-expect-error -- a call is not delayed
    void client.greet("a", rpc.sendOpts({ delay: 1 }));
    // @ts-expect-error -- there is no such option
    rpc.opts({ delay: 1 });
    // @ts-expect-error -- options are marked as such
    void client.greet("a", { idempotencyKey: "i" });
  });

  test("by name and type alone", () => {
    const client = ctx.serviceClient<typeof greeter>({ name: "Greeter" });
    expectTypeOf(client.ping()).resolves.toEqualTypeOf<"pong">();
    expectTypeOf<Client<(typeof greeter)["handlers"]>>().toEqualTypeOf(client);
    interface Remote {
      hello(ctx: Context, n: number): Promise<string>;
    }
    expectTypeOf(ctx.serviceClient<Remote>({ name: "Remote" }).hello(1)).resolves.toEqualTypeOf<string>();
  });
});

describe("sends", () => {
  test("have no result but an id", () => {
    const sender = ctx.serviceSendClient(greeter);
    const sent = sender.greet("a");
    expectTypeOf(sent.invocationId).resolves.toEqualTypeOf<string>();
    expectTypeOf(sent).not.toExtend<PromiseLike<unknown>>();
    sender.greet("a", rpc.sendOpts({ delay: { seconds: 1 } }));
    ctx.objectSendClient(counter, "k").add(1, rpc.sendOpts({ delay: 100, idempotencyKey: "i" }));
    ctx.workflowSendClient(signup, "k").run({ name: "n" });
    expectTypeOf(sender).toEqualTypeOf<SendClient<(typeof greeter)["handlers"]>>();
    // @ts-expect-error -- another type of input
    sender.greet(1);
    // @ts-expect-error -- a call's options would be ignored
    sender.greet("a", rpc.opts({ idempotencyKey: "i" }));
    // @ts-expect-error -- there is no such unit
    rpc.sendOpts({ delay: { second: 1 } });
  });
});

describe("combinators", () => {
  const [text, number] = [ctx.run("a", () => "a"), ctx.run("b", async () => 1)];

  test("keep the types of their parts", () => {
    expectTypeOf(DurablePromise.all([text, number])).resolves.toEqualTypeOf<[string, number]>();
    expectTypeOf(DurablePromise.race([text, number])).resolves.toEqualTypeOf<string | number>();
    expectTypeOf(DurablePromise.any([text, ctx.sleep(1)])).resolves.toEqualTypeOf<string | void>();
    expectTypeOf(DurablePromise.allSettled([text, number])).resolves.toEqualTypeOf<
      [PromiseSettledResult<string>, PromiseSettledResult<number>]
    >();
    expectTypeOf(DurablePromise.all([1, 2].map((n) => ctx.run("c", () => n)))).resolves.toEqualTypeOf<
      number[]
    >();
    expectTypeOf(text.orTimeout(1)).toEqualTypeOf<DurablePromise<string>>();
    expectTypeOf(text.map((value) => value?.length ?? 0)).toEqualTypeOf<DurablePromise<number>>();
    expectTypeOf(ctx.awakeable<{ a: 1 }>().promise).resolves.toEqualTypeOf<{ a: 1 }>();
    expectTypeOf(DurablePromise.resolve(1)).resolves.toEqualTypeOf<number>();
  });

  test("take nothing else", () => {
    // @ts-expect-error -- a native promise
    void DurablePromise.all([Promise.resolve(1)]);
    // @ts-expect-error -- a value
    void DurablePromise.race([text, 1]);
    // @ts-expect-error -- no list
    void DurablePromise.all(text);
  });
});

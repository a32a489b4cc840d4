/** Restate's published client knows the handlers of a `perdure/restate` definition, from its type or the definition. */
import { connect, rpc } from "@restatedev/restate-sdk-clients";
import { type Context, iface, implement, type InvocationPromise, service } from "perdure";
import * as restate from "perdure/restate";
import { describe, expectTypeOf, test } from "vitest";

const greeter = restate.service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx: restate.Context, name: string): Promise<{ greeting: string }> => ({ greeting: name }),
    ping: async (_ctx: restate.Context): Promise<"pong"> => "pong",
  },
});
const counter = restate.object({
  name: "Counter",
  handlers: {
    add: async (_ctx: restate.ObjectContext, by: number): Promise<number> => by,
    current: restate.handlers.object.shared(async (_ctx: restate.ObjectSharedContext) => 1),
  },
});
const signup = restate.workflow({
  name: "Signup",
  handlers: {
    run: async (_ctx: restate.WorkflowContext, user: { name: string }): Promise<string> => user.name,
    approve: async (_ctx: restate.WorkflowSharedContext, by: string): Promise<void> => void by,
  },
});
const Greeter: typeof greeter = { name: "Greeter" };
declare const ctx: restate.Context;

describe("Restate's published client", () => {
  const ingress = connect({ url: "http://localhost" });

  test("of a service, by itself, by its name and by its type", () => {
    for (const client of [
      ingress.serviceClient(greeter),
      ingress.serviceClient(Greeter),
      ingress.serviceClient<typeof greeter>({ name: "Greeter" }),
    ]) {
      expectTypeOf(client.greet("a")).resolves.toEqualTypeOf<{ greeting: string }>();
      expectTypeOf(client.ping()).resolves.toEqualTypeOf<"pong">();
      // @ts-expect-error -- another type of input
      void client.greet(1);
      // @ts-expect-error -- there is no such handler
      void client.great("a");
    }
    void ingress.serviceSendClient(greeter).greet("a", rpc.sendOpts({ delay: 1 }));
  });

  test("of an object and a workflow", () => {
    expectTypeOf(ingress.objectClient(counter, "k").add(1)).resolves.toEqualTypeOf<number>();
    expectTypeOf(
      ingress.objectClient<typeof counter>({ name: "Counter" }, "k").current(),
    ).resolves.toEqualTypeOf<number>();
    const workflow = ingress.workflowClient(signup, "k");
    expectTypeOf(workflow.approve("me")).resolves.toEqualTypeOf<void>();
    expectTypeOf(workflow.workflowAttach()).resolves.toEqualTypeOf<string>();
    // @ts-expect-error -- it is submitted, not run
    void workflow.run({ name: "n" });
  });

  test("of a contract, and of what was defined with perdure", () => {
    const contract = iface.service("Contract", { greet: iface.json<string, number>() });
    implement(contract, { handlers: { greet: async (_ctx, name) => await Promise.resolve(name.length) } });
    expectTypeOf(ingress.client(contract).greet("a")).resolves.toEqualTypeOf<number>();
    const own = service({
      name: "Own",
      handlers: { one: async (_ctx: Context) => await Promise.resolve(1) },
    });
    const client = ingress.serviceClient<restate.Service<typeof own>>(own);
    expectTypeOf(client.one()).resolves.toEqualTypeOf<number>();
  });
});

describe("a handler's own clients see them all the same", () => {
  test("calls, sends, and contracts", () => {
    expectTypeOf(ctx.serviceClient(greeter).greet("a")).toEqualTypeOf<
      InvocationPromise<{ greeting: string }>
    >();
    expectTypeOf(
      ctx.serviceClient<typeof greeter>({ name: "Greeter" }).ping(),
    ).resolves.toEqualTypeOf<"pong">();
    expectTypeOf(ctx.objectClient(counter, "k").current()).resolves.toEqualTypeOf<number>();
    expectTypeOf(ctx.workflowClient(signup, "k").run({ name: "n" })).resolves.toEqualTypeOf<string>();
    expectTypeOf(ctx.serviceSendClient(Greeter).ping().invocationId).resolves.toEqualTypeOf<string>();
    // @ts-expect-error -- there is no such handler
    void ctx.objectClient(counter, "k").greet("a");
    const contract = iface.object("Contract", { add: iface.json<number, string>() });
    expectTypeOf(ctx.client(contract, "k").add(1)).toEqualTypeOf<InvocationPromise<string>>();
    // @ts-expect-error -- an object needs a key
    void ctx.client(contract);
    // @ts-expect-error -- another type of input
    void ctx.sendClient(contract, "k").add("1");
  });
});

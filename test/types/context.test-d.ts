/** A context's type says what its handler may do: a shared handler cannot write, a service has no state. */
import {
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  type TerminalError,
  type WorkflowContext,
  type WorkflowSharedContext,
  handlers,
  object,
  serde,
  service,
  workflow,
} from "perdure";
import { describe, expectTypeOf, test } from "vitest";

interface Account {
  balance: number;
  owner: { name: string };
}
declare const plain: Context;
declare const writer: ObjectContext;
declare const reader: ObjectSharedContext;
declare const typed: ObjectContext<Account>;
declare const typedReader: ObjectSharedContext<Account>;
declare const run: WorkflowContext<Account>;
declare const shared: WorkflowSharedContext;

describe("state", () => {
  test("untyped: each read says what it expects", () => {
    expectTypeOf(writer.get("a")).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(writer.get<number>("a")).resolves.toEqualTypeOf<number | null>();
    expectTypeOf(reader.stateKeys()).resolves.toEqualTypeOf<string[]>();
    writer.set("a", { any: ["thing"] });
    writer.set("bytes", new Uint8Array(0), serde.binary);
  });

  test("typed: names and values", () => {
    expectTypeOf(typed.get("balance")).resolves.toEqualTypeOf<number | null>();
    expectTypeOf(typedReader.get("owner")).resolves.toEqualTypeOf<{ name: string } | null>();
    typed.set("owner", { name: "n" });
    run.set("balance", 1);
    // @ts-expect-error -- another type
    typed.set("balance", "1");
    // @ts-expect-error -- another value
    typed.set("owner", { nam: "n" });
    // @ts-expect-error -- there is no such name
    typed.set("other", 1);
    // @ts-expect-error -- there is no such name
    void typed.get("other");
    // @ts-expect-error -- there is no such name
    typed.clear("other");
  });

  test("a shared handler reads only", () => {
    expectTypeOf(reader).not.toHaveProperty("set");
    expectTypeOf(reader).not.toHaveProperty("clear");
    expectTypeOf(shared).not.toHaveProperty("clearAll");
    expectTypeOf(reader.key).toEqualTypeOf<string>();
    // @ts-expect-error -- it does not write
    reader.set("a", 1);
  });

  test("a service has neither state nor key nor promises", () => {
    expectTypeOf(plain).not.toHaveProperty("get");
    expectTypeOf(plain).not.toHaveProperty("set");
    expectTypeOf(plain).not.toHaveProperty("key");
    expectTypeOf(plain).not.toHaveProperty("promise");
    expectTypeOf(writer).not.toHaveProperty("promise");
  });

  test("a context can be passed where less is asked for", () => {
    expectTypeOf<WorkflowContext>().toExtend<WorkflowSharedContext>();
    expectTypeOf<WorkflowContext>().toExtend<ObjectContext>();
    expectTypeOf<ObjectContext>().toExtend<ObjectSharedContext>();
    expectTypeOf<ObjectSharedContext>().toExtend<Context>();
    expectTypeOf<ObjectSharedContext>().not.toExtend<ObjectContext>();
    expectTypeOf<Context>().not.toExtend<ObjectSharedContext>();
  });
});

describe("promises and steps", () => {
  test("of a workflow", () => {
    const approved = run.promise<boolean>("approved");
    expectTypeOf(approved.get()).resolves.toEqualTypeOf<boolean>();
    expectTypeOf(approved.peek()).resolves.toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Awaited<typeof approved>>().toEqualTypeOf<boolean>();
    void shared.promise<boolean>("approved").resolve(true);
    // @ts-expect-error -- another type
    void shared.promise<boolean>("approved").resolve("yes");
  });

  test("a step's result, and its options", () => {
    expectTypeOf(plain.run("a", async () => ({ b: 1 }))).resolves.toEqualTypeOf<{ b: number }>();
    expectTypeOf(plain.run(() => "a")).resolves.toEqualTypeOf<string>();
    void plain.run("a", () => 1, {
      maxRetryAttempts: 3,
      maxRetryDuration: { seconds: 5 },
      initialRetryInterval: 10,
    });
    // @ts-expect-error -- there is no such option
    void plain.run("a", () => 1, { retries: 3 });
    // @ts-expect-error -- the action is missing
    void plain.run("a");
    expectTypeOf(plain.sleep({ minutes: 1 })).resolves.toEqualTypeOf<void>();
    // @ts-expect-error -- no duration
    void plain.sleep("1s");
    expectTypeOf(plain.date.now()).resolves.toEqualTypeOf<number>();
    expectTypeOf<TerminalError["code"]>().toEqualTypeOf<number>();
  });
});

describe("definitions", () => {
  test("keep their names and handlers", () => {
    const greeter = service({
      name: "Greeter",
      handlers: { greet: async (_ctx: Context, name: string) => name },
    });
    expectTypeOf(greeter.name).toEqualTypeOf<"Greeter">();
    expectTypeOf(greeter.handlers.greet).parameter(1).toEqualTypeOf<string>();
  });

  test("take contexts of their kind only", () => {
    // @ts-expect-error -- a service has no state
    service({ name: "A", handlers: { a: async (_ctx: ObjectContext) => 1 } });
    // @ts-expect-error -- an object has no promises
    object({ name: "B", handlers: { b: async (_ctx: WorkflowContext) => 1 } });
    // @ts-expect-error -- a workflow has a run
    workflow({ name: "C", handlers: { c: async (_ctx: WorkflowSharedContext) => 1 } });
    object({ name: "D", handlers: { d: async (_ctx: ObjectContext<Account>, by: number) => by } });
    object({ name: "E", handlers: { e: async (_ctx: Context) => 1 } });
    workflow({ name: "F", handlers: { run: async (_ctx: WorkflowContext<Account>) => 1 } });
    // @ts-expect-error -- a shared handler gets a context that does not write
    handlers.object.shared(async (_ctx: ObjectContext) => 1);
  });

  test("handlers call each other by this", () => {
    service({
      name: "Self",
      handlers: {
        async one(ctx: Context): Promise<number> {
          return await this.two(ctx);
        },
        two: async (_ctx: Context) => 2,
      },
    });
  });
});

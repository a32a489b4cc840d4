/** The kit of `perdure/testing`: typed clients, steps by name, time that passes by itself, handles, state, timelines. */
import {
  handlers,
  object,
  service,
  TerminalError,
  workflow,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { HttpCallError, options } from "perdure/client";
import { TestEnvironment } from "perdure/testing";
import { expect, expectTypeOf, test } from "vitest";

const charged: string[] = [];
const hour = { hours: 1 };
const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext<{ sum: number }>, n: number) => {
      const sum = ((await ctx.get("sum")) ?? 0) + n;
      ctx.set("sum", sum);
      return sum;
    },
    sum: handlers.object.shared(async (ctx: ObjectSharedContext<{ sum: number }>) => await ctx.get("sum")),
  },
});
const shop = service({
  name: "Shop",
  handlers: {
    pay: async (ctx: Context, card: string) => {
      const receipt = await ctx.run("charge", () => {
        charged.push(card);
        return `receipt of ${card}`;
      });
      return { receipt };
    },
    patient: async (ctx: Context, card: string) =>
      await ctx.run("charge", () => card, {
        maxRetryAttempts: 3,
        initialRetryInterval: hour,
        maxRetryInterval: hour,
      }),
    hasty: async (ctx: Context) => {
      try {
        return await ctx.run("charge", () => "in time").orTimeout({ minutes: 1 });
      } catch {
        return "too late";
      }
    },
    both: async (ctx: Context) => [
      await ctx.run("first", () => 1),
      await ctx.run("second", () => 2),
      await ctx.run("first", () => 3),
    ],
  },
});
const other = service({
  name: "Other",
  handlers: { pay: async (ctx: Context) => await ctx.run("charge", () => "other") },
});
const signup = workflow({
  name: "Signup",
  handlers: {
    run: async (ctx: WorkflowContext, email: string) => {
      const approved = await ctx.promise<boolean>("approved").get().orTimeout({ days: 3 });
      return approved ? email : "refused";
    },
    approve: async (ctx: WorkflowSharedContext) => await ctx.promise<boolean>("approved").resolve(true),
  },
});
const sleeper = service({
  name: "Sleeper",
  handlers: {
    month: async (ctx: Context) => {
      for (let day = 0; day < 30; day++) await ctx.sleep({ days: 1 }, `day ${day}`);
      return "a month";
    },
    fails: async (ctx: Context) => {
      await ctx.run("look", () => "seen");
      await ctx.sleep({ hours: 1 });
      throw new TerminalError("no more", { errorCode: 418 });
    },
  },
});
const approval = service({
  name: "Approval",
  handlers: {
    ask: async (ctx: Context, what: string) => await ctx.awakeable<string>(`approval of ${what}`).promise,
  },
});
const services = [approval, counter, shop, other, signup, sleeper];
const starting = (more: Omit<Parameters<typeof TestEnvironment.start>[0], "services"> = {}) =>
  TestEnvironment.start({ services, ...more });

test("typed clients", async () => {
  await using environment = await starting();
  const sum = await environment.object(counter, "a").add(2);
  expectTypeOf(sum).toEqualTypeOf<number>();
  expect(await environment.object(counter, "a").add(3)).toBe(5);
  expect(await environment.object(counter, "b").sum()).toBe(null);
  expect(await environment.service(shop).pay("c-1", options({ idempotencyKey: "k" }))).toEqual({
    receipt: "receipt of c-1",
  });
  await environment.service(shop).pay("c-1", options({ idempotencyKey: "k" }));
  expect(charged.splice(0)).toEqual(["c-1"]);
  const running = environment.workflow(signup, "ada").run("ada@example.com");
  await environment.settled();
  await environment.workflow(signup, "ada").approve();
  expect(await running).toBe("ada@example.com");
  const { invocationId } = await environment.client.serviceSendClient(shop).pay("c-2");
  expect(await environment.invocation(invocationId).result()).toEqual({ receipt: "receipt of c-2" });
  // @ts-expect-error -- the input is a number
  void environment.object(counter, "a").add("2").catch(String);
  const failed = environment.client.serviceClient(sleeper).fails();
  await environment.skip("1h");
  await expect(failed).rejects.toThrow(HttpCallError);
});

test("a step's result, its failures, what runs in its place; counts", async () => {
  charged.splice(0);
  await using environment = await starting({ time: "auto" });
  const pay = async (card: string) => (await environment.service(shop).pay(card)).receipt;
  const charge = environment.step("charge").returns("none");
  expect(await pay("c-1")).toBe("none");
  charge.throws("declined", { times: 2 });
  expect(await pay("c-2")).toBe("none");
  expect(charge.count).toBe(4);
  expect(charge.attempts.map(({ error, result }) => error?.message ?? result)).toEqual([
    ...["none", "declined", "declined", "none"],
  ]);
  expect(charge.attempts[3]).toMatchObject({ service: "Shop", handler: "pay" });
  charge.throws(new TerminalError("no money", { errorCode: 402 }));
  await expect(pay("c-3")).rejects.toMatchObject({ status: 402 });
  charge.calls(async ({ original, service: of }) => `${of}: ${String(await original())}`);
  expect(await pay("c-4")).toBe("Shop: receipt of c-4");
  expect(await environment.service(other).pay()).toBe("Other: other");
  environment.step("charge", { service: "Other" }).returns("stubbed");
  expect(await environment.service(other).pay()).toBe("stubbed");
  charge.runs();
  expect(await pay("c-5")).toBe("receipt of c-5");
  expect(charged).toEqual(["c-4", "c-5"]);
  environment.step("first").throws("no", { times: 1 });
  expect(await environment.service(shop).both()).toEqual([1, 2, 3]);
  expect([environment.step("first").count, environment.step("second").count]).toEqual([3, 1]);
});

test("retries of a step whose waits are hours, and their end", async () => {
  await using environment = await starting({ time: "auto" });
  const charge = environment.step("charge").throws("down");
  const before = environment.now().getTime();
  await expect(environment.service(shop).patient("c")).rejects.toThrow(/down/u);
  expect(charge.count).toBe(3);
  expect(environment.now().getTime() - before).toBeGreaterThanOrEqual(2 * 3_600_000);
});

test("a step that hangs: time passes all the same", async () => {
  await using environment = await starting();
  const charge = environment.step("charge").hangs();
  const answer = environment.service(shop).hasty();
  await environment.skip("59s");
  expect(charge.count).toBe(1);
  await environment.skip("2s");
  expect(await answer).toBe("too late");
});

test("a month passes while its result is awaited, and not before", async () => {
  await using environment = await starting({ time: "auto" });
  const before = environment.now().getTime();
  const answer = environment.service(sleeper).month();
  await environment.settled();
  await new Promise((resolve) => void setTimeout(resolve, 50));
  expect(environment.now().getTime() - before).toBeLessThan(3_600_000);
  expect(await answer).toBe("a month");
  expect(environment.now().getTime() - before).toBeGreaterThanOrEqual(30 * 86_400_000);
});

test("time that passes by itself waits for the test, if nothing is due", async () => {
  await using environment = await starting({ time: "auto" });
  const running = environment.workflow(signup, "ada").run("ada@example.com");
  await environment.settled();
  await environment.workflow(signup, "ada").approve();
  expect(await running).toBe("ada@example.com");
  // Nobody approves this one: its limit is due.
  await expect(environment.workflow(signup, "bob").run("bob@example.com")).rejects.toMatchObject({
    status: 408,
  });
});

test("handles: status, steps, journal, error, waiting", async () => {
  await using environment = await starting();
  const { invocationId } = await environment.client.serviceSendClient(sleeper).fails();
  const invocation = environment.invocation(invocationId);
  await invocation.waitFor({ step: "look" });
  await invocation.waitFor("suspended");
  expect(await invocation.steps()).toEqual([{ name: "look", result: "seen", attempts: 1 }]);
  expect((await invocation.journal()).map(({ type }) => type)).toEqual(["run", "sleep"]);
  expect(await invocation.error()).toBeUndefined();
  await environment.skip("1h");
  await expect(invocation.result()).rejects.toMatchObject({
    name: "TerminalError",
    code: 418,
    message: "no more",
  });
  expect(await invocation.status()).toBe("completed");
  expect(await invocation.error()).toMatchObject({ code: 418, message: "no more" });
  await expect(invocation.waitFor("paused")).rejects.toThrow(/has ended without: paused/u);
  await expect(invocation.waitFor({ step: "other" })).rejects.toThrow(/has ended without: step other/u);
  await using elsewhere = await starting();
  const unknown = elsewhere.invocation(invocationId);
  expect(await unknown.status()).toBeUndefined();
  await expect(unknown.result()).rejects.toThrow(/there is no invocation/u);
  expect(() => environment.invocation("inv_nonsense")).toThrow(/not the id of an invocation/u);
});

test("state, before and after", async () => {
  await using environment = await starting();
  const state = environment.state(counter, "a");
  expect(await state.all()).toEqual({});
  await state.set("sum", 40);
  expect(await environment.object(counter, "a").add(2)).toBe(42);
  expect(await state.get("sum")).toBe(42);
  await state.set("more", { deep: ["ä"] });
  expect(await state.all()).toEqual({ sum: 42, more: { deep: ["ä"] } });
  await state.setAll({ sum: 1 });
  expect(await state.all()).toEqual({ sum: 1 });
  await expect(environment.state(shop, "a").set("x", 1)).rejects.toThrow(/the state of Shop\/a/u);
});

test("awakeables by name", async () => {
  await using environment = await starting();
  const one = environment.service(approval).ask("one");
  const first = await environment.awakeable("approval of one");
  await first.resolve("yes");
  expect(await one).toBe("yes");
  const two = environment.service(approval).ask("two").catch(String);
  void environment.service(approval).ask("two").catch(String);
  await environment.settled();
  await expect(environment.awakeable("approval of two")).rejects.toThrow(/^2 invocations wait for/u);
  await expect(environment.awakeable("approval of three")).rejects.toThrow(
    "nothing waits for an awakeable 'approval of three'; there are approval of two, approval of two",
  );
  const waiting = await environment.invocations({ service: "Approval", status: ["suspended", "running"] });
  expect(waiting.length).toBe(2);
  const [invocation] = waiting;
  await (await environment.awakeable(undefined, { of: invocation?.id ?? "" })).reject("no");
  await environment.settled();
  expect(await invocation?.error()).toMatchObject({ message: "no" });
  expect((await environment.invocations({ service: "Approval" })).length).toBe(3);
  void two;
});

test("an error says what happened", async () => {
  const failing = TestEnvironment.run({ services, time: "auto" }, async (environment) => {
    environment.step("charge").throws("declined", { times: 1 });
    environment.step("chrage").returns(1);
    await environment.service(shop).pay("c-1");
    await environment.service(sleeper).fails();
  });
  const error = await failing.then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  const [message = "", timeline = ""] = (error?.message ?? "").split("\n\nWhat happened:\n");
  expect(message).toMatch(/418/u);
  const lines = timeline.replaceAll(/inv_1\w+/gu, "inv_…").replaceAll(/\+\d+ (?:ms|s) /gu, "+0 ms ");
  expect(lines.split("\n").map((line) => line.trim())).toEqual([
    "The step 'chrage' was told what to do, and was never begun.",
    "Shop/pay  completed  inv_…",
    '+0 ms  run charge, 2 attempts: "receipt of c-1"',
    "Sleeper/fails  failed: [418] no more  inv_…",
    '+0 ms  run look: "seen"',
    "+0 ms  sleep, until +1 h",
    "+1 h  sleep is over",
  ]);
  expect(error?.stack).toContain("What happened:");
  expect(await TestEnvironment.run({ services }, async (environment) => environment.counts.invocations)).toBe(
    0,
  );
});

test("many environments side by side", async () => {
  const sums = await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      await using environment = await starting();
      await environment.skip({ days: n });
      return await environment.object(counter, "a").add(n);
    }),
  );
  expect(sums).toEqual(Array.from({ length: 30 }, (_, n) => n));
});

test("an environment that stops while a result is awaited lets no time pass any more", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  const wait = service({
    name: "Wait",
    handlers: { forWord: async (ctx: Context) => await ctx.awakeable<string>().promise },
  });
  {
    await using environment = await TestEnvironment.start({ services: [wait], time: "auto" });
    void environment
      .service(wait)
      .forWord()
      .then(undefined, () => undefined);
    await environment.settled();
  }
  await new Promise((resolve) => void setTimeout(resolve, 60));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

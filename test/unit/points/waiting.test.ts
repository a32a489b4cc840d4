/** Awakeables, signals, and what suspends and resumes an invocation. */
import {
  DurablePromise,
  handlers,
  object,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause, until, within, World } from "../semantics/world.ts";

const awakeables = new Map<string, string[]>();
const held = new Map<string, () => void>();

const waiter = service({
  name: "Waiter",
  handlers: {
    one: async (ctx: Context, name: string) => {
      const { id, promise } = ctx.awakeable<string>();
      awakeables.set(name, [id]);
      try {
        return await promise;
      } catch (error) {
        return error instanceof TerminalError ? `rejected: ${error.message}` : "not terminal";
      }
    },
    signals: async (ctx: Context, name: string) => {
      awakeables.set(name, [ctx.request().id]);
      const seen = [await ctx.signal<string>("ping"), await ctx.signal<string>("ping")];
      seen.push(await ctx.signal<string>("pong"));
      return seen;
    },
    pinger: async (ctx: Context, [id, name, value]: [string, string, string]) => {
      ctx.invocation(id).signal<string>(name).resolve(value);
    },
    race: async (ctx: Context, name: string) => {
      const [a, b] = [ctx.awakeable<string>(), ctx.awakeable<string>()];
      awakeables.set(name, [a.id, b.id]);
      return await DurablePromise.race([a.promise, b.promise]);
    },
    all: async (ctx: Context, name: string) => {
      const [a, b] = [ctx.awakeable<string>(), ctx.awakeable<string>()];
      awakeables.set(name, [a.id, b.id]);
      return await DurablePromise.all([a.promise, b.promise]);
    },
    closure: async (ctx: Context) => {
      await ctx.run("held", () => new Promise<void>((resolve) => void held.set("closure", resolve)));
      await ctx.sleep({ minutes: 5 });
    },
    brief: handlers.handler({ inactivityTimeout: 1, abortTimeout: 60_000 }, async (ctx: Context) => {
      await ctx.run(
        "longer than the inactivity timeout",
        () => new Promise((resolve) => void setTimeout(resolve, 80)),
      );
      await ctx.sleep(1);
      return "not interrupted";
    }),
    abort: handlers.handler(
      { abortTimeout: 100, retryPolicy: { initialInterval: 1, maxAttempts: 2, onMaxAttempts: "kill" } },
      async (ctx: Context) => {
        await ctx.run("never ends", () => new Promise<void>(() => undefined));
      },
    ),
  },
});
const lazy = object({
  name: "Lazy",
  handlers: {
    fill: async (ctx: ObjectContext) => {
      for (let n = 0; n < 10; n++) ctx.set(`key ${n}`, n);
    },
    readTen: async (ctx: ObjectContext) => {
      let sum = 0;
      for (let n = 0; n < 10; n++) sum += (await ctx.get<number>(`key ${n}`)) ?? 0;
      return sum;
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(waiter, lazy);
});
afterAll(async () => await world.stop());
const idsOf = (name: string) => until(() => awakeables.get(name), `the awakeables of ${name}`);
const complete = async (id: string, value: string, how = "resolve") =>
  await world.ask(`/restate/awakeables/${id}/${how}`, value);
const end = async (id: string) => (await within(5000, `${id} to end`, world.attach(id))).body;
const turnsOf = async (work: () => Promise<void>): Promise<number> => {
  const before = world.environment.counts.invocations;
  await work();
  return world.environment.counts.invocations - before;
};

describe("an awakeable is completed once", () => {
  test("an awakeable is completed once: the first completion counts", async () => {
    const id = await world.send("/Waiter/one", "once");
    const [awakeable = ""] = await idsOf("once");
    await complete(awakeable, "first");
    await complete(awakeable, "second");
    expect(await end(id)).toBe("first");
  });

  test("a rejection is terminal", async () => {
    const id = await world.send("/Waiter/one", "rejected");
    const [awakeable = ""] = await idsOf("rejected");
    await within(
      2000,
      "the answer",
      world.ask(`/restate/awakeables/${awakeable}/reject`, new TextEncoder().encode("no")),
    );
    expect(await end(id)).toBe("rejected: no");
  });
});

describe("signals: a queue for each name, early ones kept", () => {
  test("signals are queues by name: each delivery is taken once, in order, also an early one", async () => {
    const id = await world.send("/Waiter/signals", "signals");
    await idsOf("signals");
    await world.call("/Waiter/pinger", [id, "pong", "early"]);
    await world.call("/Waiter/pinger", [id, "ping", "one"]);
    await world.call("/Waiter/pinger", [id, "ping", "two"]);
    expect(await end(id)).toEqual(["one", "two", "early"]);
  });
});

describe("inactivity, then abort timeout", () => {
  test("a running step delays the suspension", async () => {
    const id = await world.send("/Waiter/closure");
    const release = await until(() => held.get("closure"), "the step");
    await pause(100);
    expect((await world.view(id))?.status).not.toBe("suspended");
    release();
    await world.untilStatus(id, "suspended");
    await world.kill(id);
  });

  test("the abort timeout ends a turn that does not, and the invocation is tried again", async () => {
    expect(await within(8000, "the end", world.ask("/Waiter/abort"))).toMatchObject({ status: 500 });
  });
});

describe("resumed when the awaited tree could progress", () => {
  test("an invocation is resumed when what it awaits could go on, not before", async () => {
    let id = "";
    const race = await turnsOf(async () => {
      id = await world.send("/Waiter/race", "race");
      const [, second = ""] = await idsOf("race");
      await world.untilStatus(id, "suspended");
      await complete(second, "the second");
      expect(await end(id)).toBe("the second");
    });
    expect(race).toBe(2);
    const all = await turnsOf(async () => {
      id = await world.send("/Waiter/all", "all");
      const [first = "", second = ""] = await idsOf("all");
      await world.untilStatus(id, "suspended");
      await complete(first, "a");
      await until(async () => (await world.view(id))?.pending_notes === 1, "the first one to be noted");
      expect((await world.view(id))?.status).toBe("suspended");
      await complete(second, "b");
      expect(await end(id)).toEqual(["a", "b"]);
    });
    expect(all).toBe(2);
  });

  test("stronger than Restate on Lambda: ten lazy reads are one handler invocation", async () => {
    await world.call("/Lazy/k/fill");
    expect(
      await turnsOf(async () => {
        expect(await world.call("/Lazy/k/readTen")).toBe(45);
      }),
    ).toBe(1);
  });
});

describe("the inactivity timeout in request/response mode", () => {
  test("the inactivity timeout is accepted and interrupts nothing: what can only wait suspends at once", async () => {
    expect(await within(5000, "the end", world.call("/Waiter/brief"))).toBe("not interrupted");
  });
});

/** Named signals: each name has a queue. Early deliveries are kept, and each is taken once. */
import { DurablePromise, object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, completion, signal, signalled, sleep } from "../../support/entries.ts";
import { NOW_MS, turnOfService } from "../../support/transcript.ts";
import { until, within, World } from "../semantics/world.ts";

const started = new Set<string>();
const settle = async (promise: PromiseLike<unknown>): Promise<unknown> =>
  await promise.then(
    (value) => value ?? String(value),
    (error: TerminalError) => `${error.name} ${error.code} ${error.message}`,
  );

const listener = service({
  name: "Listener",
  handlers: {
    one: async (ctx: Context, name: string) => await settle(ctx.signal(name)),
    three: async (ctx: Context) => {
      const seen = [];
      for (let index = 0; index < 3; index++) seen.push(await ctx.signal<number>("tick"));
      return seen;
    },
    both: async (ctx: Context) => {
      const [first, second] = [ctx.signal<number>("tick"), ctx.signal<number>("tick")];
      return [await second, await first];
    },
    byName: async (ctx: Context) => {
      const b = await ctx.signal<string>("b");
      return [await ctx.signal<string>("a"), b];
    },
    early: async (ctx: Context) => {
      await ctx.run("started", () => void started.add(ctx.request().id));
      await ctx.sleep(60);
      // Recorded before the second sleep: it must still be there in the turn after that.
      const first = await ctx.signal<string>("x");
      await ctx.sleep(1);
      return [first, await ctx.signal<string>("x")];
    },
    /** A loop that waits with a heartbeat. A signal that came during the second wait was lost by the first one. */
    heartbeat: async (ctx: Context) => {
      for (let beat = 0; beat < 3; beat++) {
        try {
          return [beat, await ctx.signal<string>("ev").orTimeout(beat === 0 ? 1 : 30_000)];
        } catch {
          await ctx.run("beat", () => void started.add(ctx.request().id));
        }
      }
      return "never came";
    },
    /** Comes while nobody waits for it: the next wait gets it. */
    between: async (ctx: Context) => {
      await settle(ctx.signal<string>("ev").orTimeout(1));
      await ctx.run("between", () => void started.add(ctx.request().id));
      await ctx.signal("go on");
      return await ctx.signal<string>("ev");
    },
    lostRace: async (ctx: Context) => {
      const winner = await DurablePromise.race([ctx.signal<string>("ev").map(() => "ev"), ctx.sleep(1)]);
      return [winner ?? "sleep", await ctx.signal<string>("ev"), await ctx.signal<string>("ev")];
    },
    /** The race is over when it is awaited for the first time. */
    overBefore: async (ctx: Context) => {
      const [nap, lost] = [ctx.sleep(1), ctx.signal<string>("ev")];
      await nap;
      await DurablePromise.race([lost, nap]);
      return await ctx.signal<string>("ev");
    },
    kept: async (ctx: Context) => {
      const ev = ctx.signal<string>("ev");
      await settle(ev.orTimeout(1));
      await ctx.run("between", () => void started.add(ctx.request().id));
      await ctx.signal("go on");
      await settle(ctx.sleep(1));
      return [await ev.orTimeout(30_000), await ctx.signal<string>("ev")];
    },
    cancelled: async (ctx: Context) => {
      try {
        await ctx.signal<string>("ev");
      } catch {
        return await ctx.signal<string>("ev");
      }
      return "not cancelled";
    },
    limited: async (ctx: Context) => await settle(ctx.signal("never").orTimeout(10)),
    unnamed: async (ctx: Context) => await settle(Promise.resolve().then(() => ctx.signal(""))),
    toItself: async (ctx: Context) => {
      const mine = ctx.invocation(ctx.request().id).signal<string>("me");
      mine.resolve("hello");
      return await ctx.signal<string>("me");
    },
  },
});
const counter = object({
  name: "Held",
  handlers: { hold: async (ctx: ObjectContext) => await ctx.signal<string>("go") },
});
interface Delivery {
  readonly id: string;
  readonly name: string;
  readonly values: readonly unknown[];
}
const sender = service({
  name: "Sender",
  handlers: {
    resolve: async (ctx: Context, { id, name, values }: Delivery) => {
      const deliver = ctx.invocation(id).signal(name);
      for (const value of values) deliver.resolve(value === "none" ? undefined : value);
    },
    reject: async (ctx: Context, { id, name, values: [code] }: Delivery) =>
      ctx
        .invocation(id)
        .signal(name)
        .reject(code === undefined ? "because" : new TerminalError("because", { errorCode: Number(code) })),
    cancel: async (ctx: Context, id: string) => ctx.invocation(id).cancel(),
    flaky: async (ctx: Context, { id, name }: Delivery) => {
      ctx.invocation(id).signal(name).resolve("once");
      await ctx.run("flaky", () => {
        if (started.has(id)) return;
        started.add(id);
        throw new Error("try again");
      });
      ctx.invocation(id).signal(name).resolve("twice");
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(listener, counter, sender);
});
afterAll(async () => await world.stop());
const ended = async (id: string) => (await within(3000, `${id} to end`, world.attach(id))).body;
const resolve = (id: string, name: string, ...values: unknown[]) =>
  world.call("/Sender/resolve", { id, name, values });

test.each([
  ["a value", "resolve", [{ a: 1 }], { a: 1 }],
  ["no value", "resolve", ["none"], "null"],
  ["a reason", "reject", [], "TerminalError 500 because"],
  ["an error", "reject", [410], "TerminalError 410 because"],
])("a suspended invocation is signalled with %s", async (_, handler, values, expected) => {
  const id = await world.send("/Listener/one", "s");
  expect((await world.untilStatus(id, "suspended")).waiting_on).toBe('signal "s"');
  await world.call(`/Sender/${handler}`, { id, name: "s", values });
  expect(await ended(id)).toEqual(expected);
});

test("every delivery is taken once, in order", async () => {
  const id = await world.send("/Listener/three");
  await world.untilStatus(id, "suspended");
  await resolve(id, "tick", 1, 2);
  await resolve(id, "tick", 3, 4);
  expect(await ended(id)).toEqual([1, 2, 3]);
});

test("the first asked for gets the first, whichever is awaited first", async () => {
  const id = await world.send("/Listener/both");
  await resolve(id, "tick", 1, 2);
  expect(await ended(id)).toEqual([2, 1]);
});

test("names do not mix", async () => {
  const id = await world.send("/Listener/byName");
  await resolve(id, "a", "for a");
  await resolve(id, "b", "for b");
  expect(await ended(id)).toEqual(["for a", "for b"]);
});

test("early deliveries are kept, over suspensions too", async () => {
  const id = await world.send("/Listener/early");
  await until(() => started.has(id), "the start");
  await resolve(id, "x", 1, 2);
  expect(await ended(id)).toEqual([1, 2]);
});

describe("a signal reaches the wait that is there:", () => {
  test("a wait that timed out does not take it", async () => {
    const id = await world.send("/Listener/heartbeat");
    await until(
      async () => started.has(id) && (await world.view(id))?.status === "suspended",
      "the second wait",
    );
    await resolve(id, "ev", "a");
    expect(await ended(id)).toEqual([1, "a"]);
  });

  test("nor does it take one that comes before the next wait begins", async () => {
    const id = await world.send("/Listener/between");
    await until(async () => started.has(id) && (await world.view(id))?.status === "suspended", "the pause");
    await resolve(id, "ev", "a");
    await resolve(id, "go on", "none");
    expect(await ended(id)).toBe("a");
    expect(await kindsOf(id)).toContain("completion of signal");
  });

  test.each([
    ["lostRace", ["sleep", "a", "b"]],
    ["overBefore", "a"],
  ])("a wait that lost its race does not: %s", async (handler, expected) => {
    const id = await world.send(`/Listener/${handler}`);
    await until(async () => (await world.view(id))?.waiting_on === 'signal "ev"', "the next wait");
    await resolve(id, "ev", "a", "b");
    expect(await ended(id)).toEqual(expected);
  });

  test("one that is awaited again does", async () => {
    const id = await world.send("/Listener/kept");
    await until(async () => started.has(id) && (await world.view(id))?.status === "suspended", "the pause");
    await resolve(id, "ev", "a", "b");
    await resolve(id, "go on", "none");
    expect(await ended(id)).toEqual(["a", "b"]);
  });

  test("one whose wait was cancelled does not", async () => {
    const id = await world.send("/Listener/cancelled");
    await world.untilStatus(id, "suspended");
    expect(await world.cancel(id)).toBe(202);
    await until(async () => (await kindsOf(id)).includes("cancelled"), "the cancellation");
    await resolve(id, "ev", "a");
    expect(await ended(id)).toBe("a");
  });

  test("a new invocation from a prefix of its journal does the same", async () => {
    const id = await world.send("/Listener/heartbeat");
    await until(
      async () => started.has(id) && (await world.view(id))?.status === "suspended",
      "the second wait",
    );
    const from = (await world.journal(id)).length - 1; // Without the sleep, which never ended.
    await resolve(id, "ev", "a");
    expect(await ended(id)).toEqual([1, "a"]);
    const { status, body } = await world.admin(`/invocations/${id}/restart-as-new?from=${from}`, "PATCH");
    expect({ status, body }).toMatchObject({ status: 200 });
    expect(await ended((body as { new_invocation_id: string }).new_invocation_id)).toEqual([1, "a"]);
  });
});

/** A journal in which the wait that timed out took the delivery, as older versions did. */
test("an old journal replays as it ran", async () => {
  const log = [
    ...[signal(0, "ev"), sleep(1, NOW_MS - 2), completion(1)],
    ...[signalled("ev", "d1", bytes('"lost"')), signal(2, "ev"), sleep(3, NOW_MS - 1)],
  ];
  const wait = async (ctx: Context): Promise<unknown> => await settle(ctx.signal("ev").orTimeout(1));
  const told = await turnOfService(async (ctx) => [await wait(ctx), await wait(ctx)], {
    ...{ log, carried: [completion(3)] },
  });
  const late = "TimeoutError 408 Timeout occurred";
  expect(told[0]).toMatchObject({ outcome: { value: bytes(JSON.stringify([late, late])) } });
});

/** Entries by kind; a completion with what it completes. */
async function kindsOf(id: string): Promise<string[]> {
  const entries = await world.journal(id);
  return entries.map(({ type, command }) => {
    const of = entries.find((other) => other.command === command && other.type !== "completion");
    return type === "completion" ? `completion of ${of?.type}` : type;
  });
}

test("an exclusive invocation is signalled while its key waits behind it", async () => {
  const id = await world.send("/Held/k/hold");
  const next = await world.send("/Held/k/hold");
  await world.untilStatus(id, "suspended");
  await resolve(id, "go", "one");
  expect(await ended(id)).toBe("one");
  await resolve(next, "go", "two");
  expect(await ended(next)).toBe("two");
});

test("a sender that is retried delivers each signal once (M2)", async () => {
  const id = await world.send("/Listener/early");
  await world.call("/Sender/flaky", { id, name: "x", values: [] });
  expect(await ended(id)).toEqual(["once", "twice"]);
});

test("one may be limited, be to oneself, and needs a name", async () => {
  expect(await world.call("/Listener/limited")).toBe("TimeoutError 408 Timeout occurred");
  expect(await within(2000, "the end", world.call("/Listener/toItself"))).toBe("hello");
  expect(await world.call("/Listener/unnamed")).toMatch(/signal name/);
});

test("ctx.invocation(id).cancel() cancels; what is no invocation id is refused", async () => {
  const id = await world.send("/Listener/one", "s");
  await world.untilStatus(id, "suspended");
  await world.call("/Sender/cancel", id);
  expect(await ended(id)).toBe("CancelledError 409 Cancelled");
  expect(await world.ask("/Sender/cancel", "inv_nonsense")).toMatchObject({ status: 400 });
});

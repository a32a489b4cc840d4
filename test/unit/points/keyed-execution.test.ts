/** What the invocations of one key may rely on (W1, W2). */
import {
  handlers,
  object,
  RetryableError,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until, within, World } from "../semantics/world.ts";

/** By key: what happened in it, in order. */
const seen = new Map<string, string[]>();
const note = (key: string, what: string): void => void seen.set(key, [...(seen.get(key) ?? []), what]);
const awakeables = new Map<string, string>();
const attempts = new Map<string, number>();
const held = new Map<string, () => void>();

const cell = object({
  name: "Cell",
  handlers: {
    suspend: async (ctx: ObjectContext, name: string) => {
      note(ctx.key, `${name} in`);
      const { id, promise } = ctx.awakeable();
      awakeables.set(name, id);
      await promise;
      note(ctx.key, `${name} out`);
    },
    backOff: async (ctx: ObjectContext, name: string) => {
      note(ctx.key, `${name} in`);
      const attempt = (attempts.get(name) ?? 0) + 1;
      attempts.set(name, attempt);
      if (attempt === 1) throw new RetryableError("once", { retryAfter: 700 });
      note(ctx.key, `${name} out`);
    },
    mark: async (ctx: ObjectContext, name: string) => note(ctx.key, name),
    setThenSuspend: async (ctx: ObjectContext, value: string) => {
      ctx.set("value", value);
      const { id, promise } = ctx.awakeable();
      awakeables.set(ctx.key, id);
      await promise;
    },
    setThenStep: async (ctx: ObjectContext, value: string) => {
      ctx.set("value", value);
      await ctx.run("held", () => new Promise<void>((resolve) => void held.set(ctx.key, resolve)));
    },
    peek: handlers.object.shared(
      async (ctx: ObjectSharedContext) => (await ctx.get<string>("value")) ?? "nothing",
    ),
    readOwn: async (ctx: ObjectContext) => {
      const reads: unknown[] = [await ctx.get("own")];
      ctx.set("own", 1);
      reads.push(await ctx.get("own"));
      await ctx.sleep(1);
      reads.push(await ctx.get("own"));
      ctx.clear("own");
      reads.push(await ctx.get("own"), await ctx.stateKeys());
      return reads;
    },
    setThenFail: async (ctx: ObjectContext) => {
      ctx.set("value", "of the failed");
      throw new TerminalError("failed");
    },
    callAround: async (ctx: ObjectContext, other: string) => {
      await ctx.genericCall({
        service: "Cell",
        method: "callHome",
        key: other,
        parameter: new TextEncoder().encode(JSON.stringify(ctx.key)),
      });
    },
    callHome: async (ctx: ObjectContext, home: string) => {
      await ctx.genericCall({
        service: "Cell",
        method: "mark",
        key: home,
        parameter: new TextEncoder().encode('"called home"'),
      });
    },
  },
});
const caller = service({
  name: "Caller",
  handlers: {
    mixed: async (ctx: Context, key: string) => {
      const calls: PromiseLike<unknown>[] = [];
      for (let n = 0; n < 12; n++) {
        if (n % 3 === 0) ctx.objectSendClient(cell, key).mark(`${n}`);
        else calls.push(ctx.objectClient(cell, key).mark(`${n}`));
      }
      for (const call of calls) await call;
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(cell, caller);
});
afterAll(async () => await world.stop());
const resolve = async (name: string): Promise<void> => {
  const id = await until(() => awakeables.get(name), `an awakeable of ${name}`);
  await world.ask(`/restate/awakeables/${id}/resolve`, "now");
};
const ended = async (...ids: string[]): Promise<void> => {
  for (const id of ids) await within(5000, `${id} to end`, world.attach(id));
};

describe("one exclusive invocation of a key at a time, also while it is suspended, backing off or paused", () => {
  test("one exclusive invocation at a time: the next one waits while the first is suspended", async () => {
    const first = await world.send("/Cell/one/suspend", "first");
    await world.untilStatus(first, "suspended");
    const second = await world.send("/Cell/one/mark", "second");
    await world.untilStatus(second, "pending");
    expect(seen.get("one")).toEqual(["first in"]);
    await resolve("first");
    await ended(first, second);
    // "first in" again: the turn that goes on replays from the top.
    expect(seen.get("one")).toEqual(["first in", "first in", "first out", "second"]);
  });

  test("while it is backing off", async () => {
    const first = await world.send("/Cell/off/backOff", "first");
    await world.untilStatus(first, "backing-off");
    const second = await world.send("/Cell/off/mark", "second");
    await world.untilStatus(second, "pending");
    await ended(first, second);
    expect(seen.get("off")).toEqual(["first in", "first in", "first out", "second"]);
  });

  test("while it is paused", async () => {
    const first = await world.send("/Cell/paused/suspend", "paused");
    await world.untilStatus(first, "suspended");
    expect(await world.pause(first)).toBeLessThan(300);
    await world.untilStatus(first, "paused");
    const second = await world.send("/Cell/paused/mark", "second");
    await world.untilStatus(second, "pending");
    await resolve("paused");
    expect((await world.view(second))?.status).toBe("pending");
    expect(await world.resume(first)).toBeLessThan(300);
    await ended(first, second);
    expect(seen.get("paused")?.at(-1)).toBe("second");
  });
});

describe("inbox in the order of arrival; calls and sends of one caller keep theirs", () => {
  test("a key's inbox is in the order of arrival", async () => {
    const first = await world.send("/Cell/fifo/suspend", "fifo");
    const others: string[] = [];
    for (let n = 0; n < 20; n++) others.push(await world.send("/Cell/fifo/mark", `${n}`));
    await resolve("fifo");
    await ended(first, ...others);
    const marks = seen.get("fifo")?.filter((name) => /^\d+$/.test(name));
    expect(marks).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
  });

  test("calls and sends of one caller keep the order in which they were issued", async () => {
    await within(5000, "the caller", world.call("/Caller/mixed", "issued"));
    await until(() => seen.get("issued")?.length === 12, "twelve marks");
    expect(seen.get("issued")).toEqual(Array.from({ length: 12 }, (_, n) => `${n}`));
  });
});

describe("shared handlers do not wait, and see a write once it is journalled", () => {
  test("a shared handler does not wait for the lock, and sees what a suspended writer has set", async () => {
    expect(await world.call("/Cell/shared/peek")).toBe("nothing");
    const writer = await world.send("/Cell/shared/setThenSuspend", "written");
    await world.untilStatus(writer, "suspended");
    // The state is written right after the head.
    await expect.poll(async () => await world.call("/Cell/shared/peek")).toBe("written");
    await resolve("shared");
    await ended(writer);
  });

  test("and what a writer has set before the step that it is in", async () => {
    const writer = await world.send("/Cell/step/setThenStep", "before the step");
    const release = await until(() => held.get("step"), "the step");
    expect(await world.call("/Cell/step/peek")).toBe("before the step");
    release();
    await ended(writer);
  });
});

describe("read your writes", () => {
  test("an invocation reads its own writes, before and after it was suspended", async () => {
    expect(await world.call("/Cell/own/readOwn")).toEqual([null, 1, 1, null, []]);
  });
});

describe("a terminal failure does not roll state back", () => {
  test("a terminal failure does not take state back", async () => {
    expect(await world.ask("/Cell/failed/setThenFail")).toMatchObject({ status: 500 });
    expect(await world.call("/Cell/failed/peek")).toBe("of the failed");
  });
});

describe("exclusive calls in a circle deadlock; cancel and kill free them", () => {
  test.each(["cancel", "kill"] as const)(
    "exclusive calls in a circle wait for each other; %s frees them",
    async (how) => {
      const home = `home-${how}`;
      const first = await world.send(`/Cell/${home}/callAround`, `away-${how}`);
      await world.untilStatus(first, "suspended");
      const next = await world.send(`/Cell/${home}/mark`, "next");
      await world.untilStatus(next, "pending");
      expect(await world[how](first)).toBeLessThan(300);
      expect(await within(5000, "the circle to end", world.attach(first))).toMatchObject({ status: 409 });
      await ended(next);
      expect(seen.get(home)?.includes("next")).toBe(true);
    },
  );
});

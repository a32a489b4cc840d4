/** Cancellation reaches an invocation at its await, once. Its calls are cancelled, too. Compensation can run. */
import {
  DurablePromise,
  object,
  RetryableError,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
} from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const seen: string[] = [];
const ids = new Map<string, string>();
const letThrough = new Set<string>();

/** What it caught, as text. */
const caught = (error: unknown): string =>
  error instanceof TerminalError ? `${error.code} ${error.message} (${error.name})` : String(error);

const leaf = service({
  name: "Leaf",
  handlers: {
    wait: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      try {
        await ctx.sleep({ minutes: 5 });
      } catch (error) {
        await ctx.run("note", () => void seen.push(`${name}: ${caught(error)}`));
        throw error;
      }
    },
    backOff: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      await ctx.run("fail", () => {
        throw new RetryableError("later", { retryAfter: { minutes: 5 } });
      });
    },
    ok: async (_ctx: Context) => "ok",
  },
});

const middle = service({
  name: "Middle",
  handlers: {
    wait: async (ctx: Context, name: string) => {
      ids.set(name, ctx.request().id);
      try {
        await ctx.serviceClient(leaf).wait(`${name}.leaf`);
      } catch (error) {
        await ctx.run("note", () => void seen.push(`${name}: ${caught(error)}`));
        throw error;
      }
    },
  },
});

const root = service({
  name: "Root",
  handlers: {
    sleep: async (ctx: Context) => {
      await ctx.sleep({ minutes: 5 });
    },
    compensate: async (ctx: Context) => {
      const steps: string[] = [];
      try {
        await ctx.sleep({ minutes: 5 });
      } catch (error) {
        steps.push(caught(error));
        steps.push(await ctx.run("undo", () => "undone"));
        await ctx.sleep(10);
        steps.push(await ctx.serviceClient(leaf).ok());
      }
      return steps;
    },
    twice: async (ctx: Context) => {
      let times = 0;
      for (;;) {
        try {
          await ctx.sleep({ minutes: 5 });
        } catch {
          times++;
          if (times === 2) return times;
        }
      }
    },
    tree: async (ctx: Context) => {
      ctx.serviceSendClient(leaf).wait("sent");
      const done = ctx.serviceClient(leaf).ok();
      await done;
      const unawaited = ctx.serviceClient(leaf).wait("unawaited");
      try {
        await ctx.serviceClient(middle).wait("middle");
      } catch (error) {
        // Not sticky: the call was cancelled, too. Awaiting it again gives its failure.
        const late = await unawaited.then(
          () => "ok",
          (failure: unknown) => caught(failure),
        );
        return [caught(error), late];
      }
      return [];
    },
    branches: async (ctx: Context) => {
      const wait = async (): Promise<string> => await ctx.sleep({ minutes: 5 }).then(() => "slept", caught);
      return await Promise.all([wait(), wait()]);
    },
    combined: async (ctx: Context) => {
      const parts = [
        ctx.sleep({ minutes: 5 }).map(() => "a"),
        ctx.serviceClient(leaf).wait("combined"),
      ] as const;
      return await DurablePromise.any([...parts]).then(() => "ok", caught);
    },
    caughtByCallee: async (ctx: Context) =>
      await ctx.serviceClient(root2).stubborn().orTimeout({ minutes: 1 }),
    steps: async (ctx: Context) => {
      for (let step = 0; step < 200; step++) {
        await ctx.run(`step ${step}`, async () => {
          seen.push("step");
          await pause(5);
        });
      }
    },
    nothingAwaited: async (_ctx: Context) => {
      await pause(60);
      return "through";
    },
    failing: async (ctx: Context, name: string) => {
      await ctx.sleep(5);
      await ctx.run("recorded", () => undefined);
      if (!letThrough.has(name)) throw new RetryableError("later", { retryAfter: { minutes: 5 } });
      await ctx.sleep({ minutes: 5 });
    },
    backOff: async (ctx: Context) => {
      ids.set("parent of back-off", ctx.request().id);
      await ctx.serviceClient(leaf).backOff("backing off");
    },
    cancelOther: async (ctx: Context, id: string) => {
      ctx.cancel(id);
    },
  },
});

const root2 = service({
  name: "Root2",
  handlers: {
    stubborn: async (ctx: Context) => {
      await ctx.sleep({ minutes: 5 }).then(
        () => undefined,
        () => undefined,
      );
      return "finished all the same";
    },
  },
});

const counter = object({
  name: "CancelCounter",
  handlers: {
    hold: async (ctx: ObjectContext) => {
      await ctx.sleep({ minutes: 5 });
    },
    quick: async (_ctx: ObjectContext, name: string) => {
      seen.push(`ran ${name}`);
      return name;
    },
    callBack: async (ctx: ObjectContext) => {
      const other = ctx.objectClient<{ callBack: (ctx: ObjectContext) => Promise<void> }>(
        { name: "CancelCounter" },
        ctx.key === "a" ? "b" : "a",
      );
      await other.callBack();
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(leaf, middle, root, root2, counter);
});
afterAll(async () => await world.stop());

const ended = (id: string) => within(2000, `${id} to end`, world.attach(id));
const cancelled = { status: 409, body: { code: 409, message: "Cancelled" } };

test("a suspended invocation fails at its await", async () => {
  const id = await world.send("/Root/sleep");
  await world.untilStatus(id, "suspended");
  expect(await world.cancel(id)).toBe(202);
  expect(await ended(id)).toMatchObject(cancelled);
  expect(await world.cancel(id)).toBe(409);
});

test("compensation uses the context as usual", async () => {
  const id = await world.send("/Root/compensate");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  expect((await ended(id)).body).toEqual(["409 Cancelled (CancelledError)", "undone", "ok"]);
});

test("it is not sticky: each await is cancelled once, by one cancel", async () => {
  const id = await world.send("/Root/twice");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  const after = await until(async () => {
    const view = await world.view(id);
    return (
      view?.status === "suspended" &&
      (await world.journal(id)).some(({ type }) => type === "cancelled") &&
      view
    );
  }, "the second sleep");
  expect(after.status).toBe("suspended");
  await pause(30);
  expect((await world.view(id))?.status).toBe("suspended");
  await world.cancel(id);
  expect((await ended(id)).body).toBe(2);
});

test("calls are cancelled recursively, sends are not", async () => {
  const id = await world.send("/Root/tree");
  await until(
    () => ids.get("middle.leaf") !== undefined && ids.get("unawaited") !== undefined && ids.get("sent"),
    "the leaves",
  );
  await world.untilStatus(ids.get("middle.leaf") ?? "", "suspended");
  await world.cancel(id);
  expect((await ended(id)).body).toEqual(["409 Cancelled (CancelledError)", "409 Cancelled (TerminalError)"]);
  expect(await ended(ids.get("middle.leaf") ?? "")).toMatchObject(cancelled);
  expect(await ended(ids.get("middle") ?? "")).toMatchObject(cancelled);
  await until(
    () => seen.filter((line) => line.startsWith("middle") || line.startsWith("unawaited")).length === 3,
    "three notes",
  );
  expect((await world.view(ids.get("sent") ?? ""))?.status).toBe("suspended");
  const entry = (await world.journal(id)).find(({ type }) => type === "cancelled");
  expect(new Set(entry?.cancelled)).toEqual(new Set([ids.get("middle"), ids.get("unawaited")]));
});

test("every await of the moment is cancelled", async () => {
  const id = await world.send("/Root/branches");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  expect((await ended(id)).body).toEqual([
    "409 Cancelled (CancelledError)",
    "409 Cancelled (CancelledError)",
  ]);
});

test("an awaited combinator is cancelled as a whole", async () => {
  const id = await world.send("/Root/combined");
  await world.untilStatus(id, "suspended");
  await until(() => ids.get("combined"), "the call");
  await world.cancel(id);
  expect((await ended(id)).body).toBe("409 Cancelled (CancelledError)");
  expect(await ended(ids.get("combined") ?? "")).toMatchObject(cancelled);
});

test("a callee may finish all the same, and its caller is cancelled without waiting for it", async () => {
  const id = await world.send("/Root/caughtByCallee");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  expect(await ended(id)).toMatchObject(cancelled);
});

test("a running handler hears of it between two steps", async () => {
  seen.length = 0;
  const id = await world.send("/Root/steps");
  await until(() => seen.length > 3, "some steps");
  await world.cancel(id);
  expect(await ended(id)).toMatchObject(cancelled);
  expect(seen.length).toBeLessThan(100);
});

test("a handler that awaits nothing of the context goes through", async () => {
  const id = await world.send("/Root/nothingAwaited");
  await pause(10);
  await world.cancel(id);
  expect((await ended(id)).body).toBe("through");
});

test("what has not started ends at once: a delayed send, and one that is parked", async () => {
  const delayed = await world.send("/Leaf/ok", undefined, "?delay=5m");
  await world.untilStatus(delayed, "scheduled");
  expect(await world.cancel(delayed)).toBe(202);
  expect(await ended(delayed)).toMatchObject({ status: 409 });

  const holding = await world.send("/CancelCounter/parking/hold");
  await world.untilStatus(holding, "suspended");
  const parked = await world.send("/CancelCounter/parking/quick", "parked");
  const next = await world.send("/CancelCounter/parking/quick", "next");
  await world.untilStatus(next, "pending");
  await world.cancel(parked);
  expect(await ended(parked)).toMatchObject({ status: 409 });
  await world.cancel(holding);
  expect(await ended(holding)).toMatchObject(cancelled);
  expect((await ended(next)).body).toBe("next");
  expect(seen).not.toContain("ran parked");
});

test("one that backs off is woken; the handler that fails before any await does not notice", async () => {
  const id = await world.send("/Leaf/backOff", "direct");
  await world.untilStatus(id, "backing-off");
  await world.cancel(id);
  expect(await ended(id)).toMatchObject(cancelled);
});

test("a call that backs off is cancelled with its caller", async () => {
  const id = await world.send("/Root/backOff");
  const callee = await until(() => ids.get("backing off"), "the callee");
  await world.untilStatus(callee, "backing-off");
  await world.cancel(id);
  expect(await ended(id)).toMatchObject(cancelled);
  expect(await ended(callee)).toMatchObject(cancelled);
});

test.each([
  { by: "an operator", cancel: async (id: string) => void (await world.cancel(id)) },
  { by: "a handler", cancel: async (id: string) => void (await world.call("/Root/cancelOther", id)) },
])(
  "a cancellation by $by that a failing attempt did not notice is delivered at its next await",
  async ({ by, cancel }) => {
    const id = await world.send("/Root/failing", by);
    await world.untilStatus(id, "backing-off");
    await cancel(id);
    await until(async () => ((await world.view(id))?.retry_count ?? 0) >= 2, "another attempt");
    await world.untilStatus(id, "backing-off");
    letThrough.add(by);
    expect(await world.resume(id)).toBe(200);
    expect(await ended(id)).toMatchObject(cancelled);
  },
);

test("one that is paused is woken", async () => {
  const id = await world.send("/Root/sleep");
  await world.untilStatus(id, "suspended");
  expect(await world.pause(id)).toBe(202);
  await world.cancel(id);
  expect(await ended(id)).toMatchObject(cancelled);
});

test("two objects that wait for each other are freed by it", async () => {
  const id = await world.send("/CancelCounter/a/callBack");
  await world.untilStatus(id, "suspended");
  const waiting = await world.send("/CancelCounter/a/quick", "after the deadlock");
  await world.untilStatus(waiting, "pending");
  await pause(50);
  expect((await world.view(id))?.status).toBe("suspended");
  await world.cancel(id);
  expect(await ended(id)).toMatchObject(cancelled);
  expect((await ended(waiting)).body).toBe("after the deadlock");
  expect(await within(2000, "b", world.call("/CancelCounter/b/quick", "b is free"))).toBe("b is free");
});

test("a handler can cancel another invocation", async () => {
  const id = await world.send("/Root/compensate");
  await world.untilStatus(id, "suspended");
  await world.call("/Root/cancelOther", id);
  expect((await ended(id)).body).toEqual(["409 Cancelled (CancelledError)", "undone", "ok"]);
});

/** D1: a replay that differs is never silent, and what must not change on replay does not. */
import { DurablePromise, object, service, type Context, type ObjectContext } from "perdure";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { until, within, World } from "./world.ts";

/** Which version of the code runs, by test: `false` at first. */
const changed = new Set<string>();
const lines: string[] = [];
const seen = new Map<string, unknown[]>();
const note = (name: string, value: unknown): void => void seen.set(name, [...(seen.get(name) ?? []), value]);
const isNew = (name: string): boolean => changed.has(name);

type Version = (ctx: ObjectContext, isChanged: boolean) => Promise<unknown>;
const tick = (ctx: Context) => ctx.sleep(30);

/** Code before and after the change, and what the error must say. */
const CHANGES: Record<string, readonly [Version, RegExp]> = {
  "a step renamed": [
    async (ctx, isChanged) => {
      await ctx.run(isChanged ? "new name" : "old name", () => 1);
      await tick(ctx);
    },
    /operation 0.*recorded run "old name".*now does run "new name"/s,
  ],
  "another kind of operation": [
    async (ctx, isChanged) => {
      await (isChanged ? ctx.sleep(1) : ctx.run("step", () => 1));
      await tick(ctx);
    },
    /operation 0.*recorded run "step".*now does sleep/s,
  ],
  "an operation inserted": [
    async (ctx, isChanged) => {
      if (isChanged) await ctx.run("inserted", () => 1);
      await ctx.run("step", () => 1);
      await tick(ctx);
    },
    /operation 0.*recorded run "step".*now does run "inserted"/s,
  ],
  "an operation left out": [
    async (ctx, isChanged) => {
      if (!isChanged) await ctx.run("left out", () => 1);
      await tick(ctx);
    },
    /operation 0.*recorded run "left out".*now does sleep/s,
  ],
  "the end too early": [
    async (ctx, isChanged) => {
      await ctx.run("step", () => 1);
      if (isChanged) return;
      await tick(ctx);
    },
    /operation 1.*recorded sleep.*the code ends without doing it/s,
  ],
  "the end too early, before a read that has no entry": [
    async (ctx, isChanged) => {
      ctx.set("key", 1);
      if (isChanged) return;
      // It has written the value itself.
      await ctx.get("key");
      await tick(ctx);
    },
    /operation 2.*recorded sleep.*the code ends without doing it/s,
  ],
  "another key set": [
    async (ctx, isChanged) => {
      ctx.set(isChanged ? "new" : "old", 1);
      await tick(ctx);
    },
    /recorded set "old".*now does set "new"/s,
  ],
  "another value set": [
    async (ctx, isChanged) => {
      ctx.set("key", isChanged ? 2 : 1);
      await tick(ctx);
    },
    /recorded set "key".*now does set "key"/s,
  ],
  "another large value set": [
    async (ctx, isChanged) => {
      ctx.set("key", (isChanged ? "b" : "a").repeat(3000));
      await tick(ctx);
    },
    /recorded set "key".*now does set "key"/s,
  ],
  "another callee": [
    async (ctx, isChanged) => {
      ctx.objectSendClient(other, isChanged ? "new" : "old").hello("x");
      await tick(ctx);
    },
    /recorded send of Other\/old\/hello.*now does send of Other\/new\/hello/s,
  ],
  "another input": [
    async (ctx, isChanged) => {
      ctx.objectSendClient(other, "k").hello(isChanged ? "new" : "old");
      await tick(ctx);
    },
    /recorded send of Other\/k\/hello/,
  ],
  "a call instead of a send": [
    async (ctx, isChanged) => {
      if (isChanged) await ctx.objectClient(other, "k").hello("x");
      else ctx.objectSendClient(other, "k").hello("x");
      await tick(ctx);
    },
    /recorded send of Other\/k\/hello.*now does call of Other\/k\/hello/s,
  ],
  "another read": [
    async (ctx, isChanged) => {
      await ctx.get(isChanged ? "new" : "old");
      await tick(ctx);
    },
    /recorded get "old".*now does get "new"/s,
  ],
  "a sleep renamed": [
    async (ctx, isChanged) => {
      await ctx.sleep(30, isChanged ? "new" : "old");
    },
    /recorded sleep "old".*now does sleep "new"/s,
  ],
  "a difference that the code hides": [
    async (ctx, isChanged) => {
      try {
        await ctx.run(isChanged ? "new name" : "old name", () => 1);
      } catch {
        // It still fails.
      }
      await tick(ctx);
    },
    /recorded run "old name"/,
  ],
  "an awakeable instead of a step": [
    async (ctx, isChanged) => {
      if (isChanged) ctx.awakeable();
      else await ctx.run("step", () => 1);
      await tick(ctx);
    },
    /recorded run "step".*now does awakeable/s,
  ],
};

/** Changes that a replay allows. */
const ALLOWED: Record<string, Version> = {
  "another duration": async (ctx, isChanged) => await ctx.sleep(isChanged ? 100_000 : 30),
  "more at the end": async (ctx, isChanged) => {
    await tick(ctx);
    if (isChanged) await ctx.run("more", () => 1);
  },
  "what a step does": async (ctx, isChanged) => {
    await ctx.run("step", () => (isChanged ? 2 : 1));
    await tick(ctx);
  },
};

const other = object({
  name: "Other",
  handlers: { hello: async (_ctx: ObjectContext, text: string) => text },
});

const changing = object({
  name: "Changing",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 2, onMaxAttempts: "kill" }, abortTimeout: 3000 },
  handlers: {
    run: async (ctx: ObjectContext, name: string) =>
      await (CHANGES[name]?.[0] ?? ALLOWED[name])?.(ctx, isNew(name)),
  },
});
/** Replayed, it awaits what it never did: only the time limit ends it. */
const waiting = object({
  name: "Waiting",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 2, onMaxAttempts: "kill" }, abortTimeout: 300 },
  handlers: {
    run: async (ctx: ObjectContext) => {
      await ctx.run("first", () => 1);
      if (isNew("waiting")) await new Promise(() => undefined);
      await tick(ctx);
    },
  },
});
/** Asks for a callee's id when the call is issued but not recorded, while another flow of the code goes on. */
const asking = object({
  name: "Asking",
  options: { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" } },
  handlers: {
    run: async (ctx: ObjectContext) => {
      const call = ctx.objectClient(other, "k").hello("x");
      const read = ctx.get("key");
      const id = async () => {
        await read;
        note("asked id", await call.invocationId);
        await ctx.run("after the id", () => 1);
      };
      const beside = async () => {
        await read;
        for (let n = 0; n < 20; n++) await Promise.resolve();
        await ctx.run("beside", () => 2);
      };
      await Promise.all([id(), beside()]);
      await ctx.sleep(1);
      await ctx.sleep(1);
      return await call;
    },
  },
});
const mismatching = (name: string, onJournalMismatchErrors: "pause" | "fail") =>
  object({
    name,
    options: { onJournalMismatchErrors, retryPolicy: { maxAttempts: 50 } },
    handlers: {
      run: async (ctx: ObjectContext) => {
        await ctx.run(isNew(name) ? "new" : "old", () => 1);
        await ctx.sleep(30);
        return "done";
      },
    },
  });
const pausing = object({
  name: "Pausing",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 2 } },
  handlers: {
    run: async (ctx: ObjectContext) => {
      await ctx.run(isNew("pausing") ? "new" : "old", () => 1);
      await ctx.sleep(30);
      return "done";
    },
  },
});

const steady = service({
  name: "Steady",
  handlers: {
    random: async (ctx: Context) => {
      note("random", [ctx.rand.random(), ctx.rand.uuidv4()]);
      await ctx.sleep(1);
      note("random later", [ctx.rand.random(), ctx.rand.uuidv4()]);
      await ctx.sleep(1);
    },
    date: async (ctx: Context) => {
      const before = Date.now();
      const first = await ctx.date.now();
      note("date", first);
      await ctx.sleep(15);
      const second = await ctx.date.now();
      const text = await ctx.date.toJSON();
      await ctx.sleep(1);
      return [first >= before - 100, second - first >= 15, new Date(text).getTime() >= second];
    },
    print: async (ctx: Context) => {
      ctx.console.log("at first");
      await ctx.run("step", () => 1);
      ctx.console.log("after the step");
      await ctx.sleep(1);
      ctx.console.warn("after the sleep");
      await ctx.sleep(1);
      ctx.console.info("at last %d", 7);
    },
    request: async (ctx: Context, text: string) => {
      const { id, target, body, headers, extraArgs, attemptCompletedSignal } = ctx.request();
      note("aborted", attemptCompletedSignal);
      await ctx.sleep(1);
      return {
        id,
        target,
        body: new TextDecoder().decode(body),
        header: headers.get("x-a"),
        args: extraArgs.length,
        text,
      };
    },
    winners: async (ctx: Context) => {
      const winner = await DurablePromise.race([
        ctx.sleep(6).map(() => "a"),
        ctx.sleep(5).map(() => "b"),
        ctx.run("c", () => "c"),
      ]);
      note("winner", winner);
      for (let n = 0; n < 5; n++) {
        await ctx.sleep(1);
        note("winner", winner);
      }
      return winner;
    },
    manySteps: async (ctx: Context) => {
      let sum = 0;
      for (let n = 0; n < 120; n++) {
        sum += await ctx.run(`step ${n}`, () => n);
        if (n % 40 === 0) await ctx.sleep(1);
      }
      return sum;
    },
  },
});

let world: World;
beforeAll(async () => {
  const atOnce = [mismatching("PausedAtOnce", "pause"), mismatching("FailedAtOnce", "fail")];
  world = await World.of(changing, waiting, other, pausing, steady, asking, ...atOnce);
});
afterAll(async () => await world.stop());

/** What the line that a mismatch points at looks like. */
const CHANGED_LINE = /isChanged|tick\(ctx\)|ctx\.run\(|sleep\(30/;
const source = readFileSync(import.meta.filename, "utf8").split("\n");
const lineAt = (place: string): string => source[Number(place.split(":").at(-2)) - 1] ?? "";

async function afterChange(name: string) {
  const id = await world.send(`/Changing/${encodeURIComponent(name)}/run`, name);
  await world.untilStatus(id, "suspended");
  changed.add(name);
  return await within(4500, name, world.attach(id));
}

test.concurrent.each(Object.keys(CHANGES))(
  "D1: %s is a mismatch that says what was expected and what was done",
  async (name) => {
    const { status, body } = await afterChange(name);
    expect(status).toBe(570);
    const { message } = body as { message: string };
    expect(message).toMatch(CHANGES[name]?.[1] ?? /never/);
    expect(message).toMatch(/operation \d of \d recorded/);
    const [place] = / at [^(]*\(?(\S*replay\.test\.ts:\d+:\d+)/.exec(message)?.slice(1) ?? [];
    if (place === undefined)
      expect(message).toMatch(/(the last that it did was operation \d, \w+|it did nothing)/);
    else expect(CHANGED_LINE.test(lineAt(place))).toBe(true);
  },
);

test.concurrent(
  "D1: code that awaits something of its own for ever is stopped, with words",
  { timeout: 40_000 },
  async () => {
    const id = await world.send("/Waiting/waits/run");
    await world.untilStatus(id, "suspended");
    changed.add("waiting");
    const view = await until(
      async () => {
        const now = await world.view(id);
        return now?.last_failure === undefined && now?.completion_failure === undefined ? undefined : now;
      },
      "the failure",
      30_000,
    );
    expect(view.last_failure ?? view.completion_failure).toMatch(/sleep|did not end/);
  },
);

test.concurrent.each(Object.keys(ALLOWED))("not a mismatch: %s", async (name) => {
  expect((await afterChange(name)).status).toBe(200);
});

test("a mismatch pauses by the policy; the code that matches goes on", async () => {
  const id = await world.send("/Pausing/k/run");
  await world.untilStatus(id, "suspended");
  changed.add("pausing");
  expect(await world.untilStatus(id, "paused")).toMatchObject({ last_failure_error_code: "RT0016" });
  changed.delete("pausing");
  await world.resume(id);
  expect((await within(2000, "the end", world.attach(id))).body).toBe("done");
});

test("a mismatch pauses at once, or fails at once, if the handler says so", async () => {
  const [paused, failed] = [await world.send("/PausedAtOnce/k/run"), await world.send("/FailedAtOnce/k/run")];
  await world.untilStatus(paused, "suspended");
  await world.untilStatus(failed, "suspended");
  changed.add("PausedAtOnce").add("FailedAtOnce");
  expect(await world.untilStatus(paused, "paused")).toMatchObject({
    last_failure_error_code: "RT0016",
    last_failure: expect.stringMatching(/It is paused: deploy code that matches .*\(RT0016\)$/u),
  });
  expect(await within(2000, "the failure", world.attach(failed))).toMatchObject({ status: 570 });
  changed.delete("PausedAtOnce");
  await world.resume(paused);
  expect((await within(2000, "the end", world.attach(paused))).body).toBe("done");
});

test("D1: a callee's id is told at the same point on every replay", async () => {
  expect(await within(3000, "the result", world.call("/Asking/k/run"))).toBe("x");
  expect(seen.get("asked id")?.length).toBeGreaterThanOrEqual(3);
  expect(new Set(seen.get("asked id")).size).toBe(1);
});

test("random numbers are the same on every replay, and differ between invocations", async () => {
  await world.call("/Steady/random");
  const first = seen.get("random") ?? [];
  expect(first.length).toBeGreaterThanOrEqual(3);
  expect(new Set(first.map((value) => JSON.stringify(value))).size).toBe(1);
  expect(new Set((seen.get("random later") ?? []).map((value) => JSON.stringify(value))).size).toBe(1);
  const [[number, uuid]] = first as [[number, string]];
  expect(number).toBeGreaterThanOrEqual(0);
  expect(number).toBeLessThan(1);
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  seen.delete("random");
  await world.call("/Steady/random");
  expect((seen.get("random") as [[number, string]])[0][1]).not.toBe(uuid);
});

test("the date is recorded", async () => {
  expect(await world.call("/Steady/date")).toEqual([true, true, true]);
  expect(new Set(seen.get("date")).size).toBe(1);
});

test("the console says everything once, and who speaks", async () => {
  const to = (stream: NodeJS.WriteStream) =>
    vi.spyOn(stream, "write").mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    });
  const spies = [to(process.stdout), to(process.stderr)];
  const id = await world.send("/Steady/print");
  await world.attach(id).finally(() => spies.forEach((spy) => spy.mockRestore()));
  const own = lines.filter((line) => line.includes(id));
  expect(own).toEqual(
    ["at first", "after the step", "after the sleep", "at last 7"].map(
      (text) => `[Steady/print][${id}] ${text}\n`,
    ),
  );
});

test("the request is the same on every attempt; its signal aborts with the attempt", async () => {
  const { id, body } = await world.ask("/Steady/request", "in", { "x-a": "1" });
  expect(body).toEqual({
    id,
    target: { service: "Steady", handler: "request" },
    body: '"in"',
    header: "1",
    args: 0,
    text: "in",
  });
  const signals = seen.get("aborted") as AbortSignal[];
  expect(signals).toHaveLength(2);
  await until(() => signals.every(({ aborted }) => aborted), "the signals");
});

test("a winner stays the winner", async () => {
  const winner = await world.call("/Steady/winners");
  expect(new Set(seen.get("winner"))).toEqual(new Set([winner]));
});

test("a long journal, kept in pages, is replayed", async () => {
  expect(await world.call("/Steady/manySteps")).toBe((119 * 120) / 2);
});

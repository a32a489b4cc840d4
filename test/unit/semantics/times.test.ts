/** What people see of when things happened: steps, operations and attempts (docs/decisions/0031-times.md). */
import { type Context, DurablePromise, service } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, World } from "./world.ts";

interface Timed {
  readonly type: string;
  readonly name?: string;
  readonly started_at?: string;
  readonly ended_at?: string;
  readonly at?: string;
  readonly attempts?: number;
  readonly append?: number;
}

/** Timers of this machine are a little early, and late when it is busy. */
const EARLY_MS = 5;

let failures = 0;
const timed = service({
  name: "Timed",
  handlers: {
    steps: async (ctx: Context) => {
      await ctx.run("short", () => pause(20));
      await ctx.run("failing", () => {
        failures++;
        if (failures < 3) throw new Error(`no ${failures}`);
      });
      await DurablePromise.all([ctx.run("long", () => pause(80)), ctx.run("beside", () => pause(40))]);
      await ctx.sleep(30, "nap");
      return "done";
    },
    retried: async (ctx: Context) => {
      let tries = 0;
      await ctx.run(
        "patient",
        () => {
          if (++tries < 3) throw new Error("not yet");
        },
        { initialRetryInterval: 10, maxRetryAttempts: 5 },
      );
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(timed);
});
afterAll(async () => await world.stop());

const msOf = (time: string | undefined): number => Date.parse(time ?? "");
const journalOf = async (id: string): Promise<readonly Timed[]> => await world.journal(id);
const named = (entries: readonly Timed[], name: string): Timed =>
  entries.find((entry) => entry.name === name) ?? { type: "none" };
const tookMs = ({ started_at, ended_at }: Timed): number => msOf(ended_at) - msOf(started_at);

test("steps have their true times, in order, with how often they were tried", async () => {
  const beganMs = Date.now();
  const id = await world.send("/Timed/steps");
  await world.untilStatus(id, "completed");
  const endedMs = Date.now();
  const entries = await journalOf(id);
  const [short, failing, long, beside] = ["short", "failing", "long", "beside"].map((name) =>
    named(entries, name),
  ) as [Timed, Timed, Timed, Timed];
  expect(tookMs(short)).toBeGreaterThanOrEqual(20 - EARLY_MS);
  expect(tookMs(long)).toBeGreaterThanOrEqual(80 - EARLY_MS);
  expect(tookMs(beside)).toBeGreaterThanOrEqual(40 - EARLY_MS);
  expect(tookMs(beside)).toBeLessThan(tookMs(long));
  expect([short.attempts, failing.attempts, long.attempts]).toEqual([1, 3, 1]);
  // From its first try on, with the pauses between.
  expect(tookMs(failing)).toBeGreaterThanOrEqual(2 * 50 - EARLY_MS);
  const order = [
    beganMs,
    msOf(short.started_at),
    msOf(short.ended_at),
    msOf(failing.started_at),
    msOf(failing.ended_at),
  ];
  order.push(
    Math.min(msOf(long.started_at), msOf(beside.started_at)),
    msOf(beside.ended_at),
    msOf(long.ended_at),
  );
  const nap = named(entries, "nap");
  order.push(msOf(nap.at), msOf(entries.find(({ type }) => type === "completion")?.at), endedMs);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});

test("each entry says with which write it came", async () => {
  const id = await world.send("/Timed/retried");
  await world.untilStatus(id, "completed");
  const [patient] = await journalOf(id);
  expect(patient).toMatchObject({ name: "patient", attempts: 3, append: 0 });
  expect(tookMs(patient ?? { type: "none" })).toBeGreaterThanOrEqual(10 + 20 - EARLY_MS);
});

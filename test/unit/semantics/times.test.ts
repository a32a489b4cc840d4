/** What people see of when things happened: steps, operations and attempts (docs/decisions/0031-times.md). */
import { type Context, DurablePromise, service } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, World } from "./world.ts";

interface Timed {
  readonly type: string;
  readonly name?: string;
  readonly started_at?: string;
  readonly ended_at?: string;
  readonly at?: string;
  readonly attempts?: number;
  readonly append?: number;
  readonly awakeable_id?: string;
}

/** Timers of this machine are a little early, and late when it is busy. */
const EARLY_MS = 5;

const other = service({
  name: "Other",
  handlers: { slow: async (ctx: Context) => await ctx.sleep({ hours: 3 }) },
});

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
    waits: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>("approval");
      await ctx.run("told", () => id);
      await DurablePromise.all([
        promise,
        DurablePromise.race([ctx.serviceClient(other).slow(), ctx.sleep({ hours: 1 }, "limit")]),
        ctx.signal<string>("go").orTimeout({ hours: 2 }),
      ]);
    },
    both: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      await ctx.run("told", () => id);
      await DurablePromise.all([promise, ctx.sleep(600)]);
    },
    failsForGood: async () => {
      throw new Error("never");
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(timed, other);
});
afterAll(async () => await world.stop());

interface Attempts {
  readonly started_at: string;
  readonly created_at: string;
  readonly completed_at: string;
  readonly attempts: readonly {
    readonly number: number;
    readonly started_at: string;
    readonly ended_at?: string;
    readonly outcome: string;
    readonly error_code?: string;
    readonly error_message?: string;
  }[];
  readonly attempts_left_out: number;
}
const attemptsOf = async (id: string): Promise<Attempts> =>
  (await world.admin(`/invocations/${id}`)).body as Attempts;

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

test("attempts have a history: when each began and ended, and how", async () => {
  failures = 0;
  const id = await world.send("/Timed/steps");
  await world.untilStatus(id, "completed");
  const { started_at, created_at, completed_at, attempts, attempts_left_out } = await attemptsOf(id);
  expect(attempts_left_out).toBe(0);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "suspended", "completed"]);
  expect(attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  expect(attempts[0]).toMatchObject({
    error_code: "RT0007",
    error_message: expect.stringContaining("no 1") as unknown,
  });
  expect(attempts[0]?.started_at).toBe(started_at);
  const times = [
    created_at,
    ...attempts.flatMap((each) => [each.started_at, each.ended_at ?? ""]),
    completed_at,
  ].map(msOf);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test("a signal has the time at which it came, also if nothing took it then", async () => {
  const id = await world.send("/Timed/both");
  await world.untilStatus(id, "suspended");
  const made = (await journalOf(id)).find(({ type }) => type === "signal");
  const awakeable = made?.awakeable_id ?? "";
  await world.ask(`/restate/awakeables/${awakeable}/resolve`, "yes");
  const notes = await until(async () => {
    const { body } = await world.admin(`/invocations/${id}/journal`);
    const { pending_notes: pending } = body as { readonly pending_notes: readonly Timed[] };
    return pending.length > 0 && pending;
  }, "the note");
  await world.untilStatus(id, "completed");
  const entries = await journalOf(id);
  const [signal, nap] = ["signalled", "completion"].map((type) =>
    entries.find((entry) => entry.type === type),
  );
  expect(signal?.at).toBe(notes[0]?.at);
  expect(msOf(signal?.at)).toBeLessThan(msOf(nap?.at));
  expect(signal?.append).toBe(nap?.append);
});

test("attempts go with the journal", async () => {
  failures = 2;
  const id = await world.send("/Timed/steps");
  await world.untilStatus(id, "completed");
  expect((await attemptsOf(id)).attempts).toHaveLength(2);
  await world.admin(`/invocations/${id}/purge-journal`, "PATCH");
  expect((await attemptsOf(id)).attempts).toEqual([]);
});

test("one that fails again and again, and is killed", async () => {
  const id = await world.send("/Timed/failsForGood");
  const view = await until(async () => {
    const seen: Partial<Attempts> = await attemptsOf(id);
    return (seen.attempts?.length ?? 0) >= 2 && seen;
  }, "two attempts");
  expect(
    view.attempts?.every(({ outcome, ended_at }) => outcome === "failed" && ended_at !== undefined),
  ).toBe(true);
  await world.kill(id);
  await world.untilStatus(id, "completed");
  const outcomes = (await attemptsOf(id)).attempts.map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome !== "failed" && outcome !== "killed")).toEqual([]);
});

test("what it waits for is a tree", async () => {
  const id = await world.send("/Timed/waits");
  await world.untilStatus(id, "suspended");
  const { body } = await world.admin(`/invocations/${id}`);
  expect((body as { waiting_for: unknown }).waiting_for).toEqual({
    kind: "all",
    parts: [
      { kind: "awakeable", name: "approval", awakeable_id: expect.stringMatching(/^sign_1/) as unknown },
      {
        kind: "race",
        parts: [
          {
            kind: "call",
            command: 2,
            invoked_id: expect.stringMatching(/^inv_1/) as unknown,
            invoked_target: "Other/slow",
          },
          { kind: "sleep", command: 3, name: "limit", due_at: expect.any(String) as unknown },
        ],
      },
      {
        kind: "race",
        parts: [
          { kind: "signal", name: "go" },
          { kind: "sleep", command: 5, due_at: expect.any(String) as unknown },
        ],
      },
    ],
  });
  await world.kill(id);
});

test("each entry says with which write it came", async () => {
  const id = await world.send("/Timed/retried");
  await world.untilStatus(id, "completed");
  const [patient] = await journalOf(id);
  expect(patient).toMatchObject({ name: "patient", attempts: 3, append: 0 });
  expect(tookMs(patient ?? { type: "none" })).toBeGreaterThanOrEqual(10 + 20 - EARLY_MS);
});

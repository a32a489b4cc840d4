/**
 * What an old data file has in flight: one invocation of each kind that can wait. An old tree ran these handlers until
 * {@link ./make.ts} killed it, and the test serves them to the end. A change of what they do is a journal mismatch.
 */
import {
  DurablePromise,
  handlers,
  object,
  service,
  workflow,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";

/** The steps that ran in this process, and whether what fails and what hangs does so. */
export interface Ran {
  readonly steps: string[];
  readonly old: boolean;
}
const shared = globalThis as { perdureHistory?: Ran };
/** Set by the test. In the old tree nobody has set it. */
const ran = (): Ran => shared.perdureHistory ?? { steps: [], old: true };

const step = async <T>(ctx: Context, name: string, value: T): Promise<T> =>
  await ctx.run(name, () => {
    ran().steps.push(`${ctx.request().target.toString()} ${name}`);
    return value;
  });

const HOUR_MS = 3_600_000;
/** More than one chunk, and not all alike. */
export const long = (seed: string): string =>
  Array.from({ length: 60_000 }, (_, index) => `${seed}${index % 97}`).join(" ");
/** More than the head holds: pages, and values of their own. */
export const STEPS = 150;

const worker = service({
  name: "Worker",
  handlers: {
    sleeps: async (ctx: Context, name: string) => {
      const before = await step(ctx, "before", `${name} before`);
      await ctx.sleep(HOUR_MS);
      return [before, await step(ctx, "after", `${name} after`)];
    },
    longJournal: async (ctx: Context) => {
      let sum = 0;
      for (let at = 0; at < STEPS; at++) sum += (await step(ctx, `step ${at}`, "x".repeat(at * 20))).length;
      await ctx.sleep(HOUR_MS);
      return sum + (await step(ctx, "last", 1));
    },
    pausedIn: async (ctx: Context) => {
      await step(ctx, "first", 1);
      await ctx.sleep(HOUR_MS);
      return await step(ctx, "second", "resumed");
    },
    fails: handlers.handler({ retryPolicy: { initialInterval: { hours: 1 } } }, async (ctx: Context) => {
      await step(ctx, "works", 1);
      return await ctx.run("fails", () => {
        if (ran().old) throw new Error("not in the old tree");
        return "works now";
      });
    }),
    waits: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      ctx.objectSendClient(keeper, "awakeables").keep(id);
      const signal = ctx.signal<string>("go");
      const value = await promise;
      return [value, await signal];
    },
    raced: async (ctx: Context) => {
      const first = await DurablePromise.race([
        ctx.sleep(1).map(() => "short"),
        ctx.sleep(HOUR_MS).map(() => "long"),
      ]);
      await ctx.sleep(2 * HOUR_MS);
      return first;
    },
    /** Is in this step when the engine is killed. */
    hangs: async (ctx: Context) => {
      await step(ctx, "done", 1);
      return await ctx.run("hangs", async () => {
        if (ran().old) await new Promise<void>((resolve) => void setTimeout(resolve, HOUR_MS));
        return "went on";
      });
    },
    caller: async (ctx: Context, key: string) => {
      const before = await step(ctx, "before the call", "called");
      const answer = await ctx.objectClient(keeper, key).slowly("from the caller");
      return [before, answer];
    },
    quick: async (ctx: Context, value: string) => await step(ctx, "quick", `${value} #${ran().steps.length}`),
  },
  options: { idempotencyRetention: { days: 7 } },
});

const keeper = object({
  name: "Keeper",
  handlers: {
    keep: async (ctx: ObjectContext, value: string) => {
      ctx.set("value", value);
    },
    /** Holds the key for an hour. */
    slowly: async (ctx: ObjectContext, value: string) => {
      const order = (await ctx.get<string[]>("order")) ?? [];
      ctx.set("order", [...order, value]);
      await ctx.sleep(HOUR_MS);
      return await step(ctx, "slowly", `slowly ${value}`);
    },
    /** Parked behind it. */
    append: async (ctx: ObjectContext, value: string) => {
      const order = [...((await ctx.get<string[]>("order")) ?? []), value];
      ctx.set("order", order);
      return order.length;
    },
    setLong: async (ctx: ObjectContext, seed: string) => {
      ctx.set("long", long(seed));
      ctx.set("short", seed);
    },
    get: handlers.object.shared(async (ctx: ObjectSharedContext, name: string) => await ctx.get(name)),
  },
});

const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext, name: string) => {
      ctx.set("name", name);
      await ctx.promise<string>("early").resolve(`early ${name}`);
      const decided = await ctx.promise<string>("decision");
      return [await ctx.promise<string>("early").get(), decided, await step(ctx, "decided", "done")];
    },
    decide: handlers.workflow.shared(async (ctx: WorkflowSharedContext, value: string) => {
      await ctx.promise<string>("decision").resolve(value);
    }),
    early: handlers.workflow.shared(async (ctx: WorkflowSharedContext) => [
      await ctx.promise<string>("early").peek(),
      await ctx.get<string>("name"),
    ]),
  },
});

export default [worker, keeper, flow];

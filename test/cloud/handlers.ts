/** What the cloud tests run beside the end-to-end suite's handlers. */
import { appendFileSync, readFileSync } from "node:fs";
import { type Context, object, service, workflow } from "perdure";
import type { ObjectContext, WorkflowContext, WorkflowSharedContext } from "perdure";

/** The second deployment changes it. It shows on which code an invocation runs. */
const BUILD = process.env["PERDURE_CLOUD_BUILD"] ?? "1";
/** A file that outlives the functions' processes. It stands for the outside world. */
const LOG = process.env["PERDURE_CLOUD_LOG"] ?? "/dev/null";

const note = (line: string): void => appendFileSync(LOG, `${line}\n`);
const noted = (line: string): number =>
  readFileSync(LOG, "utf8")
    .split("\n")
    .filter((each) => each === line).length;

export const cloud = service({
  name: "Cloud",
  handlers: {
    build: async () => BUILD,
    /** Returns how late it woke. */
    sleep: async (ctx: Context, ms: number) => {
      const dueMs = (await ctx.run("due", () => Date.now())) + ms;
      await ctx.sleep(ms);
      return await ctx.run("late", () => Date.now() - dueMs);
    },
    /** Its process dies in the middle of the second of three steps, the first time. */
    die: async (ctx: Context, name: string) => {
      const first = await ctx.run("first", () => note(`${name} first`));
      await ctx.run("second", () => {
        note(`${name} second`);
        if (noted(`${name} second`) === 1) process.exit(7);
      });
      await ctx.run("third", () => note(`${name} third`));
      return first === undefined ? noted(`${name} first`) : -1;
    },
    fail: async () => {
      throw new Error("on purpose");
    },
    /** Fails until the outside world is mended. */
    mend: async (ctx: Context, what: string) => {
      await ctx.run("begun", () => note(`begun ${what}`));
      if (noted(`mended ${what}`) === 0) throw new Error(`${what} is not mended`);
      return BUILD;
    },
    pause: async (ctx: Context, ms: number) =>
      await ctx.run("pause", () => new Promise<void>((resolve) => void setTimeout(resolve, ms))),
    /** Notes each turn of each link. */
    chain: async (ctx: Context, { name, depth }: { name: string; depth: number }): Promise<number> => {
      note(`chain ${name} ${depth}`);
      if (depth === 0) return 0;
      const next = ctx.serviceClient<{ chain: (ctx: Context, link: object) => Promise<number> }>({
        name: "Cloud",
      });
      return 1 + (await next.chain({ name, depth: depth - 1 }));
    },
  },
});

/** Suspends, and returns the builds on which it began and ended. */
export const across = workflow({
  name: "Across",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      const began = await ctx.run("build", () => BUILD);
      await ctx.promise("go");
      return { began, ended: BUILD };
    },
    go: async (ctx: WorkflowSharedContext) => {
      await ctx.promise("go").resolve();
    },
  },
});

/** Keeps its key while it waits, and counts. */
export const held = object({
  name: "Held",
  handlers: {
    hold: async (ctx: ObjectContext) => {
      ctx.set("count", ((await ctx.get<number>("count")) ?? 0) + 1);
      await ctx.signal<void>("go");
      ctx.set("count", ((await ctx.get<number>("count")) ?? 0) + 1);
      return BUILD;
    },
    count: async (ctx: ObjectContext) => {
      const count = ((await ctx.get<number>("count")) ?? 0) + 1;
      ctx.set("count", count);
      return count;
    },
  },
});

export default [cloud, across, held];

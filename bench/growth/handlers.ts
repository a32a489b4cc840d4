/** Handlers of the growth benchmarks. `resume` is one source for Perdure and for Restate's SDK. */
import type * as restate from "perdure/restate";
import type { Context, ObjectContext } from "perdure/restate";

type Sdk = Pick<typeof restate, "service" | "object">;

export interface Pass {
  /** From the handler's first line to the first line after its steps, milliseconds: live, or of a replay. */
  readonly ms: number;
  /** CPU time of the process meanwhile. On a busy machine more time than that has passed. */
  readonly cpuMs: number;
  readonly awakeable: string;
}

/** Runs `count` steps, then waits for an awakeable. `passed` is called each time that the code gets there. */
export const resumable = (sdk: Sdk, passed: (pass: Pass) => void) =>
  sdk.service({
    name: "Growth",
    handlers: {
      resume: async (ctx: Context, count: number) => {
        const startMs = performance.now();
        const startCpu = process.cpuUsage();
        for (let step = 0; step < count; step++) await ctx.run(`step ${step}`, () => step);
        const { id, promise } = ctx.awakeable<string>();
        const { user, system } = process.cpuUsage(startCpu);
        passed({ ms: performance.now() - startMs, cpuMs: (user + system) / 1000, awakeable: id });
        return await promise;
      },
    },
    // How soon Restate's server suspends what waits.
    options: { inactivityTimeout: 500 },
  });

export const keyed = (sdk: Sdk) =>
  sdk.object({
    name: "Keyed",
    handlers: {
      add: async (ctx: ObjectContext, by: number) => {
        const total = ((await ctx.get<number>("total")) ?? 0) + by;
        ctx.set("total", total);
        return total;
      },
      fill: async (ctx: ObjectContext, count: number) => {
        for (let n = 0; n < count; n++) ctx.set(`key ${n}`, n);
      },
      /** Reads a value and writes one of the same size. */
      rewrite: async (ctx: ObjectContext, bytes: number) => {
        const before = await ctx.get<string>("value");
        ctx.set("value", "x".repeat(bytes));
        return before?.length ?? 0;
      },
      rest: async (ctx: ObjectContext, ms: number) => {
        await ctx.sleep(ms);
      },
    },
  });

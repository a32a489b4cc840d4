/** What the soak calls. Retention is some seconds, so results expire while it runs. */
import { DurablePromise, object, service, TerminalError, workflow } from "perdure";
import type {
  Context,
  ObjectContext,
  ObjectSharedContext,
  WorkflowContext,
  WorkflowSharedContext,
} from "perdure";
import { handlers } from "perdure";

const RETENTION = { seconds: 20 };
const options = { idempotencyRetention: RETENTION, journalRetention: RETENTION };

/** How often the step of an invocation has failed. */
const failures = new Map<string, number>();

function failTwice(id: string): string {
  const count = failures.get(id) ?? 0;
  if (count < 2) {
    failures.set(id, count + 1);
    throw new Error(`failure ${count + 1} of 2`);
  }
  failures.delete(id);
  return "third time";
}

/** Ends early if the step is aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    const done = (text: string) => (): void => {
      clearTimeout(timer);
      resolve(text);
    };
    const timer = setTimeout(done("slept"), ms);
    signal.addEventListener("abort", done("aborted"), { once: true });
  });

interface Transfer {
  from: string;
  to: string;
  amount: number;
}

const jobs = service({
  name: "Jobs",
  options,
  handlers: {
    steps: async (ctx: Context, input: number): Promise<number> => {
      const first = await ctx.run("first", () => input + 1);
      const second = await ctx.run("second", async () => first * 2);
      return await ctx.run("third", () => second - 1);
    },
    slow: async (ctx: Context, ms: number): Promise<string> =>
      ctx.run("slow", ({ signal }) => pause(ms, signal)),
    nap: async (ctx: Context, ms: number): Promise<string> => {
      await ctx.sleep(ms);
      return "slept";
    },
    hops: async (ctx: Context, count: number): Promise<number> => {
      let sum = 0;
      for (let hop = 0; hop < count; hop++) {
        await ctx.sleep(100);
        sum += await ctx.run("hop", () => hop);
      }
      return sum;
    },
    flaky: async (ctx: Context): Promise<string> => {
      const { id } = ctx.request();
      return ctx.run("flaky", () => failTwice(id), { initialRetryInterval: 20 });
    },
    doomed: handlers.handler(
      { retryPolicy: { initialInterval: 10, maxAttempts: 3, onMaxAttempts: "kill" } },
      async (): Promise<void> => {
        throw new Error("doomed");
      },
    ),
    fan: async (ctx: Context, count: number): Promise<number> => {
      const calls = Array.from({ length: count }, (_, at) => ctx.serviceClient(steps).steps(at));
      return (await DurablePromise.all(calls)).reduce((sum, one) => sum + one, 0);
    },
    listen: async (ctx: Context): Promise<string> => ctx.signal<string>("go"),
    large: async (ctx: Context, length: number): Promise<string> =>
      ctx.run("large", () => "x".repeat(length)),
    transfer: async (ctx: Context, { from, to, amount }: Transfer): Promise<string> => {
      await ctx.objectClient(accounts, from).add(-amount);
      try {
        await ctx.objectClient(accounts, to).accept(amount);
      } catch (error) {
        await ctx.objectClient(accounts, from).add(amount);
        throw error;
      }
      return "moved";
    },
  },
});

/** For its own calls: a definition cannot name itself. */
const steps = { name: "Jobs" } as {
  name: "Jobs";
  handlers: { steps(ctx: Context, n: number): Promise<number> };
};

const accounts = object({
  name: "Accounts",
  options,
  handlers: {
    add: async (ctx: ObjectContext, amount: number): Promise<number> => {
      const total = ((await ctx.get<number>("total")) ?? 0) + amount;
      ctx.set("total", total);
      return total;
    },
    /** Holds the key while it sleeps. Odd amounts are refused. */
    accept: async (ctx: ObjectContext, amount: number): Promise<void> => {
      await ctx.sleep(20);
      if (amount % 2 === 1) throw new TerminalError("odd", { errorCode: 409 });
      ctx.set("total", ((await ctx.get<number>("total")) ?? 0) + amount);
    },
    total: handlers.object.shared(async (ctx: ObjectSharedContext) => (await ctx.get<number>("total")) ?? 0),
  },
});

const shelf = object({
  name: "Shelf",
  options,
  handlers: {
    put: async (ctx: ObjectContext, length: number): Promise<void> => ctx.set("text", "x".repeat(length)),
    clear: async (ctx: ObjectContext): Promise<void> => ctx.clearAll(),
  },
});

const approval = workflow({
  name: "Approval",
  options: { ...options, workflowRetention: RETENTION },
  handlers: {
    run: async (ctx: WorkflowContext, name: string): Promise<string> => {
      const { id, promise } = ctx.awakeable<string>();
      ctx.set("asked", id);
      const answer = await promise;
      return `${name}: ${answer}, ${await ctx.promise<string>("second")}`;
    },
    asked: handlers.workflow.shared(async (ctx: WorkflowSharedContext) => ctx.get<string>("asked")),
    second: handlers.workflow.shared(async (ctx: WorkflowSharedContext, text: string) =>
      ctx.promise<string>("second").resolve(text),
    ),
  },
});

export default [jobs, accounts, shelf, approval];

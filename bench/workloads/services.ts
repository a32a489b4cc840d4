/**
 * The handlers of the workloads: one source for Perdure and for Restate's SDK. It uses Restate's names, and gets the SDK as
 * a parameter.
 */
import type { TransactWrite } from "perdure";
import type * as restate from "perdure/restate";
import type { Context, ObjectContext, WorkflowContext, WorkflowSharedContext } from "perdure/restate";

/** As much of an SDK as the handlers use. */
export type Sdk = Pick<
  typeof restate,
  "service" | "object" | "workflow" | "RestatePromise" | "TerminalError"
>;

const echoOf = ({ service }: Sdk) =>
  service({ name: "Echo", handlers: { echo: async (_ctx: Context, n: number) => n } });

const tasksOf = ({ service, RestatePromise, TerminalError }: Sdk, echo: ReturnType<typeof echoOf>) =>
  service({
    name: "Tasks",
    handlers: {
      nothing: async (_ctx: Context, name: string) => `hello ${name}`,
      steps: async (ctx: Context, count: number) => {
        let sum = 0;
        for (let step = 0; step < count; step++) sum += await ctx.run(`step ${step}`, () => step);
        return sum;
      },
      parallel: async (ctx: Context, count: number) => {
        const runs = Array.from({ length: count }, (_, step) => ctx.run(`step ${step}`, () => step));
        return (await RestatePromise.all(runs)).length;
      },
      sleep: async (ctx: Context, ms: number) => {
        await ctx.sleep(ms);
        return "rested";
      },
      awakeable: async (ctx: Context) => {
        const { id, promise } = ctx.awakeable<string>();
        await ctx.run("ask", () => asked.shift()?.(id));
        return await promise;
      },
      saga: async (ctx: Context, count: number) => {
        const undo: string[] = [];
        try {
          for (let step = 1; step <= count; step++) {
            await ctx.run(`do ${step}`, () => {
              if (step === count) throw new TerminalError("no");
            });
            undo.push(`undo ${step}`);
          }
        } catch {
          for (const name of undo.toReversed()) await ctx.run(name, () => undefined);
        }
        return undo.length;
      },
      fanOut: async (ctx: Context, count: number) => {
        const calls = Array.from({ length: count }, (_, n) => ctx.serviceClient(echo).echo(n));
        return (await RestatePromise.all(calls)).length;
      },
      chain: async (ctx: Context, depth: number): Promise<number> =>
        depth === 0
          ? 0
          : 1 +
            (await ctx
              .serviceClient<{ chain: (ctx: Context, depth: number) => Promise<number> }>({ name: "Tasks" })
              .chain(depth - 1)),
    },
  });

const accountOf = ({ object }: Sdk) =>
  object({
    name: "Account",
    handlers: {
      add: async (ctx: ObjectContext, by: number) => {
        const total = ((await ctx.get<number>("total")) ?? 0) + by;
        ctx.set("total", total);
        return total;
      },
      fill: async (ctx: ObjectContext, count: number) => {
        for (let n = 0; n < count; n++) ctx.set(`key ${n}`, `value ${n}`);
      },
      readThree: async (ctx: ObjectContext) => {
        let found = 0;
        for (const n of [1, 500, 999]) if ((await ctx.get(`key ${n}`)) !== null) found++;
        return found;
      },
    },
  });

const lazyOf = ({ object }: Sdk) =>
  object({
    name: "Lazy",
    handlers: {
      readTen: async (ctx: ObjectContext) => {
        let found = 0;
        for (let n = 0; n < 10; n++) if ((await ctx.get(`key ${n}`)) !== null) found++;
        return found;
      },
    },
    options: { enableLazyState: true },
  });

const signupOf = ({ workflow }: Sdk) =>
  workflow({
    name: "Signup",
    handlers: {
      run: async (ctx: WorkflowContext) => {
        await ctx.run("mail", () => undefined);
        return await ctx.promise<string>("clicked");
      },
      click: async (ctx: WorkflowSharedContext, code: string) =>
        await ctx.promise<string>("clicked").resolve(code),
    },
  });

/** Restate's context has no transaction with the user's tables: with its SDK nobody calls this one. */
const ordersOf = ({ service }: Sdk) =>
  service({
    name: "Orders",
    handlers: {
      place: async (ctx: Context, { id, count }: { readonly id: string; readonly count: number }) => {
        await ctx.transact("reserve", () => Array.from({ length: count }, (_, at) => newItem(id, at)));
        return count;
      },
    },
  });

/** In two tables by turns. DynamoDB Local reports a table's units once, however many of its items a transaction writes. */
const newItem = (id: string, at: number): TransactWrite => ({
  Put: {
    TableName: at % 2 === 0 ? "orders" : "stock",
    Item: { id: `${id}-${at}` },
    ConditionExpression: "attribute_not_exists(id)",
  },
});

export function servicesOf(sdk: Sdk): readonly unknown[] {
  const echo = echoOf(sdk);
  return [echo, tasksOf(sdk, echo), accountOf(sdk), lazyOf(sdk), signupOf(sdk), ordersOf(sdk)];
}

const asked: ((id: string) => void)[] = [];
/** The id of the next awakeable that a handler creates, as the outside world would learn it. */
export const nextAwakeable = (): Promise<string> => new Promise((resolve) => void asked.push(resolve));

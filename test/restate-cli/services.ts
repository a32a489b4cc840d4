/**
 * What the published CLI and the queries look at: invocations that come to rest in every status, on Restate's server and on Perdure
 * alike. See workload.ts, which calls them.
 */
import { handlers, object, service, TerminalError, workflow } from "perdure";
import type {
  Context,
  ObjectContext,
  ObjectSharedContext,
  WorkflowContext,
  WorkflowSharedContext,
} from "perdure";

const AN_HOUR = { hours: 1 };
/** Restate's server suspends what does nothing for this long. Perdure does so at once. */
const inactivityTimeout = { milliseconds: 20 };
/** Long after the test. */
const BUSY_MS = 120_000;

const rarely = { initialInterval: AN_HOUR, maxInterval: AN_HOUR };

export const greeter = service({
  name: "Greeter",
  options: { inactivityTimeout },
  handlers: {
    greet: async (_ctx: Context, name: string) => `Hello, ${name}!`,

    refuse: async (_ctx: Context, name: string) => {
      throw new TerminalError(`${name} is not greeted`, { errorCode: 422 });
    },

    /** Backs off after its first attempt. */
    fail: handlers.handler({ retryPolicy: rarely }, async (ctx: Context, name: string) =>
      ctx.run("look up", () => {
        throw new Error(`${name} cannot be looked up`);
      }),
    ),

    /** Is paused after its first attempt. */
    stop: handlers.handler(
      { retryPolicy: { ...rarely, maxAttempts: 1, onMaxAttempts: "pause" } },
      async (_ctx: Context, name: string) => {
        throw new Error(`${name} stops everything`);
      },
    ),

    /** Runs for as long as the test lasts. */
    work: async (ctx: Context) =>
      ctx.run("work", async () => {
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS).unref());
        return "worked";
      }),

    sleep: async (ctx: Context) => {
      await ctx.run("prepare", () => ({ bed: "made" }));
      await ctx.sleep(AN_HOUR, "a nap");
    },
  },
});

export const counter = object({
  name: "Counter",
  options: { inactivityTimeout },
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + by;
      ctx.set("sum", sum);
      ctx.set("last", { by, note: "größer" });
      return sum;
    },

    /** Holds its key until somebody completes the awakeable. */
    hold: async (ctx: ObjectContext) => {
      const { id, promise } = ctx.awakeable<string>();
      ctx.set("token", id);
      return await promise;
    },

    read: handlers.object.shared(async (ctx: ObjectSharedContext) => ctx.get<number>("sum")),
  },
});

export const signup = workflow({
  name: "Signup",
  options: { inactivityTimeout },
  handlers: {
    run: async (ctx: WorkflowContext, email: string) => {
      ctx.set("email", email);
      const answer = await ctx.promise<string>("verified");
      return `${email}: ${answer}`;
    },

    verify: handlers.workflow.shared(async (ctx: WorkflowSharedContext, answer: string) => {
      await ctx.promise<string>("verified").resolve(answer);
    }),
  },
});

export const chain = service({
  name: "Chain",
  options: { inactivityTimeout },
  handlers: {
    /** One entry of most kinds. */
    run: async (ctx: Context, key: string) => {
      const user = await ctx.run("create user", () => ({ user: key }));
      await ctx.sleep({ milliseconds: 50 }, "a moment");
      const sum = await ctx.objectClient(counter, key).add(1);
      ctx.serviceSendClient(greeter).greet(key);
      return { user, sum };
    },
  },
});

export default [greeter, counter, signup, chain];

/**
 * A workflow that waits for two people. A moderator approves: an awakeable, completed over HTTP. The owner of an e-mail
 * address verifies it: a workflow promise, completed by another handler. Waiting for days costs no more than for seconds.
 */
import { randomInt } from "node:crypto";
import { CancelledError, handlers, object, TerminalError, TimeoutError, workflow } from "perdure";
import type { ObjectContext, ObjectSharedContext, WorkflowContext, WorkflowSharedContext } from "perdure";

interface SignupRequest {
  email: string;
  /** How long the moderator and the owner of the address have, in milliseconds. */
  approvalMs?: number;
  verificationMs?: number;
}

interface SignupState {
  status: "awaiting approval" | "awaiting verification" | Result["status"] | "failed";
  code: string;
}

type SignupContext = WorkflowContext<SignupState>;

const ALREADY_COMPLETED = 409;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Keyed by the user's name. */
export const signup = workflow({
  name: "Signup",
  handlers: {
    run: async (ctx: SignupContext, request: SignupRequest) => {
      checkEmail(request);
      const account = ctx.objectClient(userAccount, request.email);
      try {
        await account.create({ user: ctx.key });
        const result = await decide(ctx, request);
        if (result.status === "active") await account.activate();
        else await account.remove({ user: ctx.key });
        ctx.set("status", result.status);
        return result;
      } catch (error) {
        // Any other error is retried. The signup is then still under way.
        if (!(error instanceof TerminalError)) throw error;
        await account.remove({ user: ctx.key });
        ctx.set("status", "failed");
        throw error;
      }
    },

    verifyEmail: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext<SignupState>, answer: { code: string } | undefined) => {
        const expected = await ctx.get("code");
        if (expected === null) throw new TerminalError("There is nothing to verify yet", { errorCode: 409 });
        if (answer?.code !== expected) throw new TerminalError("Wrong code", { errorCode: 403 });
        // A promise can be completed only once, but people click on a link twice. The second click is refused, and that is all right.
        const clicked = await outcome(ctx.promise<boolean>("email verified").resolve(true));
        if (clicked instanceof TerminalError && clicked.code !== ALREADY_COMPLETED) throw clicked;
      },
    ),

    status: handlers.workflow.shared(async (ctx: WorkflowSharedContext<SignupState>) => ctx.get("status")),
  },
});

type Result =
  | { status: "active"; approvedBy: string }
  | { status: "rejected"; reason: string }
  | { status: "expired" }
  | { status: "unverified" };

async function decide(
  ctx: SignupContext,
  { email, approvalMs, verificationMs }: SignupRequest,
): Promise<Result> {
  // The id is enough to complete the promise: POST /restate/awakeables/{id}/resolve or .../reject
  const approval = ctx.awakeable<string>();
  ctx.set("status", "awaiting approval");
  ctx.objectSendClient(outbox, "moderator").post({ text: `May ${ctx.key} join?`, approval: approval.id });
  const answer = await outcome(approval.promise.orTimeout(approvalMs ?? 3 * DAY_MS));
  if (answer instanceof TimeoutError) return { status: "expired" };
  if (answer instanceof TerminalError) return { status: "rejected", reason: answer.message };

  // It is drawn in a step, so a replay has the same code that was mailed.
  const code = await ctx.run("draw a code", () => String(randomInt(100_000, 1_000_000)));
  ctx.set("code", code);
  ctx.set("status", "awaiting verification");
  ctx.objectSendClient(outbox, email).post({ text: "Please verify your address", code });
  const verification = ctx.promise<boolean>("email verified").get();
  const verified = await outcome(verification.orTimeout(verificationMs ?? DAY_MS));
  return verified === true ? { status: "active", approvedBy: answer } : { status: "unverified" };
}

/** Returns the answer, or the terminal error instead. It throws only a cancellation and what will be retried. */
async function outcome<T>(answer: PromiseLike<T>): Promise<T | TerminalError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TerminalError && !(error instanceof CancelledError)) return error;
    throw error;
  }
}

function checkEmail(request: SignupRequest | undefined): void {
  if (!/^[^@\s]+@[^@\s]+$/.test(request?.email ?? "")) {
    throw new TerminalError("An e-mail address is needed", { errorCode: 400 });
  }
}

/** Keyed by e-mail address, so that an address has one user. */
export const userAccount = object({
  name: "UserAccount",
  handlers: {
    create: async (ctx: ObjectContext<Profile>, { user }: { user: string }) => {
      const owner = await ctx.get("user");
      if (owner !== null) throw new TerminalError(`${ctx.key} is taken`, { errorCode: 409 });
      ctx.set("user", user);
      ctx.set("active", false);
    },
    activate: async (ctx: ObjectContext<Profile>) => ctx.set("active", true),
    /** Does nothing if the address belongs to another user. */
    remove: async (ctx: ObjectContext<Profile>, { user }: { user: string }) => {
      if ((await ctx.get("user")) === user) ctx.clearAll();
    },
    profile: handlers.object.shared(async (ctx: ObjectSharedContext<Profile>) => {
      const user = await ctx.get("user");
      return user === null ? null : { user, active: (await ctx.get("active")) ?? false };
    }),
  },
});

interface Profile {
  user: string;
  active: boolean;
}

/** Stands for a mail server, with one box for each recipient. */
export const outbox = object({
  name: "Outbox",
  handlers: {
    post: async (ctx: ObjectContext<{ messages: Message[] }>, message: Message) => {
      ctx.set("messages", [...((await ctx.get("messages")) ?? []), message]);
    },
    messages: handlers.object.shared(
      async (ctx: ObjectSharedContext<{ messages: Message[] }>) => (await ctx.get("messages")) ?? [],
    ),
  },
});

interface Message {
  text: string;
  /** The awakeable to resolve. */
  approval?: string;
  code?: string;
}

export default [signup, userAccount, outbox];

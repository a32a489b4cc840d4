/**
 * A subscription that is paid each month, for years. A virtual object by customer holds its state, and no process waits: each month is
 * a delayed message of the object to itself. A message of a subscription that has changed meanwhile is recognised by its number.
 */
import { handlers, object, rpc, TerminalError } from "perdure";
import type { ObjectContext, ObjectSharedContext } from "perdure";

const PLANS = { basic: 500, team: 2900 } as const;
type Plan = keyof typeof PLANS;

export interface Subscription {
  plan: Plan;
  status: "active" | "past due" | "ending" | "ended";
  /** Months that were paid. */
  paid: number;
}
interface BillingState {
  subscription: Subscription;
  /** The number of the message that is awaited. All others are old. */
  awaited: number;
}
type BillingContext = ObjectContext<BillingState>;

const MONTH = { days: 30 };
/** A card that is declined is tried again after these days. Then the subscription ends. */
const TRY_AGAIN_DAYS = [1, 3, 7];

/** Keyed by the customer. */
export const billing = object({
  name: "Billing",
  handlers: {
    start: async (ctx: BillingContext, plan: Plan) => {
      if (!Object.hasOwn(PLANS, plan))
        throw new TerminalError(`There is no plan ${plan}`, { errorCode: 400 });
      const found = await ctx.get("subscription");
      if (found && found.status !== "ended") throw new TerminalError("There is one", { errorCode: 409 });
      return await pay(ctx, { plan, status: "active", paid: 0 }, 0);
    },

    /** Holds from the next month on. */
    change: async (ctx: BillingContext, plan: Plan) => {
      if (!Object.hasOwn(PLANS, plan))
        throw new TerminalError(`There is no plan ${plan}`, { errorCode: 400 });
      return save(ctx, { ...(await current(ctx)), plan });
    },

    /** What is paid for can still be used. */
    cancel: async (ctx: BillingContext) => {
      const subscription = await current(ctx);
      // There is no month to wait for if the last one is not paid.
      return save(ctx, { ...subscription, status: subscription.status === "past due" ? "ended" : "ending" });
    },

    /** The object's message to itself. Nobody else may call it over HTTP. */
    due: handlers.object.exclusive(
      { ingressPrivate: true },
      async (ctx: BillingContext, { number, tries }: { number: number; tries: number }) => {
        if (number !== (await ctx.get("awaited"))) return;
        const subscription = await current(ctx);
        if (subscription.status === "ending") save(ctx, { ...subscription, status: "ended" });
        else if (subscription.status !== "ended") await pay(ctx, subscription, tries);
      },
    ),

    show: handlers.object.shared(
      async (ctx: ObjectSharedContext<BillingState>) => await ctx.get("subscription"),
    ),
  },
});

async function current(ctx: BillingContext): Promise<Subscription> {
  const subscription = await ctx.get("subscription");
  if (!subscription || subscription.status === "ended")
    throw new TerminalError("There is no subscription", { errorCode: 404 });
  return subscription;
}

function save(ctx: BillingContext, subscription: Subscription): Subscription {
  ctx.set("subscription", subscription);
  return subscription;
}

/** `tries`: how often this month was declined. */
async function pay(ctx: BillingContext, subscription: Subscription, tries: number): Promise<Subscription> {
  const month = subscription.paid + 1;
  const cents = PLANS[subscription.plan];
  const isPaid = await ctx.run(`month ${month}, try ${tries + 1}`, () => charge(ctx.key, month, cents));
  if (isPaid) {
    await next(ctx, MONTH, 0);
    return save(ctx, { ...subscription, status: "active", paid: month });
  }
  const days = TRY_AGAIN_DAYS[tries];
  if (days === undefined || subscription.paid === 0) return save(ctx, { ...subscription, status: "ended" });
  await next(ctx, { days }, tries + 1);
  return save(ctx, { ...subscription, status: "past due" });
}

async function next(ctx: BillingContext, delay: { days: number }, tries: number): Promise<void> {
  const number = ((await ctx.get("awaited")) ?? 0) + 1;
  ctx.set("awaited", number);
  ctx.objectSendClient(billing, ctx.key).due({ number, tries }, rpc.sendOpts({ delay }));
}

/** Stands for a payment service, which recognises a repetition by customer and month. Customers named "broke" have no money. */
function charge(customer: string, month: number, cents: number): boolean {
  const isPaid = !(customer.startsWith("broke") && month > 1);
  console.log(`${customer}, month ${month}: ${cents} cents ${isPaid ? "paid" : "declined"}`);
  return isPaid;
}

export default [billing];

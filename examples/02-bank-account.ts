/**
 * Virtual objects: each key has its own state, and its handlers run one at a time. Nothing happens between reading a balance
 * and writing it. So no update is lost, and the code needs neither transactions nor locks.
 */
import { CancelledError, handlers, object, TerminalError } from "perdure";
import type { ObjectContext, ObjectSharedContext } from "perdure";

/** Money that came in (or went out, if `cents` is negative), and the balance after it. */
interface Booking {
  reference: string;
  cents: number;
  balance: number;
}

interface AccountState {
  bookings: Booking[];
  closed: boolean;
}

interface Payment {
  cents: number;
  /** A payment is booked once for each reference, even if it is requested more often. */
  reference?: string;
}

type AccountContext = ObjectContext<AccountState>;
type AccountReader = ObjectSharedContext<AccountState>;

export const account = object({
  name: "Account",
  handlers: {
    deposit: async (ctx: AccountContext, payment: Payment) => {
      const { cents, reference } = await checkPayment(ctx, payment);
      return book(ctx, cents, reference);
    },

    withdraw: async (ctx: AccountContext, payment: Payment) => {
      const { cents, reference } = await checkPayment(ctx, payment);
      return book(ctx, -cents, reference);
    },

    /** Undoes a withdrawal. Does nothing if there was none, and reopens an account closed in the meantime. */
    refund: async (ctx: AccountContext, { reference }: { reference: string }) => {
      const withdrawal = (await readBookings(ctx)).find((booking) => booking.reference === reference);
      if (withdrawal === undefined) return;
      ctx.clear("closed");
      await book(ctx, -withdrawal.cents, `refund of ${reference}`);
    },

    close: async (ctx: AccountContext) => {
      const balance = balanceOf(await readBookings(ctx));
      if (balance > 0) {
        throw new TerminalError(`Account ${ctx.key} still holds ${balance} cents`, { errorCode: 409 });
      }
      ctx.set("closed", true);
    },

    // Shared handlers only read. They run side by side, and never wait for the others.
    balance: handlers.object.shared(async (ctx: AccountReader) => balanceOf(await readBookings(ctx))),
    statement: handlers.object.shared(async (ctx: AccountReader) => readBookings(ctx)),
  },
});

// The balance has no state of its own: a reader could see one of the two new and the other old.
const balanceOf = (bookings: Booking[]) => bookings.at(-1)?.balance ?? 0;

async function readBookings(ctx: AccountReader): Promise<Booking[]> {
  return (await ctx.get("bookings")) ?? [];
}

async function checkPayment(ctx: AccountContext, payment: Payment | undefined): Promise<Payment> {
  if (await ctx.get("closed")) throw new TerminalError(`Account ${ctx.key} is closed`, { errorCode: 410 });
  if (payment === undefined || !isAmount(payment.cents)) {
    throw new TerminalError("A payment needs a positive number of cents", { errorCode: 400 });
  }
  return payment;
}

const isAmount = (cents: unknown) => Number.isSafeInteger(cents) && Number(cents) > 0;

/** Writes one booking, unless its reference is booked already. Answers the balance. */
async function book(ctx: AccountContext, cents: number, reference: string = ctx.request().id) {
  const bookings = await readBookings(ctx);
  const balance = balanceOf(bookings);
  if (bookings.some((booking) => booking.reference === reference)) return balance;
  if (balance + cents < 0) {
    throw new TerminalError(`Account ${ctx.key} holds ${balance} cents, not ${-cents}`, { errorCode: 409 });
  }
  ctx.set("bookings", [...bookings, { reference, cents, balance: balance + cents }]);
  return balance + cents;
}

interface TransferOrder {
  from: string;
  to: string;
  cents: number;
}

type TransferResult = TransferOrder & { status: "done" | "refused"; reason?: string };
type TransferContext = ObjectContext<{ result: TransferResult }>;

/**
 * Moves money from one account to another, exactly once. The transfer's id is its key. So a transfer that is ordered twice,
 * at the same moment or a year later, is carried out once and answered twice.
 */
export const transfer = object({
  name: "Transfer",
  handlers: {
    execute: async (ctx: TransferContext, order: TransferOrder) => {
      checkOrder(order);
      const earlier = await ctx.get("result");
      if (earlier !== null) return sameOrder(ctx.key, earlier, order);

      const result = await move(ctx, order);
      ctx.set("result", result);
      return result;
    },
  },
});

async function move(ctx: TransferContext, { from, to, cents }: TransferOrder): Promise<TransferResult> {
  const source = ctx.objectClient(account, from);
  const target = ctx.objectClient(account, to);
  const payment = { cents, reference: `transfer ${ctx.key}` };
  try {
    // Each call is recorded before it is made. A crash between the two calls repeats neither and forgets neither.
    await source.withdraw(payment);
    await insist(() => target.deposit(payment));
    return { from, to, cents, status: "done" };
  } catch (error) {
    // Any other error is retried. The transfer is then still under way, so nothing is undone.
    if (!(error instanceof TerminalError)) throw error;
    await insist(() => source.refund(payment));
    return { from, to, cents, status: "refused", reason: error.message };
  }
}

/**
 * A cancellation in the middle of a call hides whether the call took effect. The transfer must know it: a refund of money
 * that did arrive would create money. So it makes the call again. Its reference makes the second call harmless.
 */
async function insist<T>(call: () => PromiseLike<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
    }
  }
}

function checkOrder(order: TransferOrder | undefined): void {
  if (!order?.from || !order.to || order.from === order.to || !isAmount(order.cents)) {
    throw new TerminalError("A transfer needs two accounts and a positive number of cents", {
      errorCode: 400,
    });
  }
}

function sameOrder(id: string, earlier: TransferResult, order: TransferOrder): TransferResult {
  if (earlier.from !== order.from || earlier.to !== order.to || earlier.cents !== order.cents) {
    throw new TerminalError(`Transfer ${id} was another one`, { errorCode: 409 });
  }
  return earlier;
}

export default [account, transfer];

/**
 * A saga: several outside systems, each of which can refuse, and no transaction around them. For each effect the handler
 * notes how to undo it. If the order fails or is cancelled, it undoes what was done, last first.
 */
import { CancelledError, DurablePromise, handlers, object, TerminalError, workflow } from "perdure";
import type { ObjectContext, ObjectSharedContext, WorkflowContext, WorkflowSharedContext } from "perdure";

interface OrderRequest {
  card: string;
  city: string;
  items: { sku: string; quantity: number }[];
  /** How long packing takes, in milliseconds. */
  packing?: number;
}

interface OrderState {
  status: "paying" | "reserving" | "packing" | "shipping" | "shipped" | "undoing" | "failed" | "cancelled";
}

/** A workflow's `run` is carried out once for each key, here the order's number. */
export const order = workflow({
  name: "Order",
  handlers: {
    run: async (ctx: WorkflowContext<OrderState>, request: OrderRequest) => {
      const undoings: (() => PromiseLike<unknown>)[] = [];
      try {
        return await fulfil(ctx, request, undoings);
      } catch (error) {
        // Any other error is retried. The order is then still under way, so nothing is undone.
        if (!(error instanceof TerminalError)) throw error;
        ctx.set("status", "undoing");
        // A cancellation arrives once, as an error. After it the context works as before.
        for (const undo of undoings.toReversed()) await undo();
        ctx.set("status", error instanceof CancelledError ? "cancelled" : "failed");
        throw error;
      }
    },

    status: handlers.workflow.shared(async (ctx: WorkflowSharedContext<OrderState>) => ctx.get("status")),
  },
});

async function fulfil(
  ctx: WorkflowContext<OrderState>,
  request: OrderRequest,
  undoings: (() => PromiseLike<unknown>)[],
) {
  const { card, city, items, packing = 2000 } = checkRequest(request);
  // An idempotency key: an outside system that is asked twice with the same key acts once.
  const key = `order ${ctx.key}`;
  const cents = await step(ctx, "price the order", () => priceOf(items));

  // The undoing is noted before the effect, because a cancellation in the middle of a call hides whether the call took
  // effect. Undoing what never happened does nothing.
  ctx.set("status", "paying");
  const gateway = ctx.objectClient(paymentGateway, card);
  undoings.push(() => gateway.refund({ key }));
  await gateway.charge({ key, cents });

  ctx.set("status", "reserving");
  const reservations = items.map(({ sku, quantity }, index) => {
    const line = `${key}, line ${index + 1}`;
    const shelf = ctx.objectClient(warehouse, sku);
    undoings.push(() => shelf.release({ key: line }));
    return shelf.reserve({ key: line, quantity });
  });
  await DurablePromise.all(reservations);

  ctx.set("status", "packing");
  await ctx.sleep(packing, "packing");

  ctx.set("status", "shipping");
  const label = await step(ctx, "print the label", () => `${city.toUpperCase()}-${ctx.key}`);
  const depot = ctx.objectClient(courier, city);
  undoings.push(() => depot.recall({ key }));
  await depot.ship({ key, label });

  ctx.set("status", "shipped");
  return { order: ctx.key, cents, label };
}

/** A recorded step that prints a line. The line appears once in the server's output, even if the handler is replayed. */
function step<T>(ctx: WorkflowContext<OrderState>, name: string, action: () => T) {
  const { key } = ctx;
  return ctx.run(name, () => {
    console.log(`order ${key}: ${name}`);
    return action();
  });
}

function checkRequest(request: OrderRequest | undefined): OrderRequest {
  const { card, city, items } = request ?? {};
  const orderable =
    items?.length && items.every(({ quantity }) => Number.isSafeInteger(quantity) && quantity > 0);
  if (!request || !card || !city || !orderable) {
    throw new TerminalError("An order needs a card, a city, and items with a quantity", { errorCode: 400 });
  }
  return request;
}

const prices = new Map([
  ["teapot", 2450],
  ["cup", 690],
  ["tea", 1200],
]);

function priceOf(items: OrderRequest["items"]): number {
  return items.reduce((cents, { sku, quantity }) => {
    const price = prices.get(sku);
    if (price === undefined) throw new TerminalError(`We do not sell "${sku}"`, { errorCode: 400 });
    return cents + price * quantity;
  }, 0);
}

// The outside systems. Each keeps a ledger of what it did, with one entry for each key. Look at the ledgers with curl.

const CREDIT_LIMIT_CENTS = 100_000;
const FIRST_STOCK = 10;

/** Keyed by card. */
export const paymentGateway = object({
  name: "PaymentGateway",
  handlers: {
    charge: async (ctx: LedgerContext, { key, cents }: { key: string; cents: number }) =>
      enter(ctx, { key, amount: cents, calls: 1 }, (charged) => {
        if (charged + cents <= CREDIT_LIMIT_CENTS) return;
        throw new TerminalError(`Card ${ctx.key} is declined`, { errorCode: 402 });
      }),
    refund: async (ctx: LedgerContext, { key }: { key: string }) => revert(ctx, key),
    ledger: handlers.object.shared(async (ctx: LedgerReader) => entries(ctx)),
  },
});

/** Keyed by article. */
export const warehouse = object({
  name: "Warehouse",
  handlers: {
    reserve: async (ctx: LedgerContext, { key, quantity }: { key: string; quantity: number }) =>
      enter(ctx, { key, amount: quantity, calls: 1 }, (reserved) => {
        if (reserved + quantity <= FIRST_STOCK) return;
        throw new TerminalError(`Only ${FIRST_STOCK - reserved} of ${ctx.key} left`, { errorCode: 409 });
      }),
    release: async (ctx: LedgerContext, { key }: { key: string }) => revert(ctx, key),
    stock: handlers.object.shared(async (ctx: LedgerReader) => FIRST_STOCK - total(await entries(ctx))),
    ledger: handlers.object.shared(async (ctx: LedgerReader) => entries(ctx)),
  },
});

/** Keyed by city. */
export const courier = object({
  name: "Courier",
  handlers: {
    ship: async (ctx: LedgerContext, { key, label }: { key: string; label: string }) =>
      enter(ctx, { key, amount: 1, calls: 1, label }),
    recall: async (ctx: LedgerContext, { key }: { key: string }) => revert(ctx, key),
    ledger: handlers.object.shared(async (ctx: LedgerReader) => entries(ctx)),
  },
});

interface Entry {
  key: string;
  amount: number;
  /** How often it was requested. It is done once. */
  calls: number;
  label?: string;
}

type LedgerContext = ObjectContext<{ entries: Entry[] }>;
type LedgerReader = ObjectSharedContext<{ entries: Entry[] }>;

const total = (ledger: Entry[]) => ledger.reduce((sum, { amount }) => sum + amount, 0);

async function entries(ctx: LedgerReader): Promise<Entry[]> {
  return (await ctx.get("entries")) ?? [];
}

async function enter(ctx: LedgerContext, entry: Entry, check?: (total: number) => void): Promise<void> {
  const ledger = await entries(ctx);
  const known = ledger.find(({ key }) => key === entry.key);
  if (known) {
    known.calls += 1;
  } else {
    check?.(total(ledger));
    ledger.push(entry);
  }
  ctx.set("entries", ledger);
}

async function revert(ctx: LedgerContext, key: string): Promise<void> {
  const done = (await entries(ctx)).find((entry) => entry.key === key);
  if (done !== undefined) await enter(ctx, { key: `undo ${key}`, amount: -done.amount, calls: 1 });
}

export default [order, paymentGateway, warehouse, courier];

/** What the records of the test start. All of it ends in ledgers, by sends, which happen once for each invocation. */
import { handlers, object, service, workflow } from "perdure";
import type { Context, ObjectContext, ObjectSharedContext, WorkflowContext } from "perdure";

interface Order {
  readonly id: number;
}

const ledger = object({
  name: "Ledger",
  handlers: {
    note: async (ctx: ObjectContext, id: number) => {
      ctx.set("ids", [...((await ctx.get<number[]>("ids")) ?? []), id]);
    },
    ids: handlers.object.shared(async (ctx: ObjectSharedContext) => (await ctx.get<number[]>("ids")) ?? []),
  },
});

const svc = service({
  name: "Svc",
  handlers: {
    handler: async (ctx: Context, { id }: Order) => {
      ctx.objectSendClient(ledger, `service-${id % 20}`).note(id);
    },
  },
});

/** In the order of its key: it writes its own list. */
const account = object({
  name: "Account",
  handlers: {
    add: async (ctx: ObjectContext, { id }: Order) => {
      ctx.set("ids", [...((await ctx.get<number[]>("ids")) ?? []), id]);
    },
    ids: handlers.object.shared(async (ctx: ObjectSharedContext) => (await ctx.get<number[]>("ids")) ?? []),
  },
});

const order = workflow({
  name: "Order",
  handlers: {
    run: async (ctx: WorkflowContext, { id }: Order) => {
      ctx.objectSendClient(ledger, `workflow-${id % 20}`).note(id);
    },
  },
});

export default [svc, account, order, ledger];

/** Services that are not in the test's process: what they answer, and how they were called. */
import {
  handlers,
  iface,
  object,
  service,
  TerminalError,
  workflow,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { TestEnvironment } from "perdure/testing";
import { expect, expectTypeOf, test } from "vitest";

const payments = service({
  name: "Payments",
  handlers: {
    charge: async (_ctx: Context, order: { readonly amount: number }) => `paid ${order.amount}`,
    refund: async (_ctx: Context, _receipt: string) => true,
  },
});
const stock = object({
  name: "Stock",
  handlers: {
    take: async (_ctx: ObjectContext, _pieces: number) => 0,
    left: handlers.object.shared(async (_ctx: ObjectSharedContext) => 0),
  },
});
const parcel = workflow({
  name: "Parcel",
  handlers: {
    run: async (_ctx: WorkflowContext, _to: string) => "sent",
    where: async (_ctx: WorkflowSharedContext) => "here",
  },
});
const mail = iface.service("Mail", { send: iface.json<{ to: string }, boolean>() });
const shop = service({
  name: "Shop",
  handlers: {
    buy: async (ctx: Context, amount: number) => {
      const receipt = await ctx.serviceClient(payments).charge({ amount });
      const left = await ctx.objectClient(stock, "tea").take(1);
      const sent = await ctx.workflowClient(parcel, receipt).run("Porto");
      const mailed = await ctx.client(mail).send({ to: "ada" });
      return { receipt, left, sent, mailed };
    },
    left: async (ctx: Context) => await ctx.objectClient(stock, "tea").left(),
    refund: async (ctx: Context) => await ctx.serviceClient(payments).refund("r"),
    other: async (ctx: Context) =>
      await ctx.serviceClient<typeof payments>({ name: "Other" }).charge({ amount: 1 }),
  },
});

test("a service, an object, a workflow and a contract", async () => {
  await using environment = await TestEnvironment.start({ services: [shop], time: "auto" });
  const charge = environment.stub(payments, {
    charge: ({ amount }) => {
      expectTypeOf(amount).toEqualTypeOf<number>();
      if (amount < 0) throw new TerminalError("too little", { errorCode: 402 });
      return `receipt of ${amount}`;
    },
  });
  const taken = environment.stub(stock, {
    take: async (pieces, { key }) => pieces + (key?.length ?? 0),
    left: () => 7,
  });
  environment.stub(parcel, { run: (to) => `to ${to}` });
  environment.stub(mail, { send: ({ to }) => to === "ada" });
  expect(await environment.service(shop).buy(5)).toEqual({
    ...{ receipt: "receipt of 5", left: 4, sent: "to Porto", mailed: true },
  });
  expect(await environment.service(shop).left()).toBe(7);
  expect(charge.calls("charge")).toMatchObject([{ handler: "charge", input: { amount: 5 } }]);
  expect(taken.calls().map(({ handler, key, input }) => [handler, key, input])).toEqual([
    ["take", "tea", 1],
    ["left", "tea", undefined],
  ]);
  await expect(environment.service(shop).buy(-1)).rejects.toMatchObject({ status: 402 });
  await expect(environment.service(shop).refund()).rejects.toThrow(
    /the stub of Payments does not say what refund answers; it does of: charge/u,
  );
  // @ts-expect-error -- the definition has no such handler
  expect(() => environment.stub(payments, { pay: () => "" })).toThrow(
    "the stub of Payments: it has no handler pay; it has charge, refund",
  );
  // @ts-expect-error -- the result is a text
  void (() => environment.stub(payments, { charge: () => 5 }));
});

test("by its name; an answer that fails is asked again; what is not there is said", async () => {
  await using environment = await TestEnvironment.start({ services: [shop], time: "auto" });
  let calls = 0;
  environment.stub("Other", {
    charge: ({ amount }: { readonly amount: number }) => {
      if (++calls < 3) throw new Error("not now");
      return `other ${amount}`;
    },
  });
  expect(await environment.service(shop).other()).toBe("other 1");
  expect(calls).toBe(3);
  await expect(environment.service(shop).refund()).rejects.toThrow(
    /Payments.refund was not found: no service .*Payments.* is registered\. This environment has Shop \(buy, left, refund, other\), Other \(charge\)\. environment\.stub\(\.\.\.\) stands/u,
  );
});

test("in place of a service of this process", async () => {
  await using environment = await TestEnvironment.start({ services: [shop, payments] });
  environment.stub(payments, { refund: () => false });
  expect(await environment.service(shop).refund()).toBe(false);
});

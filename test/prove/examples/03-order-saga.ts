import assert from "node:assert/strict";
import services, { courier, order, paymentGateway, warehouse } from "../../../examples/03-order-saga.ts";
import type { Example } from "../example.ts";

const items = (quantity: number) => [
  { sku: "teapot", quantity: 1 },
  { sku: "tea", quantity },
];

export const example: Example = {
  services,
  compare: "returned",
  test: async (environment) => {
    const run = (id: string, quantity: number) =>
      environment.workflow(order, id).run({ card: `card ${id}`, city: "Porto", items: items(quantity) });
    await run("a", 2);
    // There are not enough: it is undone.
    await assert.rejects(run("b", 9), /Only 8 of tea left/u);
    const amounts = async (ledger: Promise<{ key: string; amount: number; calls: number }[]>) =>
      (await ledger).map(({ key, amount, calls }) => `${key}: ${amount}, ${calls}`).toSorted();
    return {
      paid: [
        await amounts(environment.object(paymentGateway, "card a").ledger()),
        await amounts(environment.object(paymentGateway, "card b").ledger()),
      ],
      teapots: await environment.object(warehouse, "teapot").stock(),
      shipped: await amounts(environment.object(courier, "Porto").ledger()),
      status: [
        await environment.workflow(order, "a").status(),
        await environment.workflow(order, "b").status(),
      ],
    };
  },
};

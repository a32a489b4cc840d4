import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalServer, until } from "./support/server.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start("03-order-saga.ts");
});
afterAll(() => server?.stop());

/** What one outside system did: key → [amount, how often it was requested]. */
async function ledger(path: string): Promise<Record<string, [number, number]>> {
  const entries = await server.call<{ key: string; amount: number; calls: number }[]>(`${path}/ledger`);
  return Object.fromEntries(entries.map(({ key, amount, calls }) => [key, [amount, calls]]));
}

async function journal(id: string): Promise<unknown[]> {
  const { entries } = await server.admin<{ entries: unknown[] }>("GET", `invocations/${id}/journal`);
  return entries;
}

const status = (order: string) => server.call<string | null>(`Order/${order}/status`);
const untilPacking = (order: string) =>
  until(
    () => status(order),
    (answer) => answer === "packing",
  );
const stepsOf = (order: string) =>
  [...server.output.matchAll(new RegExp(`order ${order}: (.*)`, "g"))].map(([, step]) => step);

test("pays, reserves, packs and ships", async () => {
  const items = [
    { sku: "teapot", quantity: 1 },
    { sku: "cup", quantity: 4 },
  ];
  await expect(
    server.call("Order/a/run", { card: "card-a", city: "Porto", items, packing: 50 }),
  ).resolves.toEqual({
    order: "a",
    cents: 5210,
    label: "PORTO-a",
  });
  await expect(status("a")).resolves.toBe("shipped");
  await expect(ledger("PaymentGateway/card-a")).resolves.toEqual({ "order a": [5210, 1] });
  await expect(ledger("Warehouse/teapot")).resolves.toEqual({ "order a, line 1": [1, 1] });
  await expect(server.call("Warehouse/cup/stock")).resolves.toBe(6);
  await expect(ledger("Courier/Porto")).resolves.toEqual({ "order a": [1, 1] });
  expect(stepsOf("a")).toEqual(["price the order", "print the label"]);
});

test.each([undefined, {}, { card: "c", city: "Porto", items: [] }])(
  "refuses %j as an order",
  async (request) => {
    const order = `bad-${JSON.stringify(request)?.length}`;
    await expect(server.call(`Order/${order}/run`, request)).rejects.toMatchObject({ status: 400 });
  },
);

test("a declined card stops the order before anything is reserved", async () => {
  const items = [{ sku: "tea", quantity: 84 }];
  await expect(server.call("Order/b/run", { card: "card-b", city: "Gent", items })).rejects.toMatchObject({
    status: 402,
    message: "Card card-b is declined",
  });
  await expect(status("b")).resolves.toBe("failed");
  await expect(ledger("PaymentGateway/card-b")).resolves.toEqual({});
  await expect(ledger("Warehouse/tea")).resolves.toEqual({});
});

test("what is out of stock is refunded, and the other lines are released, once each", async () => {
  const items = [
    { sku: "teapot", quantity: 2 },
    { sku: "tea", quantity: 11 },
  ];
  await expect(server.call("Order/c/run", { card: "card-c", city: "Gent", items })).rejects.toMatchObject({
    status: 409,
    message: "Only 10 of tea left",
  });
  await expect(ledger("PaymentGateway/card-c")).resolves.toEqual({
    "order c": [18_100, 1],
    "undo order c": [-18_100, 1],
  });
  await expect(ledger("Warehouse/teapot")).resolves.toMatchObject({
    "order c, line 1": [2, 1],
    "undo order c, line 1": [-2, 1],
  });
  await expect(ledger("Warehouse/tea")).resolves.toEqual({});
});

test("a cancelled order is undone", async () => {
  const items = [{ sku: "cup", quantity: 1 }];
  const id = await server.send("Order/d/run", { card: "card-d", city: "Gent", items, packing: 60_000 });
  await untilPacking("d");
  await server.admin("PATCH", `invocations/${id}/cancel`);
  await expect(server.attach(id)).rejects.toMatchObject({ status: 409 });
  await expect(status("d")).resolves.toBe("cancelled");
  await expect(ledger("PaymentGateway/card-d")).resolves.toEqual({
    "order d": [690, 1],
    "undo order d": [-690, 1],
  });
  await expect(ledger("Warehouse/cup")).resolves.toMatchObject({
    "order d, line 1": [1, 1],
    "undo order d, line 1": [-1, 1],
  });
  await expect(ledger("Courier/Gent")).resolves.toEqual({});
});

test("kill -9 while packing: the order continues where it was, and nothing is done twice", async () => {
  const items = [{ sku: "tea", quantity: 1 }];
  const id = await server.send("Order/e/run", { card: "card-e", city: "Oslo", items, packing: 700 });
  await untilPacking("e");
  const before = await journal(id);
  await server.kill9();
  await server.restart();
  await expect(server.attach(id)).resolves.toEqual({ order: "e", cents: 1200, label: "OSLO-e" });
  const after = await journal(id);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.length).toBeGreaterThan(before.length);
  expect(stepsOf("e")).toEqual(["price the order", "print the label"]);
  await expect(ledger("PaymentGateway/card-e")).resolves.toEqual({ "order e": [1200, 1] });
  await expect(ledger("Warehouse/tea")).resolves.toEqual({ "order e, line 1": [1, 1] });
  await expect(ledger("Courier/Oslo")).resolves.toEqual({ "order e": [1, 1] });
});

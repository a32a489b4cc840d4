import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalServer } from "./support/server.ts";

interface Booking {
  reference: string;
  cents: number;
  balance: number;
}

let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start("02-bank-account.ts");
});
afterAll(() => server?.stop());

const deposit = (name: string, cents: number) => server.call<number>(`Account/${name}/deposit`, { cents });
const balance = (name: string) => server.call<number>(`Account/${name}/balance`);
const statement = (name: string) => server.call<Booking[]>(`Account/${name}/statement`);
const transfer = (id: string, from: string, to: string, cents: number) =>
  server.call<{ status: string }>(`Transfer/${id}/execute`, { from, to, cents });

test("keeps a statement, and refuses an overdraft", async () => {
  await deposit("ada", 500);
  await expect(server.call("Account/ada/withdraw", { cents: 200 })).resolves.toBe(300);
  await expect(server.call("Account/ada/withdraw", { cents: 301 })).rejects.toMatchObject({
    status: 409,
    message: "Account ada holds 300 cents, not 301",
  });
  expect((await statement("ada")).map(({ cents }) => cents)).toEqual([500, -200]);
});

test.each([undefined, {}, { cents: 0 }, { cents: -5 }, { cents: "5" }])(
  "refuses %j as a payment",
  async (payment) => {
    await expect(server.call("Account/ada/deposit", payment)).rejects.toMatchObject({ status: 400 });
  },
);

test("loses none of 50 deposits made at once", async () => {
  await Promise.all(Array.from({ length: 50 }, (_, index) => deposit("busy", index + 1)));
  await expect(balance("busy")).resolves.toBe(1275);
  await expect(statement("busy")).resolves.toHaveLength(50);
});

test("a read after an answer sees what that call wrote", async () => {
  const stale: string[] = [];
  const saveUp = async (name: string) => {
    for (let count = 0; count < 25; count++) {
      const answered = await deposit(name, 1);
      const seen = await balance(name);
      if (seen !== answered) stale.push(`${name}: answered ${answered}, then read ${seen}`);
    }
  };
  await Promise.all(["una", "vic", "wim", "xia"].map(saveUp));
  expect(stale).toEqual([]);
});

test("50 transfers at once move money around and make none", async () => {
  const names = ["north", "east", "south"];
  await Promise.all(names.map((name) => deposit(name, 1000)));
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      transfer(`round-${index}`, names[index % 3] ?? "", names[(index + 1 + (index % 2)) % 3] ?? "", 90),
    ),
  );
  const balances = await Promise.all(names.map(balance));
  expect(balances.reduce((sum, cents) => sum + cents)).toBe(3000);

  // A transfer that was done is booked once on either side. A refused one left nothing behind.
  const bookings = (await Promise.all(names.map(statement))).flat();
  const done = results.filter(({ status }) => status === "done").length;
  expect(bookings.filter(({ cents }) => cents === -90)).toHaveLength(done);
  expect(bookings.filter(({ cents }) => cents === 90)).toHaveLength(done);
});

test("a transfer ordered five times at once is carried out once", async () => {
  await deposit("bob", 100);
  const results = await Promise.all(Array.from({ length: 5 }, () => transfer("rent", "bob", "eve", 70)));
  expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  await expect(balance("bob")).resolves.toBe(30);
  await expect(balance("eve")).resolves.toBe(70);
  await expect(transfer("rent", "bob", "eve", 71)).rejects.toMatchObject({ status: 409 });
});

test("an overdraft refuses the transfer and books nothing", async () => {
  await expect(transfer("too-much", "carl", "dora", 1)).resolves.toMatchObject({
    status: "refused",
    reason: "Account carl holds 0 cents, not 1",
  });
  await expect(statement("carl")).resolves.toEqual([]);
  await expect(statement("dora")).resolves.toEqual([]);
});

test("what cannot be deposited is refunded", async () => {
  await deposit("fay", 100);
  await server.call("Account/gone/close");
  await expect(transfer("late", "fay", "gone", 60)).resolves.toMatchObject({
    status: "refused",
    reason: "Account gone is closed",
  });
  expect((await statement("fay")).slice(1)).toEqual([
    { reference: "transfer late", cents: -60, balance: 40 },
    { reference: "refund of transfer late", cents: 60, balance: 100 },
  ]);
});

test("cancelled at any moment, a transfer moves all of the money or none", async () => {
  await deposit("gus", 3000);
  const ids = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      server.send(`Transfer/cancelled-${index}/execute`, { from: "gus", to: "hal", cents: 100 }),
    ),
  );
  await Promise.allSettled(ids.map((id) => server.admin("PATCH", `invocations/${id}/cancel`)));
  await Promise.allSettled(ids.map((id) => server.attach(id)));

  // A repetition tells the result of each, or carries it out if its cancellation came first.
  await Promise.all(ids.map((_, index) => transfer(`cancelled-${index}`, "gus", "hal", 100)));
  const [left, arrived] = await Promise.all([balance("gus"), balance("hal")]);
  const bookings = await statement("hal");
  expect(arrived).toBe(100 * bookings.length);
  expect(left).toBe(3000 - arrived);
});

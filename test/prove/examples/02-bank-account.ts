import assert from "node:assert/strict";
import services, { account, transfer } from "../../../examples/02-bank-account.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  compare: "returned",
  test: async (environment) => {
    const [ada, bob] = [environment.object(account, "ada"), environment.object(account, "bob")];
    await Promise.all([ada.deposit({ cents: 100 }), bob.deposit({ cents: 100 })]);
    const move = (id: string, from: string, to: string, cents: number) =>
      environment.object(transfer, id).execute({ from, to, cents });
    const results = await Promise.all([
      move("t-1", "ada", "bob", 70),
      move("t-1", "ada", "bob", 70),
      move("t-2", "bob", "ada", 20),
      move("t-3", "carl", "ada", 1),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["done", "done", "done", "refused"],
    );
    return await Promise.all([ada.balance(), bob.balance()]);
  },
};

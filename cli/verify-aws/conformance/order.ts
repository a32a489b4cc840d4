/** Exclusive handlers of a key run in the order in which they were accepted, each once. */
import { randomUUID } from "node:crypto";
import { expectSame, Unmet } from "../check.ts";
import type { IngressCaller } from "../ingress-caller.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const CLIENTS = 8;
const DONE_MS = 120_000;

type Item = readonly [client: number, n: number];

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

async function itemsOf(ingress: IngressCaller, key: string, count: number): Promise<readonly Item[]> {
  const items = async () => (await ingress.call(`/Line/${key}/items`)) as readonly Item[];
  return await ingress.until(items, ({ length }) => length >= count, DONE_MS);
}

export async function order({ ledger, scale }: Verification, { ingress }: StackAtHand): Promise<void> {
  const { orderSends, orderKeys, sendsPerKey } = scale;
  await ledger.check(
    "conformance",
    `${orderSends} sends to one key by ${CLIENTS} clients run in order, once`,
    async () => {
      const key = `order-${randomUUID()}`;
      const each = Math.ceil(orderSends / CLIENTS);
      // A client sends the next one when the last one was accepted.
      const client = async (name: number): Promise<void> => {
        for (const n of numbers(each)) await ingress.send(`/Line/${key}/append`, [name, n]);
      };
      await Promise.all(numbers(CLIENTS).map(client));
      const items = await itemsOf(ingress, key, CLIENTS * each);
      for (const name of numbers(CLIENTS)) {
        const own = items.filter(([from]) => from === name).map(([, n]) => n);
        expectSame(`order of client ${name}:`, own, numbers(each));
      }
    },
  );
  await ledger.check(
    "conformance",
    `${orderKeys} keys with ${sendsPerKey} sends each, none twice`,
    async () => {
      const run = randomUUID();
      const keys = numbers(orderKeys).map((n) => `many-${n}-${run}`);
      await Promise.all(
        keys.map(async (key) => {
          await Promise.all(numbers(sendsPerKey).map((n) => ingress.send(`/Line/${key}/append`, [0, n])));
          const items = await itemsOf(ingress, key, sendsPerKey);
          const seen = items.map(([, n]) => n).toSorted((one, other) => one - other);
          if (JSON.stringify(seen) !== JSON.stringify(numbers(sendsPerKey)))
            throw new Unmet(`each of ${sendsPerKey} once`, seen.join(" "));
        }),
      );
    },
  );
}

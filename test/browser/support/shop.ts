/** Brings the shop into every status: something waits, something fails, something is paused, something has ended. */
import { join } from "node:path";
import { Server, until } from "../../e2e/server.ts";

const SETTLED_MS_MAX = 60_000;

export interface Shop {
  readonly server: Server;
  /** By a word for what it is doing. */
  readonly ids: ReadonlyMap<string, string>;
}

export async function openShop(): Promise<Shop> {
  const server = await Server.start({ file: join(import.meta.dirname, "../fixtures/shop.ts") });
  const ids = new Map<string, string>();
  const send = async (name: string, path: string, body: unknown, query = ""): Promise<void> => {
    const response = await fetch(`${server.url}/${path}/send${query}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { invocationId?: string };
    if (answer.invocationId === undefined) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    ids.set(name, answer.invocationId);
  };
  const order = (key: string, sku: string, more: object = {}): Promise<void> =>
    send(key, `Order/${key}/run`, { sku, cents: 12_990, ...more });
  for (const number of [1, 2, 3, 4, 5]) await order(`ord-770${number}`, "sku-0092");
  await order("declined", "sku-0092", { declined: true });
  await order("ord-7720", "sku-4410", { waits: true });
  await order("ord-7731", "sku-0092", { fails: true });
  await send("greylisted", "Mailer/send", { to: "ada@example.com", subject: "Welcome", greylisted: true });
  await send("paused", "Reports/monthly", "2026-10");
  await send("sleeping", "Reminder/remind", "water the tree");
  await send("scheduled", "Reminder/remind", "open the door", "?delay=PT2H");
  await send("hostile", `Order/${encodeURIComponent("<img src=x onerror=alert(1)>\u202E")}/run`, {
    sku: "sku-0092",
    ...{ cents: 1, waits: true },
  });
  await send("owner", "Inventory/sku-5000/recount", {});
  await settle(server, ids);
  await order("ord-7740", "sku-5000");
  await order("ord-7741", "sku-5000");
  await settle(server, ids);
  return { server, ids };
}

/** Until nothing runs any more. */
async function settle(server: Server, ids: ReadonlyMap<string, string>): Promise<void> {
  await until(
    async () => {
      const response = await fetch(`${server.adminUrl}/invocations?limit=1000&status=running,ready`);
      const { invocations } = (await response.json()) as { invocations: unknown[] };
      return invocations.length;
    },
    (running) => running === 0 && ids.size > 0,
    SETTLED_MS_MAX,
  );
}

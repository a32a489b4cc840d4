/** What the soak does, one story at a time for each user, with what every answer must be. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, same } from "./client.ts";

const KEYS = 6;
/** Longer than the retention of what `handlers.ts` serves. */
const EXPIRED_MS = 25_000;

/** What the accounts must hold. */
export type Ledger = Map<string, number>;

interface Story {
  readonly name: string;
  /** How often it is told, beside the others. */
  readonly weight: number;
  readonly tell: (client: Client, ledger: Ledger) => Promise<void>;
}

const anyKey = (): string => `account-${Math.floor(Math.random() * KEYS)}`;
const book = (ledger: Ledger, key: string, amount: number): void =>
  void ledger.set(key, (ledger.get(key) ?? 0) + amount);

export const STORIES: readonly Story[] = [
  {
    name: "a call with steps",
    weight: 10,
    tell: async (client) => {
      const input = Math.floor(Math.random() * 1000);
      same(await client.expect(200, "/Jobs/steps", { body: input }), 2 * input + 1, "steps");
    },
  },
  {
    name: "a booking",
    weight: 10,
    tell: async (client, ledger) => {
      const key = anyKey();
      book(ledger, key, 1);
      await client.expect(200, `/Accounts/${key}/add`, { body: 1 });
    },
  },
  {
    name: "a read of an account",
    weight: 4,
    tell: async (client) => {
      const total = await client.expect(200, `/Accounts/${anyKey()}/total`, { method: "GET" });
      same(typeof total, "number", "the kind of a total");
    },
  },
  {
    name: "a transfer",
    weight: 4,
    tell: async (client, ledger) => {
      const [from, to] = [anyKey(), anyKey()];
      // Within one account it would be the compensation that is missing in the ledger, not an error.
      if (from === to) return;
      const amount = Math.floor(Math.random() * 10);
      const body = { from, to, amount };
      if (amount % 2 === 1) return void (await client.expect(409, "/Jobs/transfer", { body }));
      book(ledger, from, -amount);
      book(ledger, to, amount);
      same(await client.expect(200, "/Jobs/transfer", { body }), "moved", "transfer");
    },
  },
  {
    name: "a repeat, and its expiry",
    weight: 3,
    tell: async (client, ledger) => {
      const [key, repeated] = [anyKey(), randomUUID()];
      const request = { body: 1, headers: { "idempotency-key": repeated } };
      book(ledger, key, 1);
      const first = await client.expect(200, `/Accounts/${key}/add`, request);
      same(await client.expect(200, `/Accounts/${key}/add`, request), first, "a repeat");
      await delay(EXPIRED_MS);
      await client.expect(404, `/restate/invocation/Accounts/${key}/add/${repeated}/output`, {
        method: "GET",
      });
    },
  },
  {
    name: "a send",
    weight: 4,
    tell: async (client) => {
      const id = await client.send("/Jobs/nap/send", 300);
      same(await client.attach(id), "slept", "nap");
    },
  },
  {
    name: "a delayed send",
    weight: 4,
    tell: async (client) => {
      const sentMs = Date.now();
      const id = await client.send("/Jobs/steps/send?delay=1s", 5);
      same(await client.attach(id), 11, "a delayed send");
      if (Date.now() - sentMs < 1000) throw new Error("a delayed send was early");
    },
  },
  {
    name: "a workflow with an awakeable and a promise",
    weight: 3,
    tell: async (client) => {
      const key = `approval-${randomUUID()}`;
      await client.send(`/Approval/${key}/run/send`, key);
      let asked: unknown;
      await client.poll("awakeable", async () => {
        asked = await client.expect(200, `/Approval/${key}/asked`, { method: "GET" });
        return typeof asked === "string";
      });
      await client.expect(200, `/Approval/${key}/second`, { body: "two" });
      await client.expect(202, `/restate/awakeables/${String(asked)}/resolve`, { body: "one" });
      const result = await client.expect(200, `/restate/workflow/Approval/${key}/attach`, { method: "GET" });
      same(result, `${key}: one, two`, "a workflow");
    },
  },
  {
    name: "a signal",
    weight: 3,
    tell: async (client) => {
      const id = await client.send("/Jobs/listen/send");
      const word = randomUUID();
      await client.expect(202, `/restate/invocation/${id}/signals/go/resolve`, { body: word });
      same(await client.attach(id), word, "a signal");
    },
  },
  {
    name: "a cancellation of a sleep",
    weight: 2,
    tell: async (client) => {
      const id = await client.send("/Jobs/nap/send", 60_000);
      await client.until(id, "suspended");
      same((await client.admin(`/invocations/${id}/cancel`, "PATCH")).status, 202, "cancel");
      await client.attach(id, 409);
    },
  },
  {
    name: "a cancellation of a step",
    weight: 1,
    tell: async (client) => {
      const id = await client.send("/Jobs/slow/send", 20_000);
      await client.until(id, "running");
      same((await client.admin(`/invocations/${id}/cancel`, "PATCH")).status, 202, "cancel");
      await client.attach(id, 409);
    },
  },
  {
    name: "a kill",
    weight: 2,
    tell: async (client) => {
      const id = await client.send("/Jobs/slow/send", 20_000);
      const { status } = await client.admin(`/invocations/${id}/kill`, "PATCH");
      if (status !== 200 && status !== 202) throw new Error(`kill answered ${status}`);
      await client.attach(id, 409);
    },
  },
  {
    name: "a pause",
    weight: 2,
    tell: async (client) => {
      const id = await client.send("/Jobs/hops/send", 24);
      await client.until(id, "suspended", "running", "completed");
      const paused = await client.admin(`/invocations/${id}/pause`, "PATCH");
      // On a machine that is busy it may have ended.
      if (paused.status !== 409) {
        same(paused.status, 202, "pause", paused);
        await client.until(id, "paused", "completed");
        await client.admin(`/invocations/${id}/resume`, "PATCH");
      }
      same(await client.attach(id), 276, "hops");
    },
  },
  {
    name: "a failing step",
    weight: 3,
    tell: async (client) => same(await client.expect(200, "/Jobs/flaky"), "third time", "flaky"),
  },
  {
    name: "a handler that always fails",
    weight: 1,
    tell: async (client) => void (await client.expect(500, "/Jobs/doomed")),
  },
  {
    name: "a fan-out",
    weight: 2,
    tell: async (client) => same(await client.expect(200, "/Jobs/fan", { body: 10 }), 100, "fan"),
  },
  {
    name: "a long step",
    weight: 2,
    tell: async (client) => same(await client.expect(200, "/Jobs/slow", { body: 1500 }), "slept", "slow"),
  },
  {
    name: "a large result",
    weight: 1,
    tell: async (client) => {
      const text = await client.expect(200, "/Jobs/large", { body: 40_000 });
      same((text as string).length, 40_000, "the length of a large result");
    },
  },
  {
    name: "a purge",
    weight: 2,
    tell: async (client) => {
      const id = await client.send("/Jobs/hops/send", 3);
      same(await client.attach(id), 3, "hops");
      const purged = await client.admin(`/invocations/${id}/purge`, "PATCH");
      same(purged.status, 200, "purge", purged);
    },
  },
  {
    name: "a look at the lists",
    weight: 2,
    tell: async (client) => {
      const listed = await client.admin("/invocations?status=suspended&limit=20");
      same(listed.status, 200, "a list", listed);
      same((await client.admin("/services")).status, 200, "services");
    },
  },
];

const WHEEL = STORIES.flatMap((story) => Array.from({ length: story.weight }, () => story));

/** One user, until `stopped`. */
export async function use(
  client: Client,
  ledger: Ledger,
  stopped: () => boolean,
  wrong: (text: string) => void,
): Promise<void> {
  while (!stopped()) {
    const story = WHEEL[Math.floor(Math.random() * WHEEL.length)];
    try {
      await story?.tell(client, ledger);
    } catch (error) {
      const { message, cause } = error as Error;
      wrong(`${story?.name}: ${message}${cause instanceof Error ? ` (${cause.message})` : ""}`);
    }
  }
}

/** At the end, when nothing is open: each account holds what was booked. */
export async function checkLedger(
  client: Client,
  ledger: Ledger,
  wrong: (text: string) => void,
): Promise<void> {
  const open = "/invocations?status=running,suspended,pending,ready,backing-off,scheduled&limit=10";
  await client.poll("end of what is open", async () => {
    const { body } = await client.admin(open);
    return (body as { invocations: unknown[] }).invocations.length === 0;
  });
  for (const [key, total] of ledger) {
    const found = await client.expect(200, `/Accounts/${key}/total`, { method: "GET" });
    if (found !== total) wrong(`${key} holds ${String(found)}, not ${total}`);
  }
}

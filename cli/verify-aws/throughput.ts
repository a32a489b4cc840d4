/** Step 5: many sends at once. */
import { randomUUID } from "node:crypto";
import { expectSame } from "./check.ts";
import { notePercentiles, pooled } from "./statistics.ts";
import type { StackAtHand, Verification } from "./verification.ts";

const CLIENTS = 50;
const DONE_MS = 180_000;

export async function throughput(verification: Verification, stack: StackAtHand): Promise<void> {
  const { ledger, scale, clock } = verification;
  const { throughputSends: sends, throughputKeys: keys } = scale;
  const startMs = clock.now();
  await ledger.check("throughput", `${sends} sends over ${keys} keys, each done once`, async (note) => {
    const run = randomUUID();
    const key = (n: number): string => `throughput-${n % keys}-${run}`;
    const { ingress } = stack;
    const numbers = Array.from({ length: sends }, (_, n) => n);
    const answers = await pooled(numbers, CLIENTS, async (n) => {
      const { status, ms } = await ingress.post(`/Account/${key(n)}/deposit/send`, 1);
      return { status, ms };
    });
    notePercentiles(
      note,
      "accepted",
      answers.map(({ ms }) => ms),
    );
    const accepted = answers.filter(({ status }) => status === 202).length;
    note("accepted", accepted);
    note("accepted a second", (1000 * accepted) / (clock.now() - startMs), "sends/s");
    const total = async (): Promise<number> => {
      const totals = await pooled(numbers.slice(0, keys), CLIENTS, (n) =>
        ingress.call(`/Account/${key(n)}/total`),
      );
      return totals.reduce<number>((sum, each) => sum + Number(each), 0);
    };
    await ingress.until(total, (reached) => reached >= accepted, DONE_MS, 1000);
    note("done a second", (1000 * accepted) / (clock.now() - startMs), "turns/s");
    expectSame("accepted", accepted, sends);
    expectSame("done", await total(), accepted);
  });
  await measured(verification, stack, startMs);
}

async function measured(
  verification: Verification,
  { outputs }: StackAtHand,
  startMs: number,
): Promise<void> {
  const { ledger, account, capabilities, clock } = verification;
  await ledger.check("throughput", "concurrency and throttles meanwhile", async (note) => {
    await capabilities.require("metrics");
    const lambda = (metric: string, name: string, stat: "Sum" | "Maximum") => ({
      namespace: "AWS/Lambda",
      metric,
      dimensions: { FunctionName: name },
      stat,
    });
    const names = ["dispatchers at once", "handlers at once", "throttled dispatchers", "throttled handlers"];
    const found = await account.metrics(
      [
        lambda("ConcurrentExecutions", outputs.Dispatcher, "Maximum"),
        lambda("ConcurrentExecutions", outputs.Main, "Maximum"),
        lambda("Throttles", outputs.Dispatcher, "Sum"),
        lambda("Throttles", outputs.Main, "Sum"),
        {
          namespace: "Perdure",
          metric: "MessagesGivenBack",
          dimensions: { Runtime: outputs.RuntimeName },
          stat: "Sum",
        },
      ],
      startMs,
      clock.now(),
    );
    for (const [index, name] of [...names, "messages given back"].entries()) note(name, found[index] ?? 0);
  });
}

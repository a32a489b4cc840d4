/** Lambda ends loops of functions and queues after 16 rounds, unless each function of the loop allows them. */
import { randomUUID } from "node:crypto";
import { expectSame } from "../check.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const DONE_MS = 180_000;

export async function recursion(
  { ledger, scale, account, clock, capabilities }: Verification,
  { ingress, outputs }: StackAtHand,
): Promise<void> {
  const { hops } = scale;
  const startMs = clock.now();
  await ledger.check("conformance", `a handler that sends to itself ${hops} times gets there`, async () => {
    const key = `hops-${randomUUID()}`;
    await ingress.send("/Greeter/hops", { key, left: hops });
    const total = async () => Number(await ingress.call(`/Account/${key}/total`));
    await ingress.until(total, (reached) => reached >= hops + 1, DONE_MS);
    expectSame("hops", await total(), hops + 1);
  });
  await ledger.check("conformance", "Lambda has dropped no invocation of a loop", async (note) => {
    await capabilities.require("metrics");
    const functions = [outputs.Dispatcher, outputs.Main, outputs.Timers, outputs.Ingress];
    const dropped = await account.metrics(
      functions.map((name) => ({
        namespace: "AWS/Lambda",
        metric: "RecursiveInvocationsDropped",
        dimensions: { FunctionName: name },
        stat: "Sum" as const,
      })),
      startMs,
      clock.now(),
    );
    const sum = dropped.reduce<number>((all, count) => all + (count ?? 0), 0);
    note("dropped", sum);
    expectSame("dropped", sum, 0);
  });
}

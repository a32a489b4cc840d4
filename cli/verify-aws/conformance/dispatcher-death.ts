/** A dispatcher that dies with messages in its hands: they are handed out again, and nothing is done twice. */
import { randomUUID } from "node:crypto";
import { expectSame } from "../check.ts";
import type { StackAtHand, Verification } from "../verification.ts";

/** Node ends so long after it has started: while the first batch is handled. */
const LIFE_MS = 600;
const POISON = `--import=data:text/javascript,setTimeout(()=>process.exit(9),${LIFE_MS})`;
const MESSAGES = 5;
/** While the poisoned ones take messages. */
const POISONED_MS = 5000;
const TURN_MS = 1000;
const DONE_MS = 180_000;

/** `mended`: the dispatcher's environment is as it was. What is left is to wait, and disturbs nobody. */
export async function dispatcherDeath(
  { ledger, account, clock }: Verification,
  { ingress, outputs }: StackAtHand,
  mended: () => void = () => undefined,
): Promise<void> {
  await ledger.check("conformance", "messages of a dispatcher that has died are done, once", async (note) => {
    const { environment } = await account.functionSettings(outputs.Dispatcher);
    const key = `dispatcher-${randomUUID()}`;
    // With a key of its own each has a head at once, and so a result to wait for.
    const send = (path: string, body: number) =>
      ingress.send(path, body, { "idempotency-key": randomUUID() });
    let ids: readonly string[] = [];
    try {
      await account.updateFunction(outputs.Dispatcher, {
        environment: { ...environment, NODE_OPTIONS: POISON },
      });
      const sends = Array.from({ length: MESSAGES }, async (_, n) => [
        await send("/Waiting/pause", TURN_MS),
        await send(`/Line/${key}/append`, n),
      ]);
      ids = (await Promise.all(sends)).flat();
      await clock.pause(POISONED_MS);
    } finally {
      await account.updateFunction(outputs.Dispatcher, { environment });
    }
    const mendedMs = clock.now();
    mended();
    await Promise.all(ids.map((id) => ingress.result(id, DONE_MS)));
    note("from the mend to the last result", Math.round((clock.now() - mendedMs) / 1000), "s");
    const items = (await ingress.call(`/Line/${key}/items`)) as readonly number[];
    const sorted = items.toSorted((one, other) => one - other);
    expectSame(
      "items",
      sorted,
      Array.from({ length: MESSAGES }, (_, n) => n),
    );
  });
}

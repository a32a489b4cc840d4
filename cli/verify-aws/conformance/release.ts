/** A long turn beside short ones in a dispatcher's batch: do later messages of the short ones wait for it? */
import { randomUUID } from "node:crypto";
import { notePercentiles } from "../statistics.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const SHORT = 9;
const WAIT_MS_MAX = 10_000;
/** Until the batch was received. */
const RECEIVED_MS = 2000;

export async function releases(
  { ledger, scale, clock, capabilities }: Verification,
  { ingress }: StackAtHand,
): Promise<void> {
  const { longTurnMs } = scale;
  const name = `messages beside a turn of ${longTurnMs / 1000} s do not wait for it`;
  await ledger.check("conformance", name, async (note) => {
    const run = randomUUID();
    const keys = Array.from({ length: SHORT }, (_, n) => `release-${n}-${run}`);
    const send = (key: string) => ingress.send(`/Account/${key}/began`);
    const long = ingress.send("/Waiting/pause", longTurnMs);
    await Promise.all([long, ...keys.map(send)]);
    await clock.pause(RECEIVED_MS);
    const waits = await Promise.all(
      keys.map(async (key) => {
        const sentMs = clock.now();
        await ingress.result(await send(key));
        return clock.now() - sentMs;
      }),
    );
    notePercentiles(note, "from the send to the result", waits);
    const longestMs = Math.max(...waits);
    if (longestMs > Math.min(WAIT_MS_MAX, longTurnMs))
      throw capabilities.lacking("batches", `the longest wait was ${longestMs} ms`);
  });
}

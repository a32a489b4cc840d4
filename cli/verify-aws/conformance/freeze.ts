/** Calls with pauses between them: a frozen function's connections may be dead when it goes on. */
import { expectSame } from "../check.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const FROZEN_MS = 3000;
/** Looks at the clock, ten a second, that a process which is not frozen would have taken meanwhile. */
const TICKS_IF_AWAKE = 20;

interface Ticks {
  readonly process: string;
  readonly ticks: number;
}

export async function freeze(verification: Verification, { ingress, outputs }: StackAtHand): Promise<void> {
  const { ledger, capabilities, clock, scale, account } = verification;
  const startMs = clock.now();
  const name = `calls after pauses of up to ${Math.max(...scale.freezePausesS)} s`;
  await ledger.check("conformance", name, async (note) => {
    const ticks = async () => (await ingress.call("/Waiting/ticks")) as Ticks;
    let before = await ticks();
    await clock.pause(FROZEN_MS);
    const after = await ticks();
    // Another process may have answered. Then the pauses below show nothing either, which is noted.
    const awake = after.process === before.process && after.ticks - before.ticks >= TICKS_IF_AWAKE;
    capabilities.set("freeze", !awake, "a function goes on between its invocations");
    await capabilities.require("freeze");
    let same = 0;
    for (const seconds of scale.freezePausesS) {
      await clock.pause(1000 * seconds);
      const now = await ticks();
      if (now.process === before.process) same++;
      before = now;
    }
    note("pauses", scale.freezePausesS.length);
    note("answered by the process that was frozen", same);
  });
  await ledger.check("conformance", "no connection was found dead", async (note) => {
    await capabilities.require("freeze");
    await capabilities.require("logs");
    const groups = [outputs.MainLogs, outputs.IngressLogs, outputs.DispatcherLogs, outputs.TimersLogs];
    const lines = await Promise.all(
      groups.flatMap((group) => ["ECONNRESET", "EPIPE"].map((text) => account.logs(group, text, startMs))),
    );
    const { length } = lines.flat();
    note("log lines with ECONNRESET or EPIPE", length);
    expectSame("lines", length, 0);
  });
}

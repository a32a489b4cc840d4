/** The policies suffice: no function was refused a request in the whole run. */
import { Unmet } from "../check.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const HOUR_MS = 60 * 60_000;

export async function denials(
  { ledger, account, capabilities, clock }: Verification,
  { outputs }: StackAtHand,
): Promise<void> {
  await ledger.check("conformance", "no function was denied a request", async (note) => {
    await capabilities.require("logs");
    const groups = [outputs.MainLogs, outputs.DeathsLogs, outputs.IngressLogs, outputs.DispatcherLogs];
    const lines = await Promise.all(
      [...groups, outputs.TimersLogs].map((group) =>
        account.logs(group, "AccessDenied", clock.now() - HOUR_MS),
      ),
    );
    const found = lines.flat();
    note("log lines with AccessDenied", found.length);
    if (found.length > 0) throw new Unmet("none", found[0] ?? "");
  });
}

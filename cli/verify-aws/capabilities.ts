/** What this place writes and measures by itself, found out after the first calls. AWS takes some minutes, in which others go on. */
import { lambdaCount } from "./cost.ts";
import { untilWanted } from "./ingress-caller.ts";
import type { StackAtHand, Verification } from "./verification.ts";

const POLL_MS = 5000;
const MINUTE_MS = 60_000;

/** `fromMs`: since then there were calls. */
export function findCapabilities(verification: Verification, { outputs }: StackAtHand, fromMs: number): void {
  const { account, capabilities, clock, scale } = verification;
  const found = async (what: string, ask: () => Promise<number>) => {
    const wait = untilWanted(clock, ask, (count) => count > 0, scale.metricsMs, POLL_MS);
    const present = await wait.then(
      () => true,
      () => false,
    );
    return { present, how: present ? what : `no ${what} within ${scale.metricsMs / 1000} s` };
  };
  capabilities.expect(
    "metrics",
    found("invocation was counted", async () => {
      const toMs = clock.now() + MINUTE_MS;
      const [count] = await account.metrics([lambdaCount(outputs.Ingress)], fromMs, toMs);
      return count ?? 0;
    }),
  );
  capabilities.expect(
    "logs",
    found(
      "REPORT line was written",
      async () => (await account.logs(outputs.IngressLogs, "REPORT", fromMs)).length,
    ),
  );
}

/** Step 0: what the account and its region must have, before anything is deployed. */
import { Unmet } from "./check.ts";
import type { Verification } from "./verification.ts";

const BOOTSTRAP_VERSION_MIN = 6;
const BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version";
/** Fewer concurrent executions than this, as new accounts have them, and the stack gets two dispatchers. */
export const CONCURRENCY_MIN = 100;
export const DISPATCHERS_USUAL = 50;
export const DISPATCHERS_FEW = 2;

/** Returns whether a stack can be deployed. */
export async function bootstrapped(verification: Verification, accountId: string): Promise<boolean> {
  const { ledger, account, tool, settings } = verification;
  return await ledger.check("preflight", "the account is bootstrapped for the CDK", async (note) => {
    const version = async () => Number((await account.parameter(BOOTSTRAP_PARAMETER)) ?? 0);
    let found = await version();
    if (found < BOOTSTRAP_VERSION_MIN && settings.endpoint !== undefined) {
      await tool.bootstrap(accountId);
      found = await version();
    }
    note("bootstrap version", found);
    if (found >= BOOTSTRAP_VERSION_MIN) return;
    const command = `npx cdk bootstrap aws://${accountId}/${account.region}`;
    throw new Unmet(`version ${BOOTSTRAP_VERSION_MIN} or later: run ${command}`, String(found));
  });
}

/** How many dispatchers the account's quota of concurrent executions allows. */
export async function dispatchersFor({
  ledger,
  account,
}: Pick<Verification, "ledger" | "account">): Promise<number> {
  let dispatchers = DISPATCHERS_FEW;
  await ledger.check("preflight", "concurrent executions of functions", async (note) => {
    const concurrency = await account.concurrency();
    if (concurrency >= CONCURRENCY_MIN) dispatchers = DISPATCHERS_USUAL;
    note("quota (L-B99A9384)", concurrency);
    note("dispatchers of the stack", dispatchers);
    if (concurrency < 1) throw new Unmet("a quota", String(concurrency));
  });
  return dispatchers;
}

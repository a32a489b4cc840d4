/** Runs a workload once, and returns what it took. */
import type { Account } from "../model/account.ts";
import type { Usage } from "../model/bill.ts";
import type { Workload } from "./workloads.ts";

/** One run on `account`. The account was used before, so functions and their caches are warm. */
export async function measureAlone(account: Account, { before, run }: Workload, n: number): Promise<Usage> {
  if (before) await account.measure(() => before(account, n));
  else await account.measure(() => run(account, n + 1));
  // What came before has ended, its guards as well: a minute has passed.
  await account.warm();
  return await account.measure(() => run(account, n));
}

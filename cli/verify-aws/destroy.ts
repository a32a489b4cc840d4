/** Step 9: nothing of the stack is left. */
import { expectSame, Unmet } from "./check.ts";
import { excerpt, whyFailed } from "./deployment.ts";
import { untilWanted } from "./ingress-caller.ts";
import type { Verification } from "./verification.ts";

/** A stack that could not be deleted at once often can the next time. */
const ATTEMPTS = 2;
/** Lists may show for a while what has been deleted. */
const LISTED_MS = 60_000;
const TABLE_GONE_MS = 5 * 60_000;
const POLL_MS = 3000;

export async function destroy(verification: Verification): Promise<void> {
  const { ledger, account, stackName, clock, state } = verification;
  await ledger.check("destroy", "the stack is destroyed", async (note) => {
    const startMs = clock.now();
    await destroyed(verification);
    for (const table of state.tables) await tableGone(verification, table);
    note("time", Math.round((clock.now() - startMs) / 1000), "s");
  });
  await ledger.check("destroy", "nothing bears its name", async () => {
    const left = await untilWanted(
      clock,
      () => account.named(stackName),
      ({ length }) => length === 0,
      LISTED_MS,
      POLL_MS,
    ).catch(() => account.named(stackName));
    expectSame("what is left:", left, []);
  });
}

async function destroyed(verification: Verification): Promise<void> {
  const { tool, account, stackName, clock } = verification;
  for (let attempt = 1; ; attempt++) {
    const startMs = clock.now();
    const run = await tool.destroy();
    const status = await account.stackStatus(stackName);
    if (status === undefined || status === "DELETE_COMPLETE") return;
    if (attempt === ATTEMPTS)
      throw new Unmet("no stack", (await whyFailed(verification, startMs)) ?? `${status}: ${excerpt(run)}`);
  }
}

async function tableGone({ account, clock }: Verification, table: string): Promise<void> {
  const status = () => account.tableStatus(table);
  if ((await status()) === undefined) return;
  await untilWanted(clock, status, (now) => now !== "CREATING", TABLE_GONE_MS, POLL_MS);
  await account.deleteTable(table);
  await untilWanted(clock, status, (now) => now === undefined, TABLE_GONE_MS, POLL_MS);
}

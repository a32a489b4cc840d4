/** Step 8, slow: the documented drill. Tables are restored to a point in time, the stack is deployed with them, and what was in flight ends. */
import { randomUUID } from "node:crypto";
import { asError } from "../../lib/errors.ts";
import { expectSame } from "./check.ts";
import { deployed } from "./deployment.ts";
import { untilWanted } from "./ingress-caller.ts";
import { openCallers, type StackAtHand, type Verification } from "./verification.ts";

const SUSPENDED_MS = 60_000;
/** The latest restorable time is some five minutes ago. */
const RESTORABLE_MS = 6 * 60_000;
const RESTORED_MS = 60 * 60_000;
const ENDED_MS = 120_000;
const POLL_MS = 10_000;

export async function restore(verification: Verification, stack: StackAtHand): Promise<void> {
  const { ledger, account, capabilities, clock, scale, settings, state, stackName } = verification;
  await ledger.check("restore", "what was suspended ends in restored tables", async (note) => {
    const key = `restore-${randomUUID()}`;
    const id = await stack.ingress.send(`/Across/${key}/run`);
    const status = async () => (await stack.admin.invocation(id))?.status;
    await stack.ingress.until(status, (now) => now === "suspended", SUSPENDED_MS);
    if (settings.endpoint === undefined) await clock.pause(RESTORABLE_MS);
    const startMs = clock.now();
    const { JournalTable, StateTable, RegistryTable } = stack.outputs;
    const restored = [JournalTable, StateTable, RegistryTable].map(
      (from, index) => [from, `${stackName}-restored-${["journal", "state", "registry"][index]}`] as const,
    );
    for (const [from, to] of restored) {
      state.tables.push(to);
      await account.restoreTable(from, to).catch((error: unknown) => {
        throw settings.endpoint === undefined
          ? error
          : capabilities.lacking("restore", asError(error).message);
      });
    }
    for (const [, to] of restored)
      await untilWanted(
        clock,
        () => account.tableStatus(to),
        (now) => now === "ACTIVE",
        RESTORED_MS,
        POLL_MS,
      );
    note("restored in", Math.round((clock.now() - startMs) / 1000), "s");
    const outputs = await deployed(verification, { ...state.settings, tables: state.tables });
    await clock.pause(scale.registryMs);
    const again = openCallers(verification, outputs);
    try {
      await again.ingress.call(`/Across/${key}/go`);
      const result = (await again.ingress.result(id, ENDED_MS)) as { readonly began: string };
      expectSame("a result with both builds", Object.keys(result), ["began", "ended"]);
    } finally {
      again.close();
    }
  });
}

/** Step 7, slow: an alarm goes off for a message that cannot be handled. */
import { Unmet } from "./check.ts";
import { untilWanted } from "./ingress-caller.ts";
import type { StackAtHand, Verification } from "./verification.ts";

const RINGS_MS = 30 * 60_000;
const POLL_MS = 30_000;
/** Each may be the first: by SQS's own metric, or by what the dispatcher writes of messages that come again. */
const RING = /MailboxStuck|MessagesComeAgain|DeadLetters/;
const POISON = "this is no message of Perdure's";

export async function alarms(verification: Verification, { outputs }: StackAtHand): Promise<void> {
  const { ledger, account, capabilities, clock, stackName } = verification;
  await ledger.check("alarms", "a message that nobody can handle makes an alarm go off", async (note) => {
    await capabilities.require("metrics");
    const startMs = clock.now();
    await account.sendMessage(outputs.MailboxUrl, POISON, "verify-poison");
    const ringing = async () =>
      Object.entries(await account.alarmStates(stackName))
        .filter(([name, state]) => RING.test(name) && state === "ALARM")
        .map(([name]) => name);
    const found = await untilWanted(clock, ringing, ({ length }) => length > 0, RINGS_MS, POLL_MS).catch(
      () => {
        throw new Unmet("an alarm within 30 minutes", "none");
      },
    );
    note("which", found.map((name) => RING.exec(name)?.[0] ?? name).join(", "));
    note("after", Math.round((clock.now() - startMs) / 60_000), "min");
  });
}

/** Step 3: what AWS does with what Perdure relies on. First what can be tried side by side, then what would disturb the rest. */
import { openCallers, type StackAtHand, type Verification } from "../verification.ts";
import { deaths } from "./deaths.ts";
import { dispatcherDeath } from "./dispatcher-death.ts";
import { freeze } from "./freeze.ts";
import { keys } from "./keys.ts";
import { order } from "./order.ts";
import { payloads } from "./payloads.ts";
import { recursion } from "./recursion.ts";
import { releases } from "./release.ts";
import { denials } from "./denials.ts";
import { timers } from "./timers.ts";
import { versions } from "./versions.ts";

type Group = (verification: Verification, stack: StackAtHand) => Promise<void>;

/** They keep the machine of an emulator busy. */
const WORKING: readonly Group[] = [keys, payloads, order, releases, recursion, freeze];
/** They wait for what takes its time. */
const WAITING: readonly Group[] = [deaths, timers];

export async function conformance(verification: Verification, stack: StackAtHand): Promise<void> {
  await sideBySide(verification, stack);
  await redelivered(verification, stack, async () => await versions(verification, stack));
  await denials(verification, stack);
}

async function sideBySide(verification: Verification, stack: StackAtHand): Promise<void> {
  const run = (group: Group): Promise<void> => group(verification, stack);
  const inTurn = async (): Promise<void> => {
    for (const group of WORKING) await run(group);
  };
  // Requests that wait for a result would hold up those of the others, of which few go at once to an emulator.
  const own = openCallers(verification, stack.outputs);
  try {
    const working = verification.scale.sideBySide ? WORKING.map(run) : [inTurn()];
    await Promise.all([...working, ...WAITING.map((group) => group(verification, own))]);
  } finally {
    own.close();
  }
}

/** What a dead dispatcher held comes again after the queue's own visibility timeout. Meanwhile there is time for something else. */
async function redelivered(
  verification: Verification,
  stack: StackAtHand,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const { promise: mended, resolve } = Promise.withResolvers<void>();
  // If it fails before, the check has said so.
  const done = dispatcherDeath(verification, stack, resolve).finally(resolve);
  await mended;
  await Promise.all([done, meanwhile()]);
}

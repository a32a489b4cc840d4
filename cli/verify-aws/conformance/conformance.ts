/** Step 3: what AWS does with what Perdure relies on. First what can be tried side by side, then what would disturb the rest. */
import { type StackAtHand, type Verification } from "../verification.ts";
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

const BESIDE = [keys, payloads, order, releases, deaths, recursion, timers, freeze] as const;
const ALONE = [dispatcherDeath, versions, denials] as const;

export async function conformance(verification: Verification, stack: StackAtHand): Promise<void> {
  if (verification.scale.sideBySide) await Promise.all(BESIDE.map((group) => group(verification, stack)));
  for (const group of verification.scale.sideBySide ? ALONE : [...BESIDE, ...ALONE])
    await group(verification, stack);
}

/** The steps in their order. Each needs the stack, so `deploy` comes before whatever was asked for. */
import type { StepName } from "./check.ts";
import { conformance } from "./conformance/conformance.ts";
import { deploy } from "./deployment.ts";
import { preflight } from "./preflight.ts";
import { smoke } from "./smoke.ts";
import type { Deployed, Verification } from "./verification.ts";

/** What must be destroyed at the end. */
export interface StackLeft {
  begun: boolean;
  tables: string[];
}

type Step = (verification: Verification, stack: Deployed, left: StackLeft) => Promise<void>;

const TRIES: Partial<Record<StepName, Step>> = {
  smoke,
  conformance,
};
const SLOW: readonly StepName[] = ["alarms", "restore"];

export async function runSteps(
  verification: Verification,
  accountId: string,
  left: StackLeft,
): Promise<void> {
  const { settings, ledger, progress } = verification;
  const isAsked = (step: StepName): boolean => settings.only.includes(step);
  if (!(await preflight(verification, accountId))) return;
  const tries = (Object.entries(TRIES) as [StepName, Step][]).filter(([step]) => isAsked(step));
  if (!isAsked("deploy") && tries.length === 0) return;
  progress("deploy");
  left.begun = true;
  const stack = await deploy(verification);
  if (!stack) return;
  try {
    for (const [step, run] of tries) {
      if (SLOW.includes(step) && !settings.slow) {
        ledger.skip(step, step, "it takes long, and --slow was not given");
        continue;
      }
      progress(step);
      await run(verification, stack, left);
    }
  } finally {
    stack.close();
  }
}

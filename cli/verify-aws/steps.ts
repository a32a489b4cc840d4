/** The steps in their order. Each needs the stack, so `deploy` comes before whatever was asked for. */
import { alarms } from "./alarms.ts";
import { findCapabilities } from "./capabilities.ts";
import type { StepName } from "./check.ts";
import { conformance } from "./conformance/conformance.ts";
import { cost } from "./cost.ts";
import { deploy } from "./deployment.ts";
import { latency } from "./latency.ts";
import { bootstrapped } from "./preflight.ts";
import { restore } from "./restore.ts";
import { smoke } from "./smoke.ts";
import { throughput } from "./throughput.ts";
import type { StackAtHand, Verification } from "./verification.ts";

type Step = (verification: Verification, stack: StackAtHand) => Promise<void>;

const TRIES = { smoke, conformance, latency, throughput, cost, alarms, restore } as const satisfies Partial<
  Record<StepName, Step>
>;
/** On AWS. An emulator restores at once, and has no alarms. */
const SLOW: readonly StepName[] = ["alarms", "restore"];

export async function runSteps(verification: Verification, accountId: string): Promise<void> {
  const { settings, progress } = verification;
  const isAsked = (step: StepName): boolean => settings.only.includes(step);
  if (!(await bootstrapped(verification, accountId))) return;
  const tries = (Object.entries(TRIES) as [StepName, Step][]).filter(([step]) => isAsked(step));
  if (!isAsked("deploy") && tries.length === 0) return;
  progress("deploy");
  const stack = await deploy(verification);
  if (!stack) return;
  try {
    await tryEach(verification, stack, tries);
  } finally {
    stack.close();
  }
}

async function tryEach(
  verification: Verification,
  stack: StackAtHand,
  tries: readonly (readonly [StepName, Step])[],
): Promise<void> {
  const { settings, ledger, progress, clock } = verification;
  if (tries.length === 0) return;
  const startMs = clock.now();
  await ledger.check("deploy", "the first call is answered", async (note) => {
    await stack.ingress.call("/Greeter/greet", "Ada");
    note("time, everything cold", clock.now() - startMs, "ms");
  });
  findCapabilities(verification, stack, startMs);
  for (const [step, run] of tries) {
    if (SLOW.includes(step) && !settings.slow && settings.endpoint === undefined) {
      ledger.skip(step, step, "it takes long, and --slow was not given");
      continue;
    }
    progress(step);
    await run(verification, stack);
  }
}

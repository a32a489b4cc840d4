/** Step 1: the stack is deployed. */
import { Unmet } from "./check.ts";
import type { CdkRun, StackSettings } from "./cdk.ts";
import type { Outputs } from "./stack/variables.ts";
import { openCallers, type StackAtHand, type Verification } from "./verification.ts";

const RUNTIME = "nodejs24.x";
const ARCHITECTURE = "arm64";
const EXCERPT_CHARS = 1500;

/** Returns nothing if there is no stack to go on with. */
export async function deploy(verification: Verification): Promise<StackAtHand | undefined> {
  const { ledger, account, stackName, clock } = verification;
  let outputs: Outputs | undefined;
  await ledger.check("deploy", "the stack is deployed", async (note) => {
    const startMs = clock.now();
    outputs = await deployed(verification, {});
    note("time", Math.round((clock.now() - startMs) / 1000), "s");
    const failed = (await account.stackEvents(stackName)).filter(({ status }) => status.endsWith("_FAILED"));
    const [first] = failed;
    if (first) throw new Unmet("no event that failed", `${first.resource}: ${first.status} ${first.reason}`);
  });
  const made = outputs;
  if (made === undefined) return undefined;
  await ledger.check("deploy", `functions run ${RUNTIME} on ${ARCHITECTURE}`, async () => {
    for (const name of [made.Dispatcher, made.Ingress, made.Main]) {
      const { runtime, architectures } = await account.functionSettings(name);
      if (runtime !== RUNTIME || architectures[0] !== ARCHITECTURE)
        throw new Unmet(`${RUNTIME} on ${ARCHITECTURE}`, `${runtime} on ${architectures.join(", ")}`);
    }
  });
  return openCallers(verification, made);
}

/** Deploys, and returns the outputs. Throws {@link Unmet} with the reason that the stack's events give. */
export async function deployed(verification: Verification, settings: StackSettings): Promise<Outputs> {
  const { tool, clock, state } = verification;
  const startMs = clock.now();
  state.begun = true;
  const run = await tool.deploy(settings);
  if (run.ok && run.outputs) {
    state.settings = settings;
    return run.outputs;
  }
  throw new Unmet("a deployment", (await whyFailed(verification, startMs)) ?? excerpt(run));
}

/** What the first resource that failed says. `undefined`: none has. */
export async function whyFailed(
  { account, stackName }: Verification,
  fromMs: number,
): Promise<string | undefined> {
  const events = await account.stackEvents(stackName).catch(() => []);
  // A clock of AWS's, which may be some seconds off.
  const late = events.filter(({ atMs }) => atMs >= fromMs - 5000);
  const first = late.find(({ status, reason }) => status.endsWith("_FAILED") && !/cancelled/i.test(reason));
  return first && `${first.resource}: ${first.status}: ${first.reason}`;
}

export const excerpt = ({ text }: CdkRun): string => text.slice(-EXCERPT_CHARS).trim();

/** Deployments while work is in flight, and those that must fail. Each variant is one deployment of the stack. */
import { randomUUID } from "node:crypto";
import { expectAtMost, expectSame, type Noting, Unmet } from "../check.ts";
import { deployed, whyFailed } from "../deployment.ts";
import type { StackSettings } from "../cdk.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const SUSPENDED_MS = 60_000;
const ENDED_MS = 120_000;
const FAIL_SECONDS_MAX = 300;
const LOAD_FAIL_SECONDS_MAX = 120;

const keysOf = (name: string, count: number): readonly string[] => {
  const run = randomUUID();
  return Array.from({ length: count }, (_, n) => `${name}-${n}-${run}`);
};

export async function versions(verification: Verification, stack: StackAtHand): Promise<void> {
  const { ledger, scale } = verification;
  const check = (name: string, run: (note: Noting) => Promise<void>) =>
    ledger.check("conformance", name, run);
  await check(`${scale.suspended} that are suspended end on the build they began on`, async () => {
    const keys = await suspended(verification, stack, "Across", "versions");
    await deployed(verification, { build: 2 });
    await newBuildServes(verification, stack);
    await go(stack, "Across", keys);
    for (const key of keys)
      expectSame("builds", await outcome(stack, "Across", key), { began: "1", ended: "1" });
  });
  await check("a build that throws at load fails to deploy, soon and with the reason", async (note) => {
    const why = await refused(verification, { build: 3, variant: "throws" }, LOAD_FAIL_SECONDS_MAX, note);
    if (!/on purpose/.test(why)) throw new Unmet("the text of the error", why);
  });
  await check("a deployment that lacks a handler fails and is rolled back", async (note) => {
    const why = await refused(verification, { build: 4, variant: "breaking" }, FAIL_SECONDS_MAX, note);
    if (!/old/.test(why)) throw new Unmet("the name of the handler", why);
  });
  const allowed = await check("the same deployment with allowBreakingChanges succeeds", async () => {
    await deployed(verification, { build: 4, variant: "breaking-allowed" });
  });
  if (!allowed)
    return ledger.skip("conformance", "a service moves to another function", "the one before has failed");
  await check("a service moves to another function, and what is in flight ends", async () => {
    const keys = await suspended(verification, stack, "Moves", "moves");
    await deployed(verification, { build: 5, variant: "moved" });
    await verification.clock.pause(scale.registryMs);
    await go(stack, "Moves", keys);
    for (const key of keys) expectSame("result", await outcome(stack, "Moves", key), "ended");
  });
}

async function suspended(
  { scale }: Verification,
  { ingress, admin }: StackAtHand,
  service: string,
  name: string,
): Promise<readonly string[]> {
  const keys = keysOf(name, scale.suspended);
  const ids = await Promise.all(keys.map((key) => ingress.send(`/${service}/${key}/run`)));
  const status = async (id: string) => (await admin.invocation(id))?.status;
  await Promise.all(
    ids.map((id) =>
      ingress.until(
        () => status(id),
        (now) => now === "suspended",
        SUSPENDED_MS,
      ),
    ),
  );
  return keys;
}

async function go({ ingress }: StackAtHand, service: string, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => ingress.call(`/${service}/${key}/go`)));
}

async function outcome({ ingress }: StackAtHand, service: string, key: string): Promise<unknown> {
  const path = `/restate/workflow/${service}/${key}/attach`;
  const answer = await ingress.until(
    () => ingress.door.request("GET", path),
    ({ status }) => status !== 504,
    ENDED_MS,
  );
  expectSame(`status of ${key}`, answer.status, 200);
  return JSON.parse(answer.body.toString()) as unknown;
}

async function newBuildServes({ clock, scale }: Verification, { ingress }: StackAtHand): Promise<void> {
  await ingress.until(
    () => ingress.call("/Versions/build"),
    (build) => build === "2",
    SUSPENDED_MS,
  );
  // Another environment may know the old one for a while.
  await clock.pause(scale.registryMs);
}

/** Deploys what must fail. Returns what the stack's events or the CDK say of it. */
async function refused(
  verification: Verification,
  settings: StackSettings,
  secondsMax: number,
  note: Noting,
): Promise<string> {
  const { tool, account, stackName, clock } = verification;
  const startMs = clock.now();
  const run = await tool.deploy(settings);
  const seconds = Math.round((clock.now() - startMs) / 1000);
  note("time", seconds, "s");
  if (run.ok) throw new Unmet("a deployment that fails", "one that succeeds");
  expectSame("status of the stack", await account.stackStatus(stackName), "UPDATE_ROLLBACK_COMPLETE");
  expectAtMost("it took", seconds, secondsMax, " s");
  return `${(await whyFailed(verification, startMs)) ?? ""} ${run.text.slice(-4000)}`;
}

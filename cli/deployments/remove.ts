/** `perdure deployments remove` and `drain`. */
import { setTimeout as sleep } from "node:timers/promises";
import { DRAIN_LOOK_MS } from "../../lib/limits/cli.ts";
import { path, Refusal } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { CommandError, EXIT } from "../exit.ts";
import { countText } from "../open-invocations.ts";
import { durationIn, shortDuration } from "../time.ts";
import { type StatedDeployment, statedDeployment } from "./deployment-status.ts";
import { findDeployment } from "./find.ts";
import { jsonOfDeployment, summaryLines } from "./show.ts";

export async function removeDeployment(cli: Cli, wanted: string, force: boolean): Promise<void> {
  const admin = await cli.admin();
  const deployment = await statedDeployment(admin, await findDeployment(admin, wanted));
  if (cli.out.format === "text") await cli.out.lines(summaryLines(cli.out, deployment));
  const reason = whyNeeded(deployment);
  if (reason !== undefined && !force) throw stillNeeded(deployment, reason);
  if (reason !== undefined) cli.out.warn(`${deployment.id} ${reason}`);
  await cli.confirm(`Remove ${deployment.id}?`);
  try {
    await admin.json("DELETE", path`/deployments/${deployment.id}`, { query: { force: force || undefined } });
  } catch (error) {
    if (error instanceof Refusal && error.status === 409) throw stillNeeded(deployment, error.message);
    throw error;
  }
  await cli.out.show({ id: deployment.id, removed: true }, () => [`Removed ${deployment.id}`]);
}

/** `undefined`: nothing needs it. */
function whyNeeded({ status, newest, pinned, isAll }: StatedDeployment): string | undefined {
  if (status === "Active")
    return `takes the new invocations of ${[...newest].toSorted().join(", ")}: without it they are unavailable, unless an older deployment has them`;
  if (status === "Draining")
    return `has ${countText(pinned, isAll)} open invocations pinned to it: without it they fail, and are retried`;
  return undefined;
}

const stillNeeded = ({ id, status }: StatedDeployment, reason: string): CommandError =>
  new CommandError(`${id} was not removed: it ${reason.replace(/^The deployment '[^']*' /u, "")}`, {
    advice:
      status === "Active"
        ? "Register the deployment that replaces it first. --force removes it all the same."
        : `\`perdure deployments drain ${id} --wait\` waits for them. --force removes it all the same.`,
  });

export interface DrainOptions {
  readonly wait?: true;
  readonly timeout?: string;
}

export async function drainDeployment(cli: Cli, wanted: string, options: DrainOptions): Promise<void> {
  const timeoutMs =
    options.timeout === undefined ? Number.POSITIVE_INFINITY : durationIn("--timeout", options.timeout);
  const admin = await cli.admin();
  const deployment = await findDeployment(admin, wanted);
  const startMs = performance.now();
  for (;;) {
    const now = await statedDeployment(admin, deployment);
    const isDrained = now.status === "Drained";
    if (isDrained || now.status === "Active" || options.wait !== true) {
      cli.out.progressDone();
      return await report(cli, now);
    }
    const passedMs = performance.now() - startMs;
    cli.out.progress(
      `${now.id}: ${countText(now.pinned, now.isAll)} open invocations (${shortDuration(passedMs)})`,
    );
    if (passedMs >= timeoutMs) {
      cli.out.progressDone();
      throw new CommandError(
        `${now.id} still has ${countText(now.pinned, now.isAll)} open invocations after ${options.timeout}`,
        { advice: `\`perdure invocations list --deployment ${now.id}\` shows them.` },
      );
    }
    await sleep(Math.min(DRAIN_LOOK_MS, timeoutMs - passedMs));
  }
}

async function report(cli: Cli, deployment: StatedDeployment): Promise<void> {
  const { id, status, newest, pinned, isAll } = deployment;
  if (status === "Active") {
    throw new CommandError(
      `${id} does not drain: it takes the new invocations of ${[...newest].toSorted().join(", ")}`,
      { advice: "Register the deployment that replaces it first." },
    );
  }
  const text = status === "Drained" ? "nothing needs it" : `${countText(pinned, isAll)} open invocations`;
  await cli.out.show(jsonOfDeployment(deployment), () => [`${id} ${status.toLowerCase()}: ${text}`]);
  if (status !== "Drained") process.exitCode = EXIT.failed;
}

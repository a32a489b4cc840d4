/** Whether a deployment is still needed: whether new invocations go there, and how many older ones are pinned to it. */
import type { AdminClient } from "../admin-client.ts";
import { openInvocations } from "../open-invocations.ts";
import { serviceIn } from "../services/service-answer.ts";
import { type AnsweredDeployment, deploymentIn } from "./deployment-answer.ts";

/**
 * Active: new invocations of at least one service go there. Draining: none do, and older ones are pinned to it. Drained: nothing
 * needs it. Unknown: none was found, but there are more invocations than were looked at.
 */
export type DeploymentStatus = "Active" | "Draining" | "Drained" | "Unknown";

export interface StatedDeployment extends AnsweredDeployment {
  readonly status: DeploymentStatus;
  /** Services whose new invocations go there. */
  readonly newest: ReadonlySet<string>;
  /** Open invocations that are pinned to it. */
  readonly pinned: number;
  /** False: there may be more. */
  readonly isAll: boolean;
}

/** The oldest first, as the admin API answers them. */
export async function statedDeployments(admin: AdminClient): Promise<StatedDeployment[]> {
  const [deployments, newest, open] = await Promise.all([
    admin.fields("GET", "/deployments"),
    newestServices(admin),
    openInvocations(admin),
  ]);
  const pinned = new Map<string, number>();
  for (const { deployment } of open.found)
    if (deployment !== undefined) pinned.set(deployment, (pinned.get(deployment) ?? 0) + 1);
  return deployments.objects("deployments").map((fields) => {
    const deployment = deploymentIn(fields);
    return stated(deployment, newest, pinned.get(deployment.id) ?? 0, open.isAll);
  });
}

/** One that was read already. */
export async function statedDeployment(
  admin: AdminClient,
  deployment: AnsweredDeployment,
): Promise<StatedDeployment> {
  const [newest, open] = await Promise.all([
    newestServices(admin),
    openInvocations(admin, { deployment: deployment.id }),
  ]);
  return stated(deployment, newest, open.found.length, open.isAll);
}

/** By deployment: the services whose new invocations go there. */
async function newestServices(admin: AdminClient): Promise<Map<string, Set<string>>> {
  const byDeployment = new Map<string, Set<string>>();
  for (const fields of (await admin.fields("GET", "/services")).objects("services")) {
    const { name, deployment } = serviceIn(fields);
    byDeployment.set(deployment, (byDeployment.get(deployment) ?? new Set()).add(name));
  }
  return byDeployment;
}

function stated(
  deployment: AnsweredDeployment,
  byDeployment: ReadonlyMap<string, ReadonlySet<string>>,
  pinned: number,
  isAll: boolean,
): StatedDeployment {
  const newest = byDeployment.get(deployment.id) ?? new Set();
  return { ...deployment, newest, pinned, isAll, status: statusOf(newest.size > 0, pinned, isAll) };
}

export function statusOf(takesNew: boolean, pinned: number, isAll: boolean): DeploymentStatus {
  if (takesNew) return "Active";
  if (pinned > 0) return "Draining";
  return isAll ? "Drained" : "Unknown";
}

/** Asks for the deployments and for what holds them, as long as they are on the screen. */
import { askFields, query } from "../../admin/client.ts";
import { EVERY_MS, type Loaded, useLive } from "../../admin/live.ts";
import { deploymentOf, type DeploymentsData, heldIn } from "./deployment-info.ts";

/** What is in flight, by deployment, service and status, and until when it waits. */
const HELD =
  "SELECT i.pinned_deployment_id AS deployment_id, i.target_service_name AS service_name, i.status AS status, " +
  "count(DISTINCT i.id) AS invocations, count(DISTINCT t.id) AS timed, max(t.due_at) AS last_due_at " +
  "FROM sys_invocation i LEFT JOIN perdure_timers t ON t.id = i.id " +
  "WHERE i.status != 'completed' AND i.pinned_deployment_id IS NOT NULL GROUP BY 1, 2, 3";

/** What holds them comes a moment later: it takes a question in SQL, and the page does not wait for it. */
export function useDeployments(): Loaded<DeploymentsData> {
  const { data, ...loaded } = useLive(
    "deployments",
    async (signal) =>
      (await askFields("/deployments", { signal })).objects("deployments").map(deploymentOf).toReversed(),
    EVERY_MS.counts,
  );
  const held = useLive("held", async (signal) => heldIn(await query(HELD, { signal })), EVERY_MS.counts);
  return { ...loaded, data: data && { deployments: data, ...(held.data && { held: held.data }) } };
}

/** Asks for the deployments and for what holds them, as long as they are on the screen. */
import { askFields, query } from "../../admin/client.ts";
import { EVERY_MS, type Loaded, useLive } from "../../admin/live.ts";
import { deploymentOf, type DeploymentsData, heldIn } from "./deployment-info.ts";

const PINNED = "SELECT deployment_id, service_name, status, invocations FROM perdure_deployments_pinned";
const DUE =
  "SELECT i.pinned_deployment_id AS deployment_id, count(DISTINCT t.id) AS timed, max(t.due_at) AS last_due_at " +
  "FROM perdure_timers t JOIN sys_invocation i ON i.id = t.id " +
  "WHERE i.status != 'completed' AND i.pinned_deployment_id IS NOT NULL GROUP BY 1";

export const useDeployments = (): Loaded<DeploymentsData> =>
  useLive(
    "deployments",
    async (signal): Promise<DeploymentsData> => {
      const [answer, pinned, due] = await Promise.all([
        askFields("/deployments", { signal }),
        query(PINNED, { signal }),
        query(DUE, { signal }),
      ]);
      return {
        deployments: answer.objects("deployments").map(deploymentOf).toReversed(),
        held: heldIn(pinned, due),
      };
    },
    EVERY_MS.counts,
  );

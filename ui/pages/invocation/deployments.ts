/** The deployments, as far as this page needs them: which one serves what. */
import { askFields } from "../../admin/client.ts";
import { timeOf } from "../../admin/fields.ts";
import { EVERY_MS, useLive } from "../../admin/live.ts";

export interface Serving {
  readonly id: string;
  readonly createdMs: number;
  readonly services: readonly { readonly name: string; readonly revision: number }[];
}

export const useDeployments = () =>
  useLive(
    "deployments of an invocation",
    async (signal): Promise<readonly Serving[]> =>
      (await askFields("/deployments", { signal })).objects("deployments").map((deployment) => ({
        id: deployment.text("id"),
        createdMs: timeOf(deployment, "created_at") ?? 0,
        services: deployment.objects("services").map((service) => ({
          name: service.text("name"),
          revision: service.optionalNumber("revision") ?? 0,
        })),
      })),
    EVERY_MS.counts,
  );

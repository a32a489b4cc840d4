/** The services that are deployed: `GET /services`. */
import { askFields } from "./client.ts";
import { EVERY_MS, useLive } from "./live.ts";
import { type ServiceInfo, serviceOf } from "./service.ts";

export type { HandlerInfo, ServiceInfo, ServiceType } from "./service.ts";

/** By name. */
export const useServices = () =>
  useLive(
    "services",
    async (signal): Promise<readonly ServiceInfo[]> =>
      (await askFields("/services", { signal })).objects("services").map(serviceOf),
    EVERY_MS.counts,
  );

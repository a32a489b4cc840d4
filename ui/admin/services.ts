/** The services that are deployed: `GET /services`. */
import { askFields } from "./client.ts";
import { EVERY_MS, roundNow, useLive } from "./live.ts";
import { type ServiceInfo, serviceOf } from "./service.ts";
import { shared, YOUNG_MS } from "./shared.ts";

export type { HandlerInfo, ServiceInfo } from "./service.ts";

const load = shared(
  YOUNG_MS,
  async (signal): Promise<readonly ServiceInfo[]> =>
    (await askFields("/services", { signal })).objects("services").map(serviceOf),
  roundNow,
);

/** By name. */
export const useServices = () => useLive("services", load, EVERY_MS.counts);

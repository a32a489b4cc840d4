/** Asks how much is in flight, as long as it is on the screen. */
import { query, sqlText } from "../../admin/client.ts";
import { EVERY_MS, type Loaded, useLive } from "../../admin/live.ts";
import type { Status } from "../../words/status.ts";
import { type HandlerLoad, loads } from "./in-flight.ts";

/** By {@link handlerId}; with `""` as handler, of the whole service. */
export const useInFlight = (service?: string): Loaded<ReadonlyMap<string, HandlerLoad>> =>
  useLive(
    `in flight ${service ?? ""}`,
    async (signal) => {
      const only = service === undefined ? "" : `AND target_service_name = ${sqlText(service)}`;
      const rows = await query(
        "SELECT target_service_name, target_handler_name, status, count(*) AS n FROM sys_invocation " +
          `WHERE status != 'completed' ${only} GROUP BY 1, 2, 3`,
        { signal },
      );
      return loads(
        rows.map((row) => ({
          service: row.text("target_service_name"),
          handler: row.text("target_handler_name"),
          status: row.text("status") as Status,
          count: row.number("n"),
        })),
      );
    },
    EVERY_MS.counts,
  );

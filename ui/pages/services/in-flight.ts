/** How much is in flight, by handler and by status. */
import { query, sqlText } from "../../admin/client.ts";
import { EVERY_MS, type Loaded, useLive } from "../../admin/live.ts";
import type { Status } from "../../words/status.ts";

export interface HandlerLoad {
  readonly inFlight: number;
  readonly byStatus: ReadonlyMap<Status, number>;
}

export const NO_LOAD: HandlerLoad = { inFlight: 0, byStatus: new Map() };
export const handlerId = (service: string, handler: string): string => JSON.stringify([service, handler]);

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

interface Counted {
  readonly service: string;
  readonly handler: string;
  readonly status: Status;
  readonly count: number;
}

export function loads(rows: readonly Counted[]): ReadonlyMap<string, HandlerLoad> {
  const found = new Map<string, { inFlight: number; byStatus: Map<Status, number> }>();
  for (const { service, handler, status, count } of rows) {
    for (const id of [handlerId(service, handler), handlerId(service, "")]) {
      const load = found.get(id) ?? { inFlight: 0, byStatus: new Map<Status, number>() };
      load.inFlight += count;
      load.byStatus.set(status, (load.byStatus.get(status) ?? 0) + count);
      found.set(id, load);
    }
  }
  return found;
}

/** Those that matter to somebody first. */
const ORDER: readonly Status[] = [
  "paused",
  "backing-off",
  "pending",
  "running",
  "ready",
  "suspended",
  "scheduled",
];
export const inOrder = ({ byStatus }: HandlerLoad): readonly (readonly [Status, number])[] =>
  [...byStatus].toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));

/** How much is in flight, by handler and by status. */
import type { Status } from "../../words/status.ts";

export interface HandlerLoad {
  readonly inFlight: number;
  readonly byStatus: ReadonlyMap<Status, number>;
}

export const NO_LOAD: HandlerLoad = { inFlight: 0, byStatus: new Map() };
export const handlerId = (service: string, handler: string): string => JSON.stringify([service, handler]);

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

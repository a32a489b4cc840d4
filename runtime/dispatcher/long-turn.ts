/**
 * What a dispatcher does at the end of a turn that was let go of (R26). The turn sends its guard early, and has done its outputs and
 * replies. What it says counts while the head is as it left it, and the first time that the message comes: else the guard is in doubt.
 */
import { decodeEnded, type FailedTurn } from "../../lib/death.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Resume } from "../../lib/model/message.ts";
import { canGoOn } from "../../lib/model/status-table.ts";
import { arrange } from "../../lib/store/last-outputs.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import type { StoredInvocation } from "./invocation.ts";
import type { Progress } from "./progress.ts";

/** The outputs of the last append are done, and its replies. */
export const isSettled = ({ settled }: Resume, { writer, status }: Head, { inDoubt }: Delivery): boolean =>
  !inDoubt &&
  settled !== undefined &&
  settled === writer &&
  (status === "suspended" || status === "completed");

/** Its timers and promises, or the hand-off of its key. */
export async function afterLongTurn(
  ports: DispatcherPorts,
  progress: Progress,
  invocation: StoredInvocation,
  delivery: Delivery,
): Promise<Verdict> {
  const { id, incarnation, target, head } = invocation;
  if (head.status === "completed") {
    ports.meter?.measure("completed");
    return await progress.passOn(invocation, delivery, true);
  }
  if (canGoOn(head)) return await progress.advance(invocation, [], delivery);
  if (head.wait) await arrange(ports, { id, incarnation, target }, head.wait);
  return "done";
}

/** How its turn has ended, until that is acted on: then the head does not name the guard any more. */
export const howEnded = ({ guard, ended }: Resume, head: Head): FailedTurn | undefined =>
  ended !== undefined && head.status === "running" && head.guard === guard ? decodeEnded(ended) : undefined;

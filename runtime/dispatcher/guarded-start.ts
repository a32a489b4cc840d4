/**
 * Guards of turns that run where their call was accepted (R25): a Start that comes out of the timers, or early since its turn is
 * over. It is in doubt, whatever it finds.
 */
import { afresh, outgoing } from "../../lib/store/send.ts";
import { decodeEnded } from "../../lib/death.ts";
import { guardMs } from "../../lib/store/guard.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Start } from "../../lib/model/message.ts";
import type { Delivery, DispatcherPorts } from "./delivery.ts";

/** It came before its time; or its turn lives in this process, which or whose clock has stood still for a while. */
export async function isSetAnew(ports: DispatcherPorts, start: Start): Promise<boolean> {
  const { guardAtMs, id } = start;
  if (guardAtMs === undefined) return false;
  const nowMs = ports.clock.now();
  const isAlive = ports.runsAtDoor?.(id) === true;
  if (guardAtMs <= nowMs && !isAlive) return false;
  const atMs = isAlive ? nowMs + guardMs(1) : guardAtMs;
  const message = outgoing({ ...start, guardAtMs: atMs }, afresh(ports, "guard"));
  await ports.timers.schedule({ atMs, message });
  return true;
}

/** The delivery of a guard. How its turn has ended counts only until that is acted on: the head is not there, or names the guard. */
export function underGuard(start: Start, head: Head | undefined, delivery: Delivery): Delivery {
  const { guard, ended: text } = start;
  if (guard === undefined) return delivery;
  const isUntold = head === undefined || (head.status === "running" && head.guard === guard);
  const ended = text !== undefined && isUntold ? decodeEnded(text) : undefined;
  return {
    ...delivery,
    ...{ inDoubt: true, voucher: { ...delivery.voucher, guard } },
    ...(ended ? { ended } : {}),
  };
}

/**
 * Guards of turns that run where their call was accepted (R25): a Start that comes out of the timers, or early since its turn is
 * over. It is in doubt, whatever it finds.
 */
import { afresh, outgoing } from "../../lib/store/send.ts";
import { decodeEnded } from "../../lib/death.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Start } from "../../lib/model/message.ts";
import type { Delivery, DispatcherPorts } from "./delivery.ts";
import { setAnew } from "./living-turn.ts";

/** It came before its time, or its turn lives. */
export async function isEarly(ports: DispatcherPorts, start: Start): Promise<boolean> {
  const { guardAtMs: atMs, id } = start;
  if (atMs === undefined) return false;
  if (ports.runs?.(id)) {
    await setAnew(ports, { message: start, atMs });
    return true;
  }
  if (atMs <= ports.clock.now()) return false;
  await ports.timers.schedule({ atMs, message: outgoing(start, afresh(ports, "guard")) });
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

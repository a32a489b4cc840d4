/** The last leg of a timer. When it comes out of the delay queue, it goes to the mailbox if it is due, else back (T1). */
import { sendAll } from "../../lib/store/send.ts";
import type { Outgoing } from "../../lib/model/message.ts";
import type { Clock, Mailbox, Timers } from "../../lib/ports.ts";

export interface TimerPorts {
  readonly mailbox: Mailbox;
  readonly timers: Timers;
  readonly clock: Clock;
}

/** Throws an operational error if the timer is not durably on its way. Then it must be delivered again. */
export async function forwardTimer(
  ports: TimerPorts,
  timer: { readonly atMs: number; readonly message: Outgoing },
): Promise<void> {
  if (timer.atMs > ports.clock.now()) await ports.timers.schedule(timer);
  else await sendAll(ports.mailbox, [timer.message]);
}

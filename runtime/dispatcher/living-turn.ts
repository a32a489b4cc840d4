/**
 * What comes because of the time, while a turn of its invocation lives.
 *
 * A guard and a poke stand for a turn that nobody has heard of for a while. That a while has passed does not say that the turn is dead:
 * this process, or its clock, may have stood still, and the clock of a development server jumps (docs/decisions/0040). Some processes hear
 * of the end of each turn (`DispatcherPorts.runs`). There a guard is set anew as long as its turn lives, and a poke does nothing. A turn that
 * has ended says so itself, or the process that heard of its end does.
 *
 * Boundary: a guard that comes early says that its turn is over. It bears no time, and does not come here.
 *
 * *Crash:* what is set anew is durable before its message is done (M1). In a new process no turn lives, so the guard takes over.
 */
import type { Resume, Start } from "../../lib/model/message.ts";
import { guardMs } from "../../lib/store/guard.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { afresh, outgoing } from "../../lib/store/send.ts";
import type { DispatcherPorts } from "./delivery.ts";

/** Whether a Start would begin its invocation beside a turn that lives, and has no head yet: the caller of that turn waits for it no longer
 * (R28). It is looked at again when there is a head. One that bears a guard acts for that guard. */
export const isBesideTurn = ({ runs }: DispatcherPorts, { id, resent, guard }: Start): boolean =>
  resent === true && guard === undefined && runs?.(id) === true;

/** A guard that was due at this time. */
export interface DueGuard {
  readonly message: Start | Resume;
  readonly atMs: number;
}

/** Sets it anew, unless nothing needs it. */
export async function setAnew(ports: DispatcherPorts, { message, atMs }: DueGuard): Promise<void> {
  if (await isReplaced(ports, message, atMs)) return;
  const nextMs = ports.clock.now() + guardMs(1);
  const again = message.kind === "start" ? { guardAtMs: nextMs } : { dueAtMs: nextMs };
  const timer = outgoing({ ...message, ...again }, afresh(ports, "guard"));
  await ports.timers.schedule({ atMs: nextMs, message: timer });
}

/**
 * Whether the head names another guard, and will not name this one. Else each jump would set all guards anew that a turn has ever had.
 *
 * - One whose time was over before the last append was named before that one: a guard is named by the next append after it was set.
 * - One that bears a caller is the caller's (R28). The head knows that caller from now on.
 */
async function isReplaced(
  { items }: Pick<DispatcherPorts, "items">,
  message: Start | Resume,
  atMs: number,
): Promise<boolean> {
  const head = (await readHead(items, message.id))?.head;
  if (head?.status !== "running" || head.guard === undefined || head.guard === message.guard) return false;
  const isCallers = message.kind === "start" && message.replyTo !== undefined;
  return isCallers ? message.origin === head.origin : atMs <= head.modifiedAtMs;
}

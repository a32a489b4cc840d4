/**
 * The last leg of a timer. When it comes out of the delay queue, it goes to the mailbox if it is due, else back (T1).
 *
 * Most guards come when their invocation has ended long ago (R25, R26). They are dropped here, for half a read unit and no message.
 * What such an invocation has sent was sent before its completion (R24), it has no state and no key, and without
 * callers there is nobody to reply to. So are guards whose turn has named a later one since. The read may lag: then the guard goes to
 * the mailbox.
 *
 * A guard may bear a caller of which the head knows nothing: one that has invoked the call itself, and waits no longer in memory (R28).
 * This guard is what vouches for its reply. So it is dropped only if that caller has ended, too.
 */
import { isStub, parseFields } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { isExclusiveId } from "../../lib/model/ids.ts";
import { decodeMessage } from "../../lib/model/message.ts";
import { isLaterGuard, mayBeGuard } from "../../lib/store/guard.ts";
import { sendAll } from "../../lib/store/send.ts";
import type { Outgoing, ReplyTo } from "../../lib/model/message.ts";
import type { Clock, ItemStore, Mailbox, Timer, Timers } from "../../lib/ports.ts";

export interface TimerPorts {
  readonly mailbox: Mailbox;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly items: Pick<ItemStore, "get">;
}

/** Throws an operational error if the timer is not durably on its way. Then it must be delivered again. */
export async function forwardTimer(ports: TimerPorts, timer: Timer): Promise<void> {
  const isDue = timer.atMs <= ports.clock.now();
  if (!isDue || !(await isNeedlessGuard(ports, timer.message))) await goOn(ports, timer);
}

/** A guard that a pass has found, before its time or after it (guard-pass.ts). Throws as {@link forwardTimer}. */
export async function forwardGuard(ports: TimerPorts, guard: Timer): Promise<void> {
  if (!(await isNeedlessGuard(ports, guard.message))) await goOn(ports, guard);
}

async function goOn({ timers, clock, mailbox }: TimerPorts, timer: Timer): Promise<void> {
  if (timer.atMs > clock.now()) await timers.schedule(timer);
  else await sendAll(mailbox, [timer.message]);
}

async function isNeedlessGuard({ items }: TimerPorts, { body }: Outgoing): Promise<boolean> {
  if (!mayBeGuard(body)) return false;
  const message = decodeMessage(body);
  if ((message.kind !== "start" && message.kind !== "resume") || message.guard === undefined) return false;
  const item = await items.get(headKey(message.id), { mayLag: true });
  if (!item || isStub(item)) return false;
  const { status, incarnation, replies, guard } = parseFields(item);
  if (incarnation !== message.incarnation) return false;
  if (guard !== undefined) return isLaterGuard(guard, message.guard);
  if (status !== "completed" || replies.length > 0 || isExclusiveId(message.id)) return false;
  return (
    message.kind === "resume" || message.replyTo === undefined || (await hasEnded(items, message.replyTo))
  );
}

async function hasEnded(items: TimerPorts["items"], { id, incarnation }: ReplyTo): Promise<boolean> {
  const item = await items.get(headKey(id), { mayLag: true });
  if (!item || isStub(item)) return false;
  const head = parseFields(item);
  return head.status === "completed" && head.incarnation === incarnation;
}

/**
 * Attaches a command of one invocation to the result of another.
 *
 * The attach message goes through the target's own group. Whoever knows the target's id knows it from its Start. That
 * Start was sent before anybody was told the id, and it has been handled by now (R7). So the target is found.
 *
 * - Target open: the caller is added to the callers in the head. The completion answers all that are there when it is
 *   written. Both are conditional writes on the head, so the second one sees the first.
 * - Target completed: its result is sent at once.
 * - Target absent or expired: 404, because no result can come any more. One exception: a handler's delayed send to an
 *   exclusive handler is registered through the group of its *id*, not of its key. This message may have overtaken it. So
 *   for ids of exclusive handlers the message is forwarded once to the id's group, where it is behind the registration.
 *   Only there is absence final. No clock is involved.
 *
 * Crash points
 * - Before the write or the reply is durable: the message stays and is handled again (M1). Both may be repeated; a caller
 *   that has its answer ignores a second one (`isNews` in lib/turn/turn-machine.ts).
 * - The caller dies between its append and this message: whoever acts next on the caller sends it again (R2).
 */
import { addReply, tells } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import { type InvocationId, isExclusiveId } from "../../lib/model/ids.ts";
import { CONFLICT_ATTEMPTS_MAX, REPLIES_MAX } from "../../lib/limits.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Attach, ReplyTo, Start } from "../../lib/model/message.ts";
import { failure, type Outcome } from "../../lib/model/outcome.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { ON } from "../../lib/model/status-table.ts";
import type { DispatcherPorts, Verdict } from "./delivery.ts";
import { reply } from "../../lib/store/outputs.ts";

/** Registers the caller, or answers it. */
export async function attach(ports: DispatcherPorts, message: Attach): Promise<Verdict> {
  const { id, replyTo } = message;
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const head = (await readHead(ports.items, id))?.head;
    if (!head || isExpired(head, ports.clock.now())) return await answerAbsence(ports, message);
    if (ON.attach[head.status] === "reply" && head.outcome) {
      await reply(ports, id, [replyTo], head.outcome);
      return "done";
    }
    const added = await addReply(ports.items, id, head.incarnation, replyTo);
    if (added === "full") await reply(ports, id, [replyTo], tooManyCallers(id));
    if (added) return "done";
    // It has completed since it was read.
  }
  return "retry";
}

/** It is told with the end, or now. */
export async function answerLater(
  ports: DispatcherPorts,
  id: InvocationId,
  head: Head,
  replyTo: ReplyTo,
): Promise<void> {
  const added = await addReply(ports.items, id, head.incarnation, replyTo);
  if (added === "full") await reply(ports, id, [replyTo], tooManyCallers(id));
  if (added) return;
  const completed = await readHead(ports.items, id);
  if (completed?.head.outcome) await reply(ports, id, [replyTo], completed.head.outcome);
}

/** A guard will come again, since its turn lives. A caller that has invoked it itself and waits no longer is told at its end all the
 * same (R28): that the turn lives does not mean that its caller still hears it. */
export async function tellLater(ports: DispatcherPorts, { id, origin, replyTo }: Start): Promise<Verdict> {
  const head = replyTo && (await readHead(ports.items, id))?.head;
  if (replyTo && head?.origin === origin && !tells(head, replyTo))
    await answerLater(ports, id, head, replyTo);
  return "done";
}

/** P1: a caller that the head has no room for is told, instead of waiting for ever. */
const tooManyCallers = (id: InvocationId): Outcome =>
  failure(
    429,
    `${REPLIES_MAX} callers wait for the result of ${shownId(id)} already: attach later, or ask for its output`,
  );

async function answerAbsence(ports: DispatcherPorts, message: Attach): Promise<Verdict> {
  const { id, replyTo } = message;
  if (isExclusiveId(id) && !message.forwarded) {
    const cause = `${replyTo.id}.${replyTo.incarnation}.${replyTo.command}.forwarded`;
    await sendAll(ports.mailbox, [outgoing({ ...message, forwarded: true }, cause, id)]);
    return "done";
  }
  await reply(ports, id, [replyTo], failure(404, `invocation not found: ${shownId(id)}`));
  return "done";
}

/** What cannot be attached to must not leave its caller waiting (L1). */
export async function refuseAttach(
  ports: DispatcherPorts,
  { id, replyTo }: Attach,
  reason: string,
): Promise<Verdict> {
  ports.logger.log("error", "an attach message failed too often; its caller is told", { id, reason });
  await reply(ports, id, [replyTo], failure(500, `cannot attach to ${shownId(id)}: ${reason}`));
  return "done";
}

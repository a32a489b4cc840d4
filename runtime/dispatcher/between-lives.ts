/**
 * What comes between two lives of a derived id, for the one that is current, since its sender knows only the id: a signal, a
 * cancellation or a kill that finds the head of a life that has expired. The next life's Start may be on its way. So the message
 * goes where Starts come, once, behind all that were sent before it, and from there to the note lane again. Then it finds the next
 * life's head, whose Start makes it before anything else; or there is no such Start, and it was for the life that is over.
 *
 * No stub can keep it (R21): it would stand where the expired head is, which tells a late repeat of the old Start from a new one
 * (R10). And no clock decides.
 *
 * Crash points: before it is sent, the message is there and comes again. After it, a copy comes, too: a note is taken once, and a
 * kill does nothing twice. Bound: each copy goes behind Starts once, two messages more.
 */
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import type { Head } from "../../lib/model/head.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import { groupOf } from "../../lib/model/ids.ts";
import type { Kill, Notify } from "../../lib/model/message.ts";
import type { DispatcherPorts } from "./delivery.ts";

export const isBetweenLives = (message: Notify | Kill, head: Head, nowMs: number): boolean =>
  message.incarnation === undefined &&
  message.behind === undefined &&
  !(message.kind === "notify" && message.note.kind === "completion") &&
  isExpired(head, nowMs);

/** Resolves when the mailbox has them. */
export async function sendBehindStarts(
  ports: DispatcherPorts,
  messages: readonly (Notify | Kill)[],
): Promise<void> {
  const behind = messages.map((message) =>
    outgoing({ ...message, behind: true }, afresh(ports, "behind"), groupOf(message.id)),
  );
  await sendAll(ports.mailbox, behind);
}

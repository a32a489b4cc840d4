/**
 * Does again what follows from the last append (R2) and arranges what a suspended invocation waits for. All of it is
 * idempotent, so it may be done whenever there is doubt.
 */
import { awaitPromise } from "../../lib/store/promise-store.ts";
import { type Carried, carried, performOutputs, replyTo } from "../../lib/store/outputs.ts";
import { outgoing, sendAll, startTimerOf } from "../../lib/store/send.ts";
import { spill } from "../../lib/store/value-store.ts";
import { type Head, mayBeInDoubt } from "../../lib/model/head.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import type { Outgoing, ReplyTo, Target } from "../../lib/model/message.ts";
import { encodeOutcome, type Outcome } from "../../lib/model/outcome.ts";
import { isStateEdit } from "./state-edit.ts";
import { leavesOf, type Wait } from "../../lib/model/wait.ts";
import type { DispatcherPorts } from "./delivery.ts";

export interface Subject {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly target: Target;
}

/** The outputs of the last append, and, as the status has it, the timers or the replies. `sentAtMs`: when the message
 * at hand was sent. */
export async function repeatLastOutputs(
  ports: DispatcherPorts,
  id: InvocationId,
  head: Head,
  sentAtMs?: number,
): Promise<void> {
  const { incarnation, target } = head;
  if (mayBeInDoubt(head, ports.clock.now(), sentAtMs)) await repeatOutputs(ports, id, head);
  if (head.status !== "completed" && head.wait) await arrange(ports, { id, incarnation, target }, head.wait);
  if (head.status === "completed" && head.outcome) await reply(ports, id, head.replies, head.outcome);
}

async function repeatOutputs(ports: DispatcherPorts, id: InvocationId, head: Head): Promise<void> {
  const { incarnation, target, token } = head;
  // The last append's entries are still in the head: only a later append drops what a page holds.
  const entries = head.tail.slice(Math.max(0, head.lastAppend - head.paged));
  const type = isStateEdit({ target, head })
    ? (await ports.registry.service(target.service))?.type
    : undefined;
  const subject = {
    ...{ id, incarnation, target, again: true },
    ...(token === undefined ? {} : { token }),
    ...(type === undefined ? {} : { type }),
  };
  await performOutputs(ports, subject, entries, head.lastAppend);
}

/** Schedules the timers and registers for the promises that the tree waits for, except those that the invocation
 * waited for before, unless they are overdue. */
export async function arrange(
  ports: DispatcherPorts,
  subject: Subject,
  wait: Wait,
  before?: Wait,
): Promise<void> {
  const found: Outgoing[] = [];
  const nowMs = ports.clock.now();
  const arranged = new Set(
    (before ? leavesOf(before) : []).filter((leaf) => leaf[0] !== "i").map((leaf) => leaf[1]),
  );
  const leaves = leavesOf(wait).toSorted((a, b) => (a[0] === "z" && b[0] === "z" ? a[2] - b[2] : 0));
  for (const leaf of leaves) {
    const isOverdue = leaf[0] === "z" && leaf[2] <= nowMs;
    if (leaf[0] !== "i" && arranged.has(leaf[1]) && !isOverdue) continue;
    if (leaf[0] === "z")
      await ports.timers.schedule(timerOf(subject, leaf[1], leaf[2], isOverdue ? `.${nowMs}` : ""));
    if (leaf[0] === "p") {
      const waiter: ReplyTo = { id: subject.id, incarnation: subject.incarnation, command: leaf[1] };
      const outcome = await awaitPromise(ports, subject, leaf[2], waiter);
      if (outcome) found.push(replyTo(waiter, await kept(ports, subject.id, outcome)));
    }
  }
  await sendAll(ports.mailbox, found);
}

/** What no message carries is stored with the invocation that is told. */
const kept = async (ports: DispatcherPorts, id: InvocationId, outcome: Outcome): Promise<Carried> => ({
  value: await spill(ports, id, encodeOutcome(outcome), MESSAGE_PAYLOAD_BYTES_MAX),
});

/** A sleep's timer. Its message says when it is due, so that one that comes early is scheduled again (T1). */
export function timerOf(
  { id, incarnation }: Omit<Subject, "target">,
  command: number,
  dueAtMs: number,
  again = "",
) {
  const note = ["n", command, null] as ["n", number, null];
  return {
    atMs: dueAtMs,
    message: outgoing({ kind: "notify", id, incarnation, note, dueAtMs }, `timer.${command}${again}`),
  };
}

/** Takes back what an invocation that has ended was waiting for, where that saves anything: see {@link Timers.cancel}. */
export async function forgetTimers(
  { timers, clock }: DispatcherPorts,
  { id, incarnation }: Omit<Subject, "target">,
  { wait, origin, dueAtMs }: Pick<Head, "wait" | "origin" | "dueAtMs">,
): Promise<void> {
  const nowMs = clock.now();
  for (const leaf of wait ? leavesOf(wait) : []) {
    if (leaf[0] === "z" && leaf[2] > nowMs)
      await timers.cancel?.(timerOf({ id, incarnation }, leaf[1], leaf[2]));
  }
  if (dueAtMs !== undefined && dueAtMs > nowMs)
    await timers.cancel?.(startTimerOf({ id, incarnation, origin }, dueAtMs));
}

/** Tells everyone who awaits the invocation how it ended. */
export async function reply(
  ports: DispatcherPorts,
  id: InvocationId,
  replies: readonly ReplyTo[],
  outcome: Outcome,
): Promise<void> {
  const sent = await carried(ports.items, id, encodeOutcome(outcome));
  await sendAll(
    ports.mailbox,
    replies.map((to) => replyTo(to, sent)),
  );
}

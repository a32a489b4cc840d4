/**
 * Does again what follows from the last append (R2) and from the status that it left.
 *
 * Job: while the outputs of an invocation's last append are in doubt, the next to act on it does them again here. That is the
 * dispatcher, or the admin API before it purges. Here are also the timers and promises that a suspended invocation waits for,
 * and the replies of one that has ended. All of it is idempotent.
 * Boundary: what the entries of an append cause is in outputs.ts, which the turn itself uses.
 */
import { awaitPromise } from "./promise-store.ts";
import { type Carried, type OutputPorts, performOutputs, reply, replyTo } from "./outputs.ts";
import { outgoing, sendAll, startTimerOf } from "./send.ts";
import { spill } from "./value-store.ts";
import type { Entry, Note } from "../model/entry.ts";
import { type Head } from "../model/head.ts";
import { mayBeInDoubt } from "../model/head-age.ts";
import type { Incarnation, InvocationId } from "../model/ids.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../limits.ts";
import type { Outgoing, ReplyTo, Target } from "../model/message.ts";
import { encodeOutcome, type Outcome } from "../model/outcome.ts";
import { secretOf } from "../model/seal.ts";
import { isStateEdit } from "./state-edit.ts";
import { leavesOf, type Wait } from "../model/wait.ts";
import type { Registry, Timers } from "../ports.ts";

export interface RepeatPorts extends OutputPorts {
  readonly registry: Pick<Registry, "service">;
}
interface WaitPorts extends OutputPorts {
  readonly timers: Timers;
}

export interface Waiter {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly target: Target;
}

/** `isBeside`: the turn of the last append may be at its outputs. `areCallsKilled`: what it has called is killed next, and is not sent
 * again. */
interface Repetition {
  readonly isBeside?: boolean;
  readonly areCallsKilled?: boolean;
}

/** The outputs of the last append, and, as the status has it, the timers or the replies. `sentAtMs`: when the message
 * at hand was sent. */
export async function repeatLastOutputs(
  ports: RepeatPorts & WaitPorts,
  id: InvocationId,
  head: Head,
  sentAtMs?: number,
  how: Repetition = {},
): Promise<void> {
  // Once it has ended, nobody is taken to be at its outputs.
  if (head.status === "completed")
    return await repeatEnd(ports, id, head, sentAtMs, { ...how, isBeside: false });
  const { incarnation, target, wait } = head;
  if (mayBeInDoubt(head, ports.clock.now(), sentAtMs)) await repeatOutputs(ports, id, head, how);
  if (wait) await arrange(ports, { id, incarnation, target }, wait);
}

/** The same, of one that has ended. */
export async function repeatEnd(
  ports: RepeatPorts,
  id: InvocationId,
  head: Head,
  sentAtMs?: number,
  how: Repetition = {},
): Promise<void> {
  if (mayBeInDoubt(head, ports.clock.now(), sentAtMs)) await repeatOutputs(ports, id, head, how);
  if (head.outcome) await reply(ports, id, head.replies, head.outcome);
}

/**
 * Whether the notes show that the outputs of the last append were done, whose turn ran in another lane and may still be at it.
 *
 * - Timers are set, and promises asked, after all outputs.
 * - State is written before any message is sent, and a reply shows that its call was sent.
 */
export function areOutputsDone(head: Head, notes: readonly Note[]): boolean {
  const entries = lastEntries(head);
  const completed = new Set(notes.flatMap((note) => (note.kind === "completion" ? [note.command] : [])));
  const isCompleted = (entry: Entry): boolean => "command" in entry && completed.has(entry.command);
  const isLate = (entry: Entry): boolean => entry.kind === "sleep" || entry.kind === "promise.get";
  if (entries.some((entry) => isLate(entry) && isCompleted(entry))) return true;
  const sent = entries.filter(({ kind }) => SENDING.has(kind));
  if (sent.length > 0) return sent.every((entry) => entry.kind === "call" && isCompleted(entry));
  return !entries.some(({ kind }) => WRITING.has(kind));
}
/** Whether the last append's outputs are state, among others. */
export const writesState = (head: Head): boolean => lastEntries(head).some(({ kind }) => WRITING.has(kind));

/** They are still in the head: only a later append drops what a page holds. */
const lastEntries = ({ tail, paged, lastAppend }: Head): readonly Entry[] =>
  tail.slice(Math.max(0, lastAppend - paged));

const SENDING: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  ...(["call", "send", "sendSignal", "promise.complete"] as const),
  ...(["attach", "cancel", "cancelled"] as const),
]);
const WRITING: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>(["set", "clear", "clearAll"]);

const callIn = (entry: Entry): number[] => (entry.kind === "call" ? [entry.command] : []);

async function repeatOutputs(
  ports: RepeatPorts,
  id: InvocationId,
  head: Head,
  { isBeside = false, areCallsKilled = false }: Repetition,
): Promise<void> {
  const { incarnation, target, token, origin } = head;
  const entries = lastEntries(head);
  // A workflow's state has a time to live, and the id of an edit does not show that it is a workflow's.
  const type = isStateEdit({ target, origin })
    ? (await ports.registry.service(target.service))?.type
    : undefined;
  const subject = {
    ...{ id, incarnation, target, again: true, isBeside, secret: secretOf(head) },
    ...(token === undefined ? {} : { token }),
    ...(type === undefined ? {} : { type }),
    ...(areCallsKilled && { direct: new Set(entries.flatMap(callIn)) }),
  };
  await performOutputs(ports, subject, entries, head.lastAppend);
}

/** Schedules the timers and registers for the promises that the tree waits for, except those that the invocation
 * waited for before, unless they are overdue. */
export async function arrange(ports: WaitPorts, subject: Waiter, wait: Wait, before?: Wait): Promise<void> {
  const found: Outgoing[] = [];
  const nowMs = ports.clock.now();
  const arranged = new Set(
    (before ? leavesOf(before) : []).flatMap((leaf) => (leaf.kind === "signal" ? [] : [leaf.command])),
  );
  const leaves = leavesOf(wait).toSorted((a, b) =>
    a.kind === "sleep" && b.kind === "sleep" ? a.dueAtMs - b.dueAtMs : 0,
  );
  for (const leaf of leaves) {
    const isOverdue = leaf.kind === "sleep" && leaf.dueAtMs <= nowMs;
    if (leaf.kind !== "signal" && arranged.has(leaf.command) && !isOverdue) continue;
    if (leaf.kind === "sleep")
      await ports.timers.schedule(timerOf(subject, leaf.command, leaf.dueAtMs, isOverdue ? `.${nowMs}` : ""));
    if (leaf.kind === "promise.get") {
      const waiter: ReplyTo = { id: subject.id, incarnation: subject.incarnation, command: leaf.command };
      const outcome = await awaitPromise(ports, subject, leaf.name, waiter);
      if (outcome) found.push(replyTo(waiter, await kept(ports, subject.id, outcome)));
    }
  }
  await sendAll(ports.mailbox, found);
}

/** What no message carries is stored with the invocation that is told. */
const kept = async (ports: OutputPorts, id: InvocationId, outcome: Outcome): Promise<Carried> => ({
  value: await spill(ports, id, encodeOutcome(outcome), MESSAGE_PAYLOAD_BYTES_MAX),
});

/** A sleep's timer. Its message says when it is due, so that one that comes early is scheduled again (T1). */
export function timerOf(
  { id, incarnation }: Omit<Waiter, "target">,
  command: number,
  dueAtMs: number,
  again = "",
) {
  const note = { kind: "completion", command, outcome: null } as const;
  return {
    atMs: dueAtMs,
    message: outgoing({ kind: "notify", id, incarnation, note, dueAtMs }, `timer.${command}${again}`),
  };
}

/** Takes back what an invocation that has ended was waiting for, where that saves anything: see {@link Timers.cancel}. */
export async function forgetTimers(
  { timers, clock }: Pick<WaitPorts, "timers" | "clock">,
  { id, incarnation }: Omit<Waiter, "target">,
  { wait, origin, dueAtMs }: Pick<Head, "wait" | "origin" | "dueAtMs">,
): Promise<void> {
  const nowMs = clock.now();
  for (const leaf of wait ? leavesOf(wait) : []) {
    if (leaf.kind === "sleep" && leaf.dueAtMs > nowMs)
      await timers.cancel?.(timerOf({ id, incarnation }, leaf.command, leaf.dueAtMs));
  }
  if (dueAtMs !== undefined && dueAtMs > nowMs)
    await timers.cancel?.(startTimerOf({ id, incarnation, origin }, dueAtMs));
}

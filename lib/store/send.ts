/**
 * Sends messages in program order (R13): at most one of a group is under way, and one of a group in a batch. A batch can fail
 * in part, and a group's later message must never be accepted before its earlier one.
 */
import { OperationalError } from "../errors.ts";
import { groupOf, type Incarnation, type InvocationId, noteGroupOf } from "../model/ids.ts";
import { digest } from "../hash.ts";
import { SEND_ATTEMPTS_MAX, SEND_BATCH_MAX } from "../limits.ts";
import { encodeMessage, forLaterVersions, type Message, type Outgoing } from "../model/message.ts";
import { nonce } from "../entropy.ts";
import type { Entropy, Mailbox } from "../ports.ts";

/** Resolves when the mailbox holds all of them. Throws {@link OperationalError} when that is in doubt: then send all again. */
export async function sendAll(mailbox: Mailbox, messages: readonly Outgoing[]): Promise<void> {
  let waiting = [...messages];
  for (let attempt = 1; waiting.length > 0;) {
    const batch = nextBatch(waiting);
    const refused = await mailbox.sendBatch(batch);
    if (refused.length > 0 && attempt++ >= SEND_ATTEMPTS_MAX) {
      throw new OperationalError(
        "unavailable",
        `the mailbox refused ${refused.length} messages ${attempt - 1} times`,
      );
    }
    const sent = new Set(batch.filter((_, index) => !refused.includes(index)));
    waiting = waiting.filter((message) => !sent.has(message));
  }
}

function nextBatch(waiting: readonly Outgoing[]): Outgoing[] {
  const groups = new Set<string>();
  const batch: Outgoing[] = [];
  for (const message of waiting) {
    if (groups.has(message.group)) continue;
    groups.add(message.group);
    batch.push(message);
    if (batch.length === SEND_BATCH_MAX) break;
  }
  return batch;
}

/**
 * The lane of a message (R19). What may begin an invocation comes where its Start comes: one after the other, in the order of
 * the key. All else comes in its note lane, which does not wait for a turn under the Start.
 */
export function laneOf(message: Message): string {
  const enters = message.kind === "start" || message.kind === "attach" || isEntry(message);
  return enters ? groupOf(message.id) : noteGroupOf(message.id);
}
const isEntry = (message: Message): boolean => message.kind === "resume" && message.enters === true;

/**
 * A message on its way to `group` (by default its lane). `cause` names what made it: the same cause may
 * be swallowed by SQS's deduplication within five minutes, so a legitimate repeat needs another one (R10).
 */
export function outgoing(message: Message, cause: string, group: string = laneOf(message)): Outgoing {
  const dedup = Buffer.from(
    digest(24, message.kind, message.id, String(message.incarnation ?? "any"), cause),
  ).toString("base64url");
  const body = encodeMessage(message);
  // An earlier version takes a turn that runs in another lane for dead, and drops what comes before the head.
  return { group, dedup, body: group === noteGroupOf(message.id) ? forLaterVersions(body) : body };
}

const AFRESH_BYTES = 9;
/**
 * The cause of a message that must never be swallowed as another's double: a poke, a hand-off, or one that takes the place of
 * the message at hand, which is then deleted. Time does not tell such messages apart: clocks differ, and two are handled in one
 * millisecond. Their content does not either: it is the same at every hop. A redelivery may send a second one, without harm.
 */
export const afresh = ({ entropy }: { readonly entropy: Entropy }, why: string): string =>
  `${why}.${nonce(entropy, AFRESH_BYTES)}`;

/** A delayed start's timer: the invocation's head is there, and is looked at when it is due. It is the same timer each time
 * that it is set. */
export const startTimerOf = (
  {
    id,
    incarnation,
    origin,
  }: { readonly id: InvocationId; readonly incarnation: Incarnation; readonly origin: string },
  dueAtMs: number,
): { readonly atMs: number; readonly message: Outgoing } => ({
  atMs: dueAtMs,
  message: outgoing({ kind: "resume", id, incarnation, dueAtMs, enters: true }, `due.${origin}`),
});

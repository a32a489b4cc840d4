/**
 * A message in a mailbox of a service's own (docs/decisions/0023). It came to the runtime's mailbox first, and has its place from
 * there: its sequence orders the writers of a key and the messages of a lane, in whichever mailbox they are handled. So the
 * numbers of an own mailbox mean nothing.
 */
import { MAILBOX_RETENTION_MS, REDRIVEN_MS } from "../limits.ts";
import { forLaterVersions, type Incoming, type Outgoing } from "./message.ts";

/** What the runtime's mailbox said of the message. */
interface Place {
  readonly sequence: string;
  /** It was handed out before, so it may have been handled (R2). */
  readonly again?: true;
  readonly sentAtMs?: number;
  readonly forwardedAtMs: number;
}

/** Earlier versions give it back: to them it is of a later one (docs/decisions/0017). */
const BEFORE = '{"kind":"forwarded","id":"~","place":';
const BETWEEN = ',"body":';
const AFTER = "}";
const [OPENING = "", CLOSING = ""] = forLaterVersions("\n").split("\n");

/** The message on its way to an own mailbox, in the same group. Sent twice within five minutes it comes once. */
export function forwarded(incoming: Incoming, nowMs: number): Outgoing {
  const { group, sequence, receiveCount, sentAtMs, body } = incoming;
  const place: Place = {
    sequence,
    ...(receiveCount > 1 ? { again: true } : {}),
    ...(sentAtMs === undefined ? {} : { sentAtMs }),
    forwardedAtMs: nowMs,
  };
  const text = BEFORE + JSON.stringify(place) + BETWEEN + body + AFTER;
  return { group, dedup: `forwarded.${sequence}`, body: forLaterVersions(text) };
}

export interface Opened {
  /** What was sent, and what is known of it from the runtime's mailbox. */
  readonly message: Incoming;
  /** `misplaced`: it has lost its place, since it was put here by hand, or comes from the dead letters. `expired`: it is older than a
   * mailbox keeps anything. */
  readonly is: "in-place" | "misplaced" | "expired";
}

/** A message as an own mailbox delivers it. */
export function openForwarded(incoming: Incoming, nowMs: number): Opened {
  const split = splitForwarded(incoming.body);
  if (!split) return { message: incoming, is: "misplaced" };
  const { sequence, again, sentAtMs, forwardedAtMs } = split.place;
  const receiveCount = incoming.receiveCount + (again ? 1 : 0);
  const { messageId, group } = incoming;
  const sent = sentAtMs === undefined ? {} : { sentAtMs };
  const message: Incoming = { messageId, group, sequence, receiveCount, ...sent, body: split.body };
  // SQS gives what is moved out of the dead letters a new time of sending.
  if ((incoming.sentAtMs ?? forwardedAtMs) - forwardedAtMs > REDRIVEN_MS) return { message, is: "misplaced" };
  const isExpired = nowMs - (sentAtMs ?? nowMs) > MAILBOX_RETENTION_MS;
  return { message, is: isExpired ? "expired" : "in-place" };
}

/** What was sent, wherever it is met: in the runtime's mailbox, or among the dead letters. */
export const bodyOf = (body: string): string => splitForwarded(body)?.body ?? body;

function splitForwarded(body: string): { readonly place: Place; readonly body: string } | undefined {
  const before = OPENING + BEFORE;
  if (!body.startsWith(before) || !body.endsWith(AFTER + CLOSING)) return undefined;
  // A place holds no text that could contain it.
  const between = body.indexOf(BETWEEN);
  const place = JSON.parse(body.slice(before.length, between)) as Place;
  return {
    place,
    body: body.slice(between + BETWEEN.length, body.length - (AFTER + CLOSING).length),
  };
}

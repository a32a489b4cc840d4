/**
 * Mailbox messages. Every event for an invocation is one message in the invocation's group. Acting on a message twice is
 * harmless (M2). The body is JSON ({@link encodeJson}), with a note in its stored form. {@link decodeMessage} checks it.
 */
import { asError } from "../errors.ts";
import { decodeNote, encodeNote, type Note } from "./entry.ts";
import type { Incarnation, InvocationId } from "./ids.ts";
import { decodeJson, encodeJson, type Value } from "./value.ts";

export interface Target {
  readonly service: string;
  readonly handler: string;
  /** Only of an object or a workflow. */
  readonly key?: string;
}

/** The command of another invocation that awaits an invocation's result. */
export interface ReplyTo {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly command: number;
}

export interface Start {
  readonly kind: "start";
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  /** The request that made it: `<caller>.<incarnation>.<command>`, or the random id of a request from outside. */
  readonly origin: string;
  readonly target: Target;
  /** Its bytes. If they are too long for a message (P1): the name of the value that this invocation or `inputFrom` holds. */
  readonly input: Uint8Array | string;
  /** The caller, if the input is among its values. */
  readonly inputFrom?: InvocationId;
  readonly headers: Record<string, string>;
  readonly replyTo?: ReplyTo;
  readonly idempotencyKey?: string;
  /** When it was accepted, epoch milliseconds. */
  readonly acceptedAtMs: number;
  /** Start no earlier than this (a delayed send), epoch milliseconds. */
  readonly dueAtMs?: number;
  /** Its head was written before it was sent (R11), so it must be read before it is run. */
  readonly accepted?: true;
  /** It may have been sent and run before. */
  readonly resent?: true;
  /** It is this guard of a turn that runs where its call was accepted (R25). */
  readonly guard?: string;
  /** When the guard is due, epoch milliseconds. Absent: it was sent early, since its turn is over. */
  readonly guardAtMs?: number;
  /** How that turn has ended (`encodeEnded`). Absent: nothing more is to be known than that. */
  readonly ended?: string;
}

/** Completions, signals and cancellations for an invocation. */
export interface Notify {
  readonly kind: "notify";
  readonly id: InvocationId;
  /** Absent: the current incarnation, because the sender knows only the id. */
  readonly incarnation?: Incarnation;
  readonly note: Note;
  /** The invocation that holds the value which the note names. The receiver copies the value before it takes the note. */
  readonly from?: InvocationId;
  /** Of a timer: when it is due. A timer that arrives early is scheduled again (T1). */
  readonly dueAtMs?: number;
  /** It has been where Starts come, behind those that were sent before it (runtime/dispatcher/between-lives.ts). */
  readonly behind?: true;
}

/** Look at the invocation again: a hand-off, the end of a back-off, a delayed start that is due, a poke. */
export interface Resume {
  readonly kind: "resume";
  readonly id: InvocationId;
  readonly incarnation?: Incarnation;
  readonly dueAtMs?: number;
  /** An operator asks for it: a pause or a back-off ends. */
  readonly byOperator?: true;
  /** The reconciler asks for it. Something may have been forgotten, so do again what is in doubt (R2). */
  readonly poke?: true;
  /** It comes where Starts come, since it may begin the invocation: a hand-off, a delayed start that is due, and what the note
   * lane must not do itself (R19). */
  readonly enters?: true;
  /** The key was handed to it. It runs as the key's owner, or not at all (R23). */
  readonly wake?: true;
  /** It acts for this message, which is gone (lib/model/voucher.ts). */
  readonly of?: string;
  /** It is this guard. */
  readonly guard?: string;
  /** Of a guard that comes early: how its turn has ended (`encodeEnded`). Absent: nothing more is to be known than that. */
  readonly ended?: string;
  /** Of a guard that comes early: the mark of the last append, whose outputs and replies are done. */
  readonly settled?: string;
}

export interface Kill {
  readonly kind: "kill";
  readonly id: InvocationId;
  readonly incarnation?: Incarnation;
  /** As a note's. */
  readonly behind?: true;
}

/** Another invocation wants to know how this one ends. */
export interface Attach {
  readonly kind: "attach";
  readonly id: InvocationId;
  /** Never set: the current life, because the caller knows only the id. */
  readonly incarnation?: Incarnation;
  readonly replyTo: ReplyTo;
  /** It was sent on to the group of the invocation's id, where a delayed start is registered. */
  readonly forwarded?: true;
}

export type Message = Start | Notify | Resume | Kill | Attach;

const KINDS: readonly string[] = ["start", "notify", "resume", "kill", "attach"] satisfies Message["kind"][];

export function encodeMessage(message: Message): string {
  const wire = message.kind === "notify" ? { ...message, note: encodeNote(message.note) } : message;
  return encodeJson(wire as unknown as Value);
}

/** Not an invocation's id. */
const FOR_LATER = "~";
/**
 * The body of a message that earlier versions of the dispatcher must not handle, since they would do it wrong and lose it, or run
 * a turn twice. To them it is a Start of an id that they cannot read, which they give back until a later version takes it
 * (docs/decisions/0017). They would drop a kind that they do not know.
 */
export const forLaterVersions = (body: string): string =>
  `{"kind":"start","id":"${FOR_LATER}","later":${body}}`;

/** A message of a later version: of a kind that this one does not know, or with such a note. A later version shall have it. */
export class LaterMessageError extends TypeError {
  override readonly name = "LaterMessageError";
}

/** Throws {@link LaterMessageError}, or `TypeError` for any other text: the reader sets that aside where people see it. */
export function decodeMessage(body: string): Message {
  const stored = decodeJson(body);
  const value = isForLater(stored) ? stored["later"] : stored;
  if (
    value === undefined ||
    value === null ||
    typeof value !== "object" ||
    !("kind" in value) ||
    !("id" in value)
  ) {
    throw new TypeError("not a mailbox message: kind or id is missing");
  }
  const { kind, id } = value;
  if (typeof kind !== "string" || typeof id !== "string") {
    throw new TypeError(`not a mailbox message: kind ${JSON.stringify(kind)}`);
  }
  if (!KINDS.includes(kind)) throw new LaterMessageError(`no kind of message: ${JSON.stringify(kind)}`);
  return (kind === "notify" ? { ...value, note: noteOf(value) } : value) as unknown as Message;
}

function noteOf({ note }: { readonly [field: string]: Value }): Note {
  try {
    return decodeNote(note);
  } catch (error) {
    throw new LaterMessageError(asError(error).message);
  }
}

function isForLater(stored: Value): stored is { [field: string]: Value } {
  const isMap = typeof stored === "object" && stored !== null && !Array.isArray(stored);
  return isMap && !(stored instanceof Uint8Array) && stored["id"] === FOR_LATER;
}

/** A message on its way to the mailbox. */
export interface Outgoing {
  readonly group: string;
  /** SQS's deduplication id. Only an optimisation. At most 128 characters. */
  readonly dedup: string;
  readonly body: string;
  /** No other message ever has this deduplication id. So the local mailbox need not remember it. */
  readonly isUnique?: true;
}

/** A message as the mailbox delivers it. */
export interface Incoming {
  /** Names the message in the list of failed ones that is returned. */
  readonly messageId: string;
  readonly group: string;
  /** Orders the messages of a group: a decimal string of fixed width that grows. */
  readonly sequence: string;
  /** 1 at the first delivery. */
  readonly receiveCount: number;
  /** When it was sent, epoch ms. Absent: no longer ago than `MAILBOX_RETENTION_MS`. */
  readonly sentAtMs?: number;
  readonly body: string;
}

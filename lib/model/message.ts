/**
 * Mailbox messages. Every event for an invocation is one message in its group; acting on one twice is harmless (M2).
 * The body is JSON ({@link encodeJson}), with a note in its stored form; its shape is checked when it comes back.
 */
import { decodeNote, encodeNote, type Note } from "./entry.ts";
import type { Incarnation, InvocationId } from "./ids.ts";
import { decodeJson, encodeJson, type Value } from "./value.ts";

export interface Target {
  readonly service: string;
  readonly handler: string;
  /** Of an object or a workflow. */
  readonly key?: string;
}

/** Who awaits an invocation's result: the command of another invocation. */
export interface ReplyTo {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly command: number;
}

export interface Start {
  readonly kind: "start";
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  /** What made it: `(invocation, incarnation, command)` of a caller, or a request's own random id. */
  readonly origin: string;
  readonly target: Target;
  /** One that is too long for a message (P1) by its name: among the invocation's own values, or those of `inputFrom`. */
  readonly input: Uint8Array | string;
  /** The caller, whose log holds the input. */
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
  /** It may have been sent, and have been run, before. */
  readonly resent?: true;
}

/** Completions, signals and cancellations for a running or suspended invocation. */
export interface Notify {
  readonly kind: "notify";
  readonly id: InvocationId;
  /** Absent: whichever incarnation is current (cancel by id). */
  readonly incarnation?: Incarnation;
  readonly note: Note;
  /** What the note refers to is a value of this invocation's: whoever takes the note copies it first. */
  readonly from?: InvocationId;
  /** For a timer: when it is due. One that arrives early is scheduled again (T1). */
  readonly dueAtMs?: number;
}

/** Look at the invocation again: a hand-off, the end of a back-off, a delayed start that is due, a poke. */
export interface Resume {
  readonly kind: "resume";
  readonly id: InvocationId;
  readonly incarnation?: Incarnation;
  readonly dueAtMs?: number;
  /** An operator asks: leave a pause, skip a back-off. */
  readonly byOperator?: true;
  /** The reconciler asks: something may have been forgotten, so do again what may be in doubt. */
  readonly poke?: true;
}

export interface Kill {
  readonly kind: "kill";
  readonly id: InvocationId;
  readonly incarnation?: Incarnation;
}

/** Another invocation wants to be told how this one ends. */
export interface Attach {
  readonly kind: "attach";
  readonly id: InvocationId;
  /** Never set: whichever life is current, as the caller knows only the id. */
  readonly incarnation?: Incarnation;
  readonly replyTo: ReplyTo;
  /** Sent on to the invocation's own group: its delayed start may be registered there, and not yet. */
  readonly forwarded?: true;
}

export type Message = Start | Notify | Resume | Kill | Attach;

const KINDS: readonly string[] = ["start", "notify", "resume", "kill", "attach"] satisfies Message["kind"][];

export function encodeMessage(message: Message): string {
  const wire = message.kind === "notify" ? { ...message, note: encodeNote(message.note) } : message;
  return encodeJson(wire as unknown as Value);
}

/** Throws `TypeError` for what is no message: whoever reads it sets it aside visibly. */
export function decodeMessage(body: string): Message {
  const value = decodeJson(body);
  if (value === null || typeof value !== "object" || !("kind" in value) || !("id" in value)) {
    throw new TypeError("not a mailbox message: kind or id is missing");
  }
  const { kind, id } = value;
  if (typeof kind !== "string" || typeof id !== "string" || !KINDS.includes(kind)) {
    throw new TypeError(`not a mailbox message: kind ${JSON.stringify(kind)}`);
  }
  const note = "note" in value ? value["note"] : undefined;
  return (kind === "notify" ? { ...value, note: decodeNote(note) } : value) as unknown as Message;
}

/** A message on its way to the mailbox. */
export interface Outgoing {
  readonly group: string;
  /** SQS's deduplication id, an optimisation only; at most 128 characters. */
  readonly dedup: string;
  readonly body: string;
}

/** A message as the mailbox hands it out. */
export interface Incoming {
  /** Names the message in the list of failures that goes back. */
  readonly messageId: string;
  readonly group: string;
  /** Orders the messages of a group; a decimal string of fixed width, growing. */
  readonly sequence: string;
  /** 1 at the first delivery. */
  readonly receiveCount: number;
  /** When it was sent, epoch ms. Absent: no longer ago than `MAILBOX_RETENTION_MS`. */
  readonly sentAtMs?: number;
  readonly body: string;
}

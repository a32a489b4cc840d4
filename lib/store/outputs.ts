/**
 * What entries cause outside the log: state, sends, signals, promises, cancellations.
 *
 * Outputs are done after the append that contains their entries was won: state first, then what others can see. The last
 * append is always in doubt (R2), so they may be done again (last-outputs.ts). All of it is idempotent: state is fenced,
 * messages carry ids that derive from the command (M2), a promise remembers who completed it.
 *
 * A store that can do several writes in one transaction may write an append's state with it ({@link stateWritesOf}): the crash point
 * between the two is not there, and nothing else is different. Its refusal says nothing about the append, and is looked at as ever.
 */
import { deliveryOf } from "../model/entry-parts.ts";
import {
  type CallEntry,
  type CompletePromiseEntry,
  type Entry,
  largeValueOf,
  type SendEntry,
  withLargeValue,
} from "../model/entry.ts";
import { groupOf, type Incarnation, type InvocationId, isExclusiveId } from "../model/ids.ts";
import type { ServiceType } from "../model/manifest.ts";
import { sealed } from "../model/seal.ts";
import type { Message, Notify, Outgoing, ReplyTo, Start, Target } from "../model/message.ts";
import { decodeOutcome, encodeOutcome, failure, type Outcome } from "../model/outcome.ts";
import type { Put } from "../model/item.ts";
import type { Clock, ItemStore, Mailbox } from "../ports.ts";
import type { Value } from "../model/value.ts";
import { callGuardName } from "./guard.ts";
import { completePromise } from "./promise-store.ts";
import { outgoing, sendAll } from "./send.ts";
import { isShortState, shortStateWrite, type StateWriter, writeState } from "./state-store.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../limits.ts";
import { chunksOf, refOf } from "../model/value-ref.ts";
import { load } from "./value-store.ts";
import { isRun } from "./workflow-life.ts";

export interface OutputPorts {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
}

export interface OutputSubject {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly target: Target;
  /** Of an exclusive invocation. */
  readonly token?: string;
  /** Of an edit, whose id does not show it. */
  readonly type?: ServiceType;
  /** Its own (lib/model/seal.ts). */
  readonly secret?: string | undefined;
  /** Someone may have done this before: receivers must look before they act. */
  readonly again: boolean;
  /** That one may be at it, and nothing has failed: see {@link causeOf}. */
  readonly isBeside?: boolean;
  /** The append's state was written with it. */
  readonly stateIsWritten?: boolean;
  /** Commands of the calls that the turn invokes itself (R28): no message is sent for them. */
  readonly direct?: ReadonlySet<number>;
  /** An earlier version of the dispatcher runs it, and may be all that there is: notes go where it takes them (0017). */
  readonly underEarlier?: boolean;
}

/** What completing a promise answered, by command: the handler's result of `resolve` and `reject`. */
export type PromiseResults = ReadonlyMap<number, Outcome>;

/** Performs the outputs of `entries`, the first of which is at `position` of the log. */
export async function performOutputs(
  ports: OutputPorts,
  subject: OutputSubject,
  appended: readonly Entry[],
  position: number,
): Promise<PromiseResults> {
  const entries = appended.map(withStoredValue);
  if (!subject.stateIsWritten) await writeStateOf(ports, subject, entries, position);
  const results = new Map<number, Outcome>();
  const messages: Outgoing[] = [];
  for (const entry of entries) {
    if (entry.kind === "promise.complete")
      results.set(entry.command, await completeOne(ports, subject, entry, messages));
    else messages.push(...(await messagesOf(ports, subject, entry)));
  }
  await sendAll(ports.mailbox, messages);
  return results;
}

/** What no message carries was stored before the append: the entry refers to it, as a repetition finds it (P1, R2). */
function withStoredValue<E extends Entry>(entry: E): E {
  const value = CARRIED.has(entry.kind) ? largeValueOf(entry) : undefined;
  const isLong = value instanceof Uint8Array && value.byteLength > MESSAGE_PAYLOAD_BYTES_MAX;
  return isLong ? withLargeValue(entry, refOf(value)) : entry;
}
const CARRIED: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  "call",
  "send",
  "sendSignal",
  "promise.complete",
]);

/** The state writes of entries, as single writes. None, if one of them needs more than that. */
export function stateWritesOf(
  subject: OutputSubject,
  entries: readonly Entry[],
  first: number,
  nowMs: number,
): readonly Put[] {
  const writer = writerOf(subject);
  if (!writer) return [];
  const writes = lastWritesIn(entries, first).map(([name, { value, position }]) =>
    isShortState(value) ? shortStateWrite(writer, { name, value, position }, nowMs) : undefined,
  );
  return writes.includes(undefined) ? [] : writes.filter((write) => write !== undefined);
}

async function writeStateOf(
  ports: OutputPorts,
  subject: OutputSubject,
  entries: readonly Entry[],
  first: number,
): Promise<void> {
  const writer = writerOf(subject);
  if (!writer) return;
  await Promise.all(
    lastWritesIn(entries, first).map(async ([name, { value, position }]) => {
      const loaded = await load(ports.items, subject.id, value);
      const bytes = loaded instanceof Uint8Array ? loaded : null;
      await writeState(ports, writer, { name, value: bytes, position });
    }),
  );
}

const writerOf = (subject: OutputSubject): StateWriter | undefined => {
  const { token, target, type = isRun(subject) ? "workflow" : "object" } = subject;
  return token === undefined ? undefined : { target, type, token };
};

/** Only the last write of each name matters: the others are older than its fence. */
function lastWritesIn(
  entries: readonly Entry[],
  first: number,
): readonly [name: string, write: { readonly value: Value; readonly position: number }][] {
  const last = new Map<string, { value: Value; position: number }>();
  entries.forEach((entry, index) => {
    const position = first + index;
    if (entry.kind === "set") last.set(entry.name, { value: entry.value, position });
    if (entry.kind === "clear") last.set(entry.name, { value: null, position });
    if (entry.kind === "clearAll") for (const name of entry.names) last.set(name, { value: null, position });
  });
  return [...last];
}

async function messagesOf({ items }: OutputPorts, subject: OutputSubject, entry: Entry): Promise<Outgoing[]> {
  const cause = `${subject.id}.${subject.incarnation}`;
  if (entry.kind === "call" && subject.direct?.has(entry.command)) return [];
  if (entry.kind === "call" || entry.kind === "send") {
    const start = await startOfCallee(items, subject, entry);
    const by = causeOf(start, subject);
    // A delayed start is only registered now and joins its key's queue when it is due: it waits behind nobody.
    return [start.dueAtMs === undefined ? outgoing(start, by) : outgoing(start, by, start.id)];
  }
  if (entry.kind === "sendSignal") {
    const { command, id, incarnation, signal } = entry;
    const delivery = `${cause}.${command}`;
    const { value: outcome, from } = await carried(items, subject.id, entry.outcome);
    const note = { kind: "signalled", signal, delivery, outcome } as const;
    return [noteOf(subject, addressed({ kind: "notify", id, note, ...from }, incarnation), delivery)];
  }
  if (entry.kind === "attach") return [attachOf(subject, entry.command, entry.id)];
  if (entry.kind === "cancel") return [cancelOf(subject, entry.id, `${cause}.${entry.command}`)];
  if (entry.kind === "cancelled")
    return entry.callees.map((callee) => cancelOf(subject, callee, `${cause}.${deliveryOf(entry.delivery)}`));
  return [];
}

/**
 * The cause of a callee's Start. One that is sent again has a cause of its own, so that the mailbox does not swallow it.
 *
 * Not if it is sent beside the turn, which may send its own behind it, and that one is not marked `resent`: nothing would look
 * before its code ran, for the second time. With one cause the mailbox takes the first of the two, whoever sends it, and swallows the
 * other. Crash points: whichever was sent is delivered; a turn that dies before it sends has had it sent here.
 */
const causeOf = ({ origin }: Start, { again, isBeside }: OutputSubject): string =>
  again && !isBeside ? `${origin}.again` : origin;

const noteOf = (
  { underEarlier }: Pick<OutputSubject, "underEarlier">,
  notify: Notify,
  cause: string,
): Outgoing => (underEarlier ? outgoing(notify, cause, groupOf(notify.id)) : outgoing(notify, cause));

const cancelOf = (subject: OutputSubject, id: InvocationId, delivery: string): Outgoing =>
  noteOf(subject, { kind: "notify", id, note: { kind: "cancellation", delivery } }, delivery);

/** A repetition registers the same command with the target, or is answered again: both are noticed. */
function attachOf({ id, incarnation }: OutputSubject, command: number, target: InvocationId): Outgoing {
  return outgoing(
    { kind: "attach", id: target, replyTo: { id, incarnation, command } },
    `${id}.${incarnation}.${command}`,
  );
}

function addressed<M extends Message>(message: M, incarnation: number | null): M {
  return incarnation === null ? message : { ...message, incarnation };
}

/** The Start of what an entry calls. */
export async function startOfCallee(
  items: ItemStore,
  subject: Pick<OutputSubject, "id" | "incarnation" | "again" | "secret">,
  { kind, command, callee: id, call }: CallEntry | SendEntry,
): Promise<Start> {
  const { service, handler, key, input, headers, idempotencyKey, dueAtMs, acceptedAtMs, incarnation } = call;
  const origin = `${subject.id}.${subject.incarnation}.${command}`;
  const { value, from } = await carried(items, subject.id, input);
  const caller: ReplyTo = { id: subject.id, incarnation: subject.incarnation, command };
  return {
    kind: "start",
    id,
    incarnation,
    origin,
    target: key === null ? { service, handler } : { service, handler, key },
    input: value instanceof Uint8Array || typeof value === "string" ? value : new Uint8Array(0),
    ...(from === undefined ? {} : { inputFrom: subject.id }),
    headers: sealed(headers, subject.secret, { command, callee: id }),
    acceptedAtMs,
    ...(kind === "call" ? { replyTo: caller } : {}),
    ...(idempotencyKey === null ? {} : { idempotencyKey }),
    ...(dueAtMs === null ? {} : { dueAtMs }),
    ...(subject.again ? { resent: true as const } : {}),
    // Its caller may have invoked it itself, and have been its guard (R28).
    ...(subject.again && mayBeInvoked(kind, id, call) ? { guard: callGuardName(id) } : {}),
  };
}

const mayBeInvoked = (
  kind: string,
  callee: InvocationId,
  { idempotencyKey, dueAtMs }: CallEntry["call"],
): boolean => kind === "call" && idempotencyKey === null && dueAtMs === null && !isExclusiveId(callee);

async function completeOne(
  ports: OutputPorts,
  subject: OutputSubject,
  { command, name, outcome: value }: CompletePromiseEntry,
  messages: Outgoing[],
): Promise<Outcome> {
  const by = `${subject.id}.${subject.incarnation}.${command}`;
  const outcome = decodeOutcome(await load(ports.items, subject.id, value));
  const completed = await completePromise(ports, subject, { name, outcome, by });
  if (!completed.mine) return failure(409, `promise "${name}" was already completed`);
  // It is this invocation's own value that they are told.
  if (completed.waiters.length > 0) {
    const sent = await carried(ports.items, subject.id, value);
    for (const waiter of completed.waiters) messages.push(replyTo(waiter, sent, subject));
  }
  return { ok: true, value: new Uint8Array(0) };
}

/** Tells a command of another invocation its result. */
export function replyTo(
  { id, incarnation, command }: ReplyTo,
  { value, from }: Carried,
  subject: Pick<OutputSubject, "underEarlier"> = {},
): Outgoing {
  const note = { kind: "completion", command, outcome: value } as const;
  return noteOf(subject, { kind: "notify", id, incarnation, note, ...from }, `reply.${command}`);
}

/** Tells everyone who awaits the invocation how it ended. */
export async function reply(
  ports: Pick<OutputPorts, "items" | "mailbox">,
  id: InvocationId,
  replies: readonly ReplyTo[],
  outcome: Outcome,
): Promise<void> {
  if (replies.length === 0) return;
  const sent = await carried(ports.items, id, encodeOutcome(outcome));
  await sendAll(
    ports.mailbox,
    replies.map((to) => replyTo(to, sent)),
  );
}

/** A value as a message carries it (P1): itself, or by its name and whose it is. */
export interface Carried {
  readonly value: Value;
  readonly from?: { readonly from: InvocationId };
}

export async function carried(items: ItemStore, id: InvocationId, value: Value): Promise<Carried> {
  if (typeof value === "string" && chunksOf(value)) return { value, from: { from: id } };
  const bytes = await load(items, id, value);
  const isLong = bytes instanceof Uint8Array && bytes.byteLength > MESSAGE_PAYLOAD_BYTES_MAX;
  return isLong && typeof value === "string" ? { value, from: { from: id } } : { value: bytes };
}

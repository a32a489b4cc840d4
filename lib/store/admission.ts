/**
 * The door (R11): how a request from outside becomes an invocation, so that an acknowledged one runs (M1), and a
 * repeated one finds the first.
 *
 * A random id is one message: its request has no name by which anyone could repeat it. Once the mailbox has the
 * Start it will run; before, nobody was told anything. A derived or delayed id gets its head first (`accepted` or
 * `scheduled`, with input and headers), then its Start; so does one whose input no message carries (P1), or that input could
 * be left behind without anything that tells of it. The points at which this can stop:
 *
 * - Before the head: nothing happened. A long input lies under an incarnation that nobody will ever look up.
 * - The head's answer lost: the head names the request (`origin`), so a retry of the write inside an adapter that is
 *   refused by its own first try knows itself. A request that gave up has told its client of a failure, not of an
 *   acceptance; the client's repeat finds the head and goes on from there.
 * - Between head and Start: a repeat finds the head still `accepted` or `scheduled` and sends the Start again, made
 *   from the head and never from the repeat, whose input may differ. Without a repeat nobody was promised anything;
 *   the reconciler finds the head all the same.
 * - A delayed id has no Start, where the door may set timers: its head is looked at when its timer says so. Between head and
 *   timer, and after it, it is as with the Start: a repeat sets the timer again, the reconciler finds what is overdue. The
 *   message that the timer sends is new then, so its place in the key's queue, and the token that it gives, are those
 *   of the time at which it is due (W2, R3), whoever has set it.
 * - After the Start: a repeat may send it once more, marked `resent`, and the dispatcher looks before it runs it. Such
 *   repeats share a deduplication id for a minute, so that a thousand impatient clients do not flood the queue.
 *
 * Two first requests meet at the conditional put of the head: one wins, the other is a repeat. Expired heads count as
 * absent; the new life has an incarnation of its own, so messages of the old one cannot touch it (R10).
 *
 * Random ids carry the time at which they were made, which answers the question "not visible yet, or gone?" without
 * a look-up: a head comes into being while the mailbox holds the Start, and is deleted no earlier than the
 * mailbox's retention after its end. So a random id younger than that retention and without a head has not got one
 * yet; an older one has lost it for good.
 */
import { invariant } from "../errors.ts";
import { type Head, isExpired, storedInputName } from "../model/head.ts";
import {
  idempotentUnique,
  type Incarnation,
  incarnationOf,
  invocationId,
  type InvocationId,
  MADE_AT_SIZE,
  UNIQUE_SIZE,
} from "../model/ids.ts";
import {
  CLOCK_SKEW_MS,
  MAILBOX_RETENTION_MS,
  MESSAGE_PAYLOAD_BYTES_MAX,
  NONCE_BYTES,
  PAYLOAD_BYTES_MAX,
  RESEND_WINDOW_MS,
} from "../limits.ts";
import { type HandlerKind, isExclusive } from "../model/manifest.ts";
import type { Start, Target } from "../model/message.ts";
import { ON } from "../model/status-table.ts";
import type { Clock, Entropy, ItemStore, Mailbox, Timers } from "../ports.ts";
import { acceptHead } from "./head/births.ts";
import { inputForMessage, readHead, removeInput, storeInput } from "./head-store.ts";
import { outgoing, sendAll, startTimerOf } from "./send.ts";
import { nonce } from "../entropy.ts";
import { workflowIdOf } from "./workflow-life.ts";

export interface DoorPorts {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Absent: a delayed start is set by the dispatcher, for a message more. */
  readonly timers?: Timers;
}

/** A request whose target, sizes and permissions have been checked. */
export interface AcceptRequest {
  readonly target: Target;
  readonly handlerKind: HandlerKind;
  readonly input: Uint8Array;
  readonly headers: Record<string, string>;
  readonly idempotencyKey?: string;
  /** Start no earlier than this from now. */
  readonly delayMs?: number;
}

export interface Acceptance {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly status: "Accepted" | "PreviouslyAccepted";
  /** When a delayed start is due. */
  readonly dueAtMs?: number;
  /** Of the request that created the invocation: tells a workflow's own resend from somebody else's. */
  readonly idempotencyKey?: string;
}

/**
 * Accepts the request, or finds the one that it repeats. Resolves when the invocation is durable and on its way.
 * Throws {@link OperationalError} when that is in doubt: repeating the request is then safe, and for a random id
 * may start a second invocation.
 */
export async function accept(ports: DoorPorts, request: AcceptRequest): Promise<Acceptance> {
  invariant(
    request.input.byteLength <= PAYLOAD_BYTES_MAX,
    "P1",
    `input of ${request.input.byteLength} bytes`,
  );
  const nowMs = ports.clock.now();
  const origin = nonce(ports.entropy, NONCE_BYTES);
  const derived = derivedIdOf(request.target, request.handlerKind, request.idempotencyKey);
  const delayed = (request.delayMs ?? 0) > 0;
  const start: Start = {
    kind: "start",
    id: derived ?? idOf(request.target, request.handlerKind, randomUnique(nowMs, ports.entropy)),
    incarnation: derived === undefined ? 0 : incarnationOf(origin),
    origin,
    target: request.target,
    input: request.input,
    headers: request.headers,
    acceptedAtMs: nowMs,
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    ...(delayed ? { dueAtMs: nowMs + (request.delayMs ?? 0) } : {}),
  };
  const isLong = request.input.byteLength > MESSAGE_PAYLOAD_BYTES_MAX;
  if (derived !== undefined || delayed || isLong) return acceptWithHead(ports, { ...start, accepted: true });
  await sendAll(ports.mailbox, [outgoing(start, origin)]);
  return acceptanceOf(start);
}

/** The id that a request with this target derives; `undefined` if it would get a random one. */
export function derivedIdOf(
  target: Target,
  kind: HandlerKind,
  idempotencyKey?: string,
): InvocationId | undefined {
  const { service, handler, key } = target;
  if (kind === "workflow") return workflowIdOf(service, keyOf(target));
  if (idempotencyKey === undefined) return undefined;
  return idOf(target, kind, idempotentUnique(service, key, handler, idempotencyKey));
}

const idOf = (target: Target, kind: HandlerKind, unique: Uint8Array): InvocationId =>
  invocationId(target.service, isExclusive(kind) ? keyOf(target) : undefined, unique);

function keyOf({ service, handler, key }: Target): string {
  if (key === undefined) throw new RangeError(`${service}/${handler} needs a key`);
  return key;
}

/** Milliseconds since the epoch, then randomness. */
function randomUnique(nowMs: number, entropy: Entropy): Uint8Array {
  const time = Buffer.alloc(MADE_AT_SIZE);
  time.writeUIntBE(Math.max(0, nowMs), 0, MADE_AT_SIZE);
  return Buffer.concat([time, entropy.bytes(UNIQUE_SIZE - MADE_AT_SIZE)]);
}

/**
 * Whether an id without a head may be of an invocation that was accepted and has not got as far as a head. `false`
 * is certain for ids made here; ids of handlers' calls carry no time, and a derived id has its head from the first.
 */
export function isPerhapsUnseen(id: InvocationId, nowMs: number): boolean {
  const bytes = Buffer.from(id.slice(id.indexOf("_") + 1), "base64url");
  // The unique part is followed by a check of two bytes.
  const madeAtMs = bytes.readUIntBE(bytes.length - UNIQUE_SIZE - 2, MADE_AT_SIZE);
  return madeAtMs <= nowMs + CLOCK_SKEW_MS && madeAtMs > nowMs - MAILBOX_RETENTION_MS - CLOCK_SKEW_MS;
}

async function acceptWithHead(ports: DoorPorts, start: Start): Promise<Acceptance> {
  const { items, clock } = ports;
  if (storedInputName(start) !== undefined) {
    // A look costs less than storing a long input for nothing.
    const found = await readHead(items, start.id);
    if (found && !isExpired(found.head, clock.now())) return repeat(ports, start.id, found.head);
  }
  const sent = await storeInput(ports, start);
  const first = await acceptHead(ports, sent);
  if (first) {
    // For nobody will look it up; if this fails it stays as garbage.
    await removeInput(ports, start).catch(() => undefined);
    return repeat(ports, start.id, first);
  }
  await dispatch(ports, sent, start.origin);
  return acceptanceOf(start);
}

async function repeat(ports: DoorPorts, id: InvocationId, head: Head): Promise<Acceptance> {
  const start: Start = {
    kind: "start",
    id,
    incarnation: head.incarnation,
    origin: head.origin,
    target: head.target,
    input: new Uint8Array(0),
    headers: head.headers,
    acceptedAtMs: head.acceptedAtMs,
    accepted: true,
    resent: true,
    ...(head.idempotencyKey === undefined ? {} : { idempotencyKey: head.idempotencyKey }),
    ...(head.status === "scheduled" && head.dueAtMs !== undefined ? { dueAtMs: head.dueAtMs } : {}),
  };
  if (ON.repeat[head.status] === "send-again") {
    const input = await inputForMessage(ports.items, id, head);
    const window = Math.floor(ports.clock.now() / RESEND_WINDOW_MS);
    await dispatch(ports, { ...start, input }, `${head.origin}.again.${window}`);
  }
  return { ...acceptanceOf(start), status: "PreviouslyAccepted" };
}

/** A delayed start has its head: what remains is its timer, which anyone may set, and set again. */
async function dispatch({ mailbox, timers }: DoorPorts, start: Start, cause: string): Promise<void> {
  if (start.dueAtMs !== undefined && timers) await timers.schedule(startTimerOf(start, start.dueAtMs));
  else await sendAll(mailbox, [addressed(start, cause)]);
}

/** A delayed start is only registered now and joins its key's queue when it is due: it waits behind nobody. */
const addressed = (start: Start, cause: string) =>
  start.dueAtMs === undefined ? outgoing(start, cause) : outgoing(start, cause, start.id);

const acceptanceOf = ({ id, incarnation, dueAtMs, idempotencyKey }: Start): Acceptance => ({
  id,
  incarnation,
  status: "Accepted",
  ...(dueAtMs === undefined ? {} : { dueAtMs }),
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
});

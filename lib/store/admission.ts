/**
 * Admission (R11): makes an invocation from a request from outside.
 *
 * Promises: a request that was acknowledged runs (M1). A repeated request finds the first one.
 *
 * There are two ways in.
 * - *Message only*, for random ids. Nobody can name such a request to repeat it. Once the mailbox has the Start it will
 *   run; until then nobody was told anything.
 * - *Head first, then Start*, for ids that are derived (idempotency key, workflow) or delayed. Also when the input is
 *   too long for a message (P1): stored without a head, it could be left behind with nothing that tells of it. The
 *   head has the status `accepted` or `scheduled`, and input and headers.
 *
 * Crash points, head first
 * 1. Before the head: nothing happened. A long input may lie under an incarnation that nobody will look up.
 * 2. The head is written, the answer is lost. The head names its request (`origin`). A retry inside an adapter that is
 *    refused by its own first try recognises itself. A request that gives up has told its client of a failure, not of
 *    an acceptance; the client's repeat finds the head and continues from there.
 * 3. Between head and Start: a repeat finds the head still `accepted` or `scheduled`, and sends the Start again. It is
 *    made from the head, never from the repeat, whose input may differ. Without a repeat nobody was promised anything,
 *    and the reconciler finds the head all the same.
 * 4. A delayed id has no Start, where admission may set timers. When its timer is due, its head is looked at. Before and
 *    after the timer is set it is as in 3: a repeat sets the timer again, the reconciler finds what is overdue. The
 *    timer's message is new at that time. So its place in the key's queue, and the token from it, are those of the
 *    time at which it is due (W2, R3).
 * 5. After the Start: a repeat may send it once more, marked `resent`. The dispatcher then looks before it runs it.
 *    These repeats share a deduplication id for a minute, so a thousand impatient clients do not flood the queue.
 *
 * Two first requests meet at the conditional put of the head: one wins, the other becomes a repeat. An expired head
 * counts as absent. The new life has its own incarnation, so messages of the old one cannot touch it (R10).
 *
 * "Not visible yet, or gone?" A random id carries the time at which it was made, which answers this without a look-up.
 * A head is created while the mailbox holds the Start. It is deleted no earlier than the mailbox's retention after its
 * end. So an id without a head that is younger than that retention does not have one yet. An older one has lost it for
 * good.
 */
import { invariant, InvariantError, OperationalError } from "../errors.ts";
import type { Head } from "../model/head.ts";
import { isExpired } from "../model/head-age.ts";
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
  CONFLICT_ATTEMPTS_MAX,
  MAILBOX_RETENTION_MS,
  MESSAGE_PAYLOAD_BYTES_MAX,
  NONCE_BYTES,
  PAYLOAD_BYTES_MAX,
  RESEND_WINDOW_MS,
} from "../limits.ts";
import { UNSEEN_MADE_MS } from "../limits/http.ts";
import { type HandlerKind, isExclusive } from "../model/manifest.ts";
import type { Start, Target } from "../model/message.ts";
import { ON } from "../model/status-table.ts";
import type { Entropy, ItemStore, Mailbox, Timed, Timers } from "../ports.ts";
import { acceptHead } from "./head/births.ts";
import { inputForMessage, isStoredApart, readHead, removeInput, storeInput } from "./head-store.ts";
import { outgoing, sendAll, startTimerOf } from "./send.ts";
import { nonce } from "../entropy.ts";
import { hasRunBefore } from "./past-runs.ts";
import { workflowIdOf } from "./workflow-life.ts";

export interface DoorPorts extends Timed {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
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
  const start = startOf(ports, request);
  const isLong = request.input.byteLength > MESSAGE_PAYLOAD_BYTES_MAX;
  if (start.incarnation !== 0 || start.dueAtMs !== undefined || isLong)
    return acceptWithHead(ports, { ...start, accepted: true });
  // The id was made for this request: nobody sends it again.
  await sendAll(ports.mailbox, [{ ...outgoing(start, start.origin), isUnique: true }]);
  return acceptanceOf(start);
}

/** The Start that a request makes. Its incarnation is 0 if nobody can name the request to repeat it. */
export function startOf(
  { clock, entropy }: Pick<DoorPorts, "clock" | "entropy">,
  request: AcceptRequest,
): Start {
  invariant(
    request.input.byteLength <= PAYLOAD_BYTES_MAX,
    "P1",
    `input of ${request.input.byteLength} bytes`,
  );
  const nowMs = clock.now();
  const origin = nonce(entropy, NONCE_BYTES);
  const derived = derivedIdOf(request.target, request.handlerKind, request.idempotencyKey);
  const delayed = (request.delayMs ?? 0) > 0;
  return {
    kind: "start",
    id: derived ?? idOf(request.target, request.handlerKind, randomUnique(nowMs, entropy)),
    incarnation: derived === undefined ? 0 : incarnationOf(origin),
    origin,
    target: request.target,
    input: request.input,
    headers: request.headers,
    acceptedAtMs: nowMs,
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    ...(delayed ? { dueAtMs: nowMs + (request.delayMs ?? 0) } : {}),
  };
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
  const madeAtMs = madeAt(id);
  return madeAtMs <= nowMs + CLOCK_SKEW_MS && madeAtMs > nowMs - MAILBOX_RETENTION_MS - CLOCK_SKEW_MS;
}

/** Whether such an id was made moments ago. An invocation that is older has usually been seen: it has its head, or is a stub. */
export function isJustMade(id: InvocationId, nowMs: number): boolean {
  return isPerhapsUnseen(id, nowMs) && madeAt(id) > nowMs - UNSEEN_MADE_MS;
}

function madeAt(id: InvocationId): number {
  const bytes = Buffer.from(id.slice(id.indexOf("_") + 1), "base64url");
  // The unique part is followed by a check of two bytes.
  return bytes.readUIntBE(bytes.length - UNIQUE_SIZE - 2, MADE_AT_SIZE);
}

/**
 * What is stored apart is stored before the head, and a purge of the life before may take it away (R8). So the head takes the place
 * of what was there before that, or all is done again. Crash before the head: garbage that expires. Bound: CONFLICT_ATTEMPTS_MAX lives
 * of the id that come and go meanwhile.
 */
export async function acceptWithHead(ports: DoorPorts, start: Start): Promise<Acceptance> {
  const { items, clock } = ports;
  const isApart = isStoredApart(start);
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const seen = isApart ? { head: (await readHead(items, start.id))?.head } : undefined;
    // A look costs less than storing what is long for nothing.
    // Of this very request it is its own, also if it has expired: a request begins one life.
    const isTaken = seen?.head && (seen.head.origin === start.origin || !isExpired(seen.head, clock.now()));
    if (seen?.head && isTaken) return repeat(ports, start.id, seen.head);
    const sent = await storeInput(ports, start);
    const first = await acceptHead(ports, sent, seen);
    if (!first) {
      await dispatch(ports, sent, start.origin);
      return acceptanceOf(start);
    }
    // For nobody will look it up; if this fails it stays as garbage.
    await removeInput(ports, start).catch(() => undefined);
    const isOver = !isApart || !isExpired(first, clock.now()) || (await hasRunBefore(items, start));
    if (isOver) return repeat(ports, start.id, first);
  }
  throw new OperationalError("unavailable", `the head of ${start.id} is contended`);
}

/** The request was made before: it is taken on, should it have stood still (R11). */
export async function repeat(ports: DoorPorts, id: InvocationId, head: Head): Promise<Acceptance> {
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
  const input = ON.repeat[head.status] === "send-again" ? await inputToRepeat(ports, id, head) : undefined;
  if (input !== undefined) {
    const window = Math.floor(ports.clock.now() / RESEND_WINDOW_MS);
    await dispatch(ports, { ...start, input }, `${head.origin}.again.${window}`);
  }
  return { ...acceptanceOf(start), status: "PreviouslyAccepted" };
}

/** None if it has moved on since its head was read: it may have run, ended and been purged. Then nothing is to be sent. */
async function inputToRepeat(
  { items }: DoorPorts,
  id: InvocationId,
  head: Head,
): Promise<Start["input"] | undefined> {
  try {
    return await inputForMessage(items, id, head);
  } catch (error) {
    const now = error instanceof InvariantError ? (await readHead(items, id))?.head : head;
    if (now?.incarnation === head.incarnation && now.status === head.status) throw error;
    return undefined;
  }
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

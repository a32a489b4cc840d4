/**
 * The head: an invocation in one item, until it outgrows it (R8). Every append and every change of status is one
 * conditional write on it, so J1 and J3 hold without transactions. Attribute names are short because the item is
 * billed by the KB:
 *
 *   v format · s status · i incarnation · t target [service, handler, key?] · d deployment · k token · o origin
 *   n length of the log · b where the last append began · l the log's tail · p how many entries are in pages
 *   a id of the last append's writer · m notes (R9) · w what it waits for · x outcome
 *   in input · h headers · r who awaits the result · q idempotency key
 *   c accepted · u modified · ba when b was written · y due (delayed start, back-off) · f failure of the last attempt
 *   e expires · j the journal expires before that · ttl · ku until when the other items are kept, once renewed
 *   pe when the id's previous life expired · lo, le the store's own (lib/model/listing.ts)
 */
import type { Entry, Note } from "./entry.ts";
import { parseEntries } from "./entry.ts";
import { type Incarnation, type InvocationId, journalPartition } from "./ids.ts";
import type { Attributes, Condition, ItemKey } from "./item.ts";
import { HEAD_OUTLIVES_MS, INLINE_INPUT_BYTES_MAX, MAILBOX_RETENTION_MS } from "../limits.ts";
import type { ReplyTo, Start, Target } from "./message.ts";
import { decodeOutcome, type Outcome } from "./outcome.ts";
import type { AttemptState, TurnFailure } from "../protocol.ts";
import { chunkedName } from "./value-ref.ts";
import type { Value } from "./value.ts";
import type { Wait } from "./wait.ts";

export const FORMAT_VERSION = 1;

/**
 * scheduled: delayed, not due. accepted: its Start is under way. pending: parked behind its key's lock. running: has
 * appended, and has a message that will run it. The others are as in Restate.
 */
export type Status =
  | "scheduled"
  | "accepted"
  | "pending"
  | "running"
  | "suspended"
  | "backing-off"
  | "paused"
  | "completed";

export interface Head {
  readonly status: Status;
  readonly incarnation: Incarnation;
  readonly target: Target;
  readonly deployment?: string;
  readonly token?: string;
  readonly origin: string;
  /** Entries in the whole log; the position of the next one. */
  readonly length: number;
  /** Position at which the last append began: its outputs are in doubt (R2). */
  readonly lastAppend: number;
  /** Position of the first entry of `tail`. */
  readonly paged: number;
  readonly tail: readonly Entry[];
  readonly notes: readonly Note[];
  /** Names the append that wrote the head last: a writer whose answer was lost recognises its own write. */
  readonly writer?: string;
  readonly wait?: Wait;
  readonly outcome?: Outcome;
  /** A name: of the value that it is. */
  readonly input?: Uint8Array | string;
  readonly headers: Record<string, string>;
  readonly replies: readonly ReplyTo[];
  readonly idempotencyKey?: string;
  readonly acceptedAtMs: number;
  readonly modifiedAtMs: number;
  /** When the last append was written: 0 if there was none. */
  readonly appendedAtMs: number;
  readonly dueAtMs?: number;
  readonly attempt: AttemptState;
  readonly failure?: TurnFailure;
  readonly expiresAtMs?: number;
  /** The journal is hidden from then on, if that is before all of it expires (23). */
  readonly journalExpiresAtMs?: number;
  /** Pages, inputs and values may be deleted from then on; absent: `KEEP_MS` after its acceptance. */
  readonly keptUntilMs?: number;
  /** When the life before this one of the same id expired, if that was known. */
  readonly previousExpiredAtMs?: number;
}

export const HEAD = "head";
export const headKey = (id: InvocationId): ItemKey => ({
  table: "journal",
  pk: journalPartition(id),
  sk: HEAD,
});
export const valueKey = (id: InvocationId, ref: string): ItemKey => ({
  table: "journal",
  pk: journalPartition(id),
  sk: ref,
});
// A derived id lives more than once, and items of an earlier life may still be there: these name their incarnation.
export const inputName = (incarnation: Incarnation): string => `input#${incarnation}`;
export const inputKey = (id: InvocationId, incarnation: Incarnation): ItemKey =>
  valueKey(id, inputName(incarnation));
export const pagePrefix = (incarnation: Incarnation): string => `page#${incarnation}#`;
export const pageKey = (id: InvocationId, incarnation: Incarnation, start: number): ItemKey =>
  valueKey(id, pagePrefix(incarnation) + String(start).padStart(8, "0"));

/** Throws `TypeError` for an item that this version cannot read. */
export function parseHead(item: Attributes): Head {
  if (item["v"] !== FORMAT_VERSION) {
    throw new TypeError(
      `journal format ${JSON.stringify(item["v"])} is not supported: this is version ${FORMAT_VERSION}`,
    );
  }
  const [service, handler, key] = item["t"] as [string, string, string?];
  const { i, n, b, p, o, c, u, ba } = item as Record<string, number> & { o: string };
  return {
    status: item["s"] as Status,
    incarnation: i ?? 0,
    target: key === undefined ? { service, handler } : { service, handler, key },
    origin: textOf(o),
    length: n ?? 0,
    lastAppend: b ?? 0,
    paged: p ?? 0,
    tail: parseEntries(item["l"]),
    notes: parseEntries(item["m"]) as unknown as Note[],
    headers: (item["h"] as Record<string, string> | undefined) ?? {},
    replies: ((item["r"] as Value[] | undefined) ?? []).map(parseReplyTo),
    acceptedAtMs: c ?? 0,
    modifiedAtMs: u ?? 0,
    appendedAtMs: ba ?? 0,
    ...optional(item),
    ...attemptOf(item["f"]),
  };
}

/** Throws `TypeError` for what is not text. */
function textOf(value: Value | undefined): string {
  if (typeof value !== "string") throw new TypeError(`expected text in a head, got ${typeof value}`);
  return value;
}

function optional(item: Attributes): Partial<Head> {
  const input = item["in"];
  return {
    ...(item["d"] === undefined ? {} : { deployment: textOf(item["d"]) }),
    ...(item["k"] === undefined ? {} : { token: textOf(item["k"]) }),
    ...(item["a"] === undefined ? {} : { writer: textOf(item["a"]) }),
    ...(item["q"] === undefined ? {} : { idempotencyKey: textOf(item["q"]) }),
    ...(item["w"] === undefined ? {} : { wait: item["w"] as unknown as Wait }),
    ...(item["x"] === undefined ? {} : { outcome: decodeOutcome(item["x"]) }),
    ...(input === undefined ? {} : { input: inputOf(input, item) }),
    ...(item["y"] === undefined ? {} : { dueAtMs: Number(item["y"]) }),
    ...(item["e"] === undefined ? {} : { expiresAtMs: Number(item["e"]) }),
    ...(item["j"] === undefined ? {} : { journalExpiresAtMs: Number(item["j"]) }),
    ...(item["ku"] === undefined ? {} : { keptUntilMs: Number(item["ku"]) }),
    ...(item["pe"] === undefined ? {} : { previousExpiredAtMs: Number(item["pe"]) }),
  };
}

/** `true`: the one value that only this incarnation can have named so. */
const inputOf = (input: Value, { i }: Attributes): Uint8Array | string =>
  input instanceof Uint8Array ? input : input === true ? inputName(Number(i)) : textOf(input);

function parseReplyTo(value: Value): ReplyTo {
  const [id, incarnation, command] = value as [string, number, number];
  return { id, incarnation, command };
}
export const encodeReplyTo = ({ id, incarnation, command }: ReplyTo): Value => [id, incarnation, command];

/** ["f"]: { count, run?, failure? }. */
function attemptOf(value: Value | undefined): Pick<Head, "attempt" | "failure"> {
  if (value === undefined) return { attempt: { count: 0 } };
  const { count, run, failure } = value as unknown as AttemptState & { failure?: TurnFailure };
  return {
    attempt: run === undefined ? { count } : { count, run },
    ...(failure === undefined ? {} : { failure }),
  };
}
export function encodeAttempt(attempt: AttemptState, failure?: TurnFailure): Value {
  return { ...attempt, ...(failure === undefined ? {} : { failure }) } as unknown as Value;
}

/** The attributes of an invocation's first head, whatever its first write is for. */
export function newHead(start: Start, known: { token?: string; deployment?: string }): Attributes {
  const { service, handler, key } = start.target;
  return {
    v: FORMAT_VERSION,
    i: start.incarnation,
    t: key === undefined ? [service, handler] : [service, handler, key],
    o: start.origin,
    n: 0,
    b: 0,
    p: 0,
    l: [],
    m: [],
    c: start.acceptedAtMs,
    ...(known.token === undefined ? {} : { k: known.token }),
    ...(known.deployment === undefined ? {} : { d: known.deployment }),
    ...(start.idempotencyKey === undefined ? {} : { q: start.idempotencyKey }),
    ...(start.replyTo === undefined ? {} : { r: [encodeReplyTo(start.replyTo)] }),
  };
}

/** The name under which an input is stored that is too long for the head. */
export function storedInputName({ input, incarnation }: Start): string | undefined {
  if (typeof input === "string" || input.byteLength <= INLINE_INPUT_BYTES_MAX) return undefined;
  return chunkedName(inputName(incarnation), input.byteLength);
}

/** The input and headers, which a head needs once the Start is deleted. An input too long for the head is
 * `true`, or the name of its chunks. */
export function inputAttributes(start: Start): Attributes {
  const { input } = start;
  const name = typeof input === "string" ? input : storedInputName(start);
  return {
    in: name === undefined ? input : name === inputName(start.incarnation) ? true : name,
    ...(Object.keys(start.headers).length === 0 ? {} : { h: { ...start.headers } }),
  };
}

/** The attribute from which DynamoDB takes when it may delete an item, of one that is to be kept `ms` from now on. */
export const keptFor = (ms: number, nowMs: number): Attributes => ({ ttl: Math.ceil((nowMs + ms) / 1000) });

/** How long what has ended is kept: the head with its result, and its journal if that is shorter (23). */
export interface Retention {
  readonly retentionMs: number;
  readonly journalRetentionMs?: number;
}

/** When the head ceases to exist for readers, and when DynamoDB may delete it: never before the mailbox has
 * forgotten the last message about it (R10). */
export function retentionAttributes(
  nowMs: number,
  { retentionMs, journalRetentionMs = retentionMs }: Retention,
): Attributes {
  const expiresAtMs = nowMs + retentionMs;
  return {
    e: expiresAtMs,
    ttl: Math.ceil((expiresAtMs + HEAD_OUTLIVES_MS) / 1000),
    ...(journalRetentionMs < retentionMs ? { j: nowMs + journalRetentionMs } : {}),
  };
}

/**
 * Whether the last append's outputs may have been forgotten (R2). The message under which it was made vouches for them
 * until it is deleted, and is gone after the mailbox's retention; `sentAtMs`, of the message at hand, tells of one that
 * a mailbox without such a bound has kept. Older outputs must not be done again: those whom they concerned may have
 * ended and be forgotten, and would run a second time (M2); a tombstone may be gone (W3).
 */
export const mayBeInDoubt = (
  { appendedAtMs }: Pick<Head, "appendedAtMs">,
  nowMs: number,
  sentAtMs: number = Number.POSITIVE_INFINITY,
): boolean => nowMs - appendedAtMs < MAILBOX_RETENTION_MS || appendedAtMs >= sentAtMs;

/** The journal of one that has ended is shown no more. */
export const isJournalExpired = (head: Pick<Head, "journalExpiresAtMs">, nowMs: number): boolean =>
  head.journalExpiresAtMs !== undefined && head.journalExpiresAtMs <= nowMs;

/** Expired heads count as absent, although DynamoDB deletes them days later. */
export const isExpired = (head: Pick<Head, "expiresAtMs">, nowMs: number): boolean =>
  head.expiresAtMs !== undefined && head.expiresAtMs <= nowMs;

/** The head is this incarnation's and not completed. */
export const whileOpen = (incarnation: Incarnation): Condition => ({
  is: "all",
  of: [
    { is: "present" },
    { is: "eq", attribute: "i", value: incarnation },
    { is: "ne", attribute: "s", value: "completed" },
  ],
});

/** The head is that of a life that has ended, and no other has begun. */
export const whileEnded = ({ incarnation }: Pick<Head, "incarnation">): Condition => ({
  is: "all",
  of: [
    { is: "eq", attribute: "i", value: incarnation },
    { is: "eq", attribute: "s", value: "completed" },
  ],
});

/** J1: the log is as long as this writer believes, the invocation neither completed nor paused. */
export const whileAt = (incarnation: Incarnation, length: number): Condition => ({
  is: "all",
  of: [
    whileOpen(incarnation),
    { is: "ne", attribute: "s", value: "paused" },
    { is: "eq", attribute: "n", value: length },
  ],
});

/** The token, once written, is the invocation's for good (R3): two messages that could have started it must agree. */
export const whileToken = (token: string | undefined): Condition =>
  token === undefined
    ? { is: "present" }
    : {
        is: "any",
        of: [
          { is: "missing", attribute: "k" },
          { is: "eq", attribute: "k", value: token },
        ],
      };

/**
 * The head: an invocation in one item, until it outgrows it (R8). Every append and every change of status is one
 * conditional write on it, so J1 and J3 hold without transactions.
 *
 * Job: the format. Says what a head holds, reads one, and turns fields into attributes. `HEAD_ATTRIBUTE` is the only place
 * that spells an attribute's name; the names are short because the item is billed by the KB.
 * Boundary: builds no write. Which writes there are, and under which conditions, is in lib/store/head/.
 */
import type { Entry, Note } from "./entry.ts";
import { decodeEntries, decodeNotes } from "./entry.ts";
import type { Incarnation } from "./ids.ts";
import { inputName } from "./head-keys.ts";
import { SEAL } from "./header-names.ts";
import { headersInHead, type Headers } from "./headers-value.ts";
import { type Attributes, keptFor } from "./item.ts";
import {
  CLOCK_SKEW_MS,
  HEAD_OUTLIVES_MS,
  INLINE_INPUT_BYTES_MAX,
  KEEP_MS,
  MAILBOX_RETENTION_MS,
} from "../limits.ts";
import type { ReplyTo, Start, Target } from "./message.ts";
import { decodeOutcome, encodeOutcome, type Outcome } from "./outcome.ts";
import { type AttemptState, storableAttempt, storableFailure, type TurnFailure } from "../protocol.ts";
import { chunkedName } from "./value-ref.ts";
import type { Value } from "./value.ts";
import { decodeWait, encodeWait, type Wait } from "./wait.ts";

export const FORMAT_VERSION = 1;

/** The attribute of each field. */
export const HEAD_ATTRIBUTE = {
  format: "v",
  status: "s",
  incarnation: "i",
  /** [service, handler, key?] */
  target: "t",
  deployment: "d",
  token: "k",
  origin: "o",
  length: "n",
  lastAppend: "b",
  tail: "l",
  paged: "p",
  writer: "a",
  /** Which message runs it again if its turn dies (lib/model/voucher.ts). */
  voucher: "vo",
  guard: "gd",
  /** The message under which it was suspended. */
  leftBy: "lv",
  /** 1: it was killed before it began. */
  killed: "kd",
  /** 1: it is no head, but what has come before it. */
  stub: "st",
  notes: "m",
  wait: "w",
  outcome: "x",
  input: "in",
  headers: "h",
  replies: "r",
  idempotencyKey: "q",
  acceptedAtMs: "c",
  modifiedAtMs: "u",
  appendedAtMs: "ba",
  dueAtMs: "y",
  /** { count, run?, begun?, failure? }: attempts made without progress; what the last one had begun, and its failure. */
  attempt: "f",
  /** How its turns went: lib/model/turns.ts. */
  turns: "tn",
  expiresAtMs: "e",
  journalExpiresAtMs: "j",
  /** Epoch seconds, for DynamoDB. */
  deletableAt: "ttl",
  keptUntilMs: "ku",
  previousExpiredAtMs: "pe",
  /** The store's own: its shard in the lists of open and of ended invocations (lib/model/listing.ts). */
  listedOpen: "lo",
  listedEnded: "le",
} as const;
export type HeadField = keyof typeof HEAD_ATTRIBUTE;
const A = HEAD_ATTRIBUTE;

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
  /** Position at which the last append began. Whether that append's outputs were done is not known (R2). */
  readonly lastAppend: number;
  /** Position of the first entry of `tail`. */
  readonly paged: number;
  readonly tail: readonly Entry[];
  readonly notes: readonly Note[];
  /** The mark (R18). Names the write that a turn may go on from: an append, or what let the invocation rest or go on. Adding a
   * note leaves it as it is. A writer whose answer was lost recognises its own append. */
  readonly writer?: string;
  /** See lib/model/voucher.ts. None in one that rests. */
  readonly voucher?: string;
  readonly guard?: string;
  /** The message under which it was suspended. Or, of one that is scheduled, the one that has lost its place to a later one. */
  readonly leftBy?: string;
  /** It was killed before it began. */
  readonly killed?: boolean;
  readonly wait?: Wait;
  readonly outcome?: Outcome;
  /** The input's bytes, or the name of the item that holds them. */
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
  /** As they are stored: for people (lib/model/turns.ts). */
  readonly turns?: Uint8Array;
  readonly expiresAtMs?: number;
  /** From then on the journal is hidden, while the result can still be read. Absent: both end at `expiresAtMs`. */
  readonly journalExpiresAtMs?: number;
  /** Pages, inputs and values are safe from deletion until then. Absent: they were never renewed, so it is `KEEP_MS`
   * after `acceptedAtMs`. */
  readonly keptUntilMs?: number;
  /** When the life before this one of the same id expired, if that was known. */
  readonly previousExpiredAtMs?: number;
}

/**
 * What has come for an invocation that has no head yet (R21): it stands where the head will be. What makes the head adopts it,
 * so of the two the second sees the first. It has no target: nothing can run it, and to readers there is no head.
 *
 * An earlier version cannot read it: what it has in hand, it gives back until a later version takes it
 * (docs/decisions/0017). Everything that it could read it would take for another request's, or for over, and lose the Start.
 */
export interface Stub {
  readonly incarnation: Incarnation;
  readonly notes: readonly Note[];
  readonly killed: boolean;
  readonly madeAtMs: number;
}

/**
 * Whether what has come is for this life of the id. A note that names no incarnation is for whichever is current: for a derived id
 * the one whose Start was accepted before the note came, as far as clocks can tell. One that is accepted later is another life (R10).
 */
/** Two of a head's fields, for what needs no others of it. */
export const storedOrigin = (item: Attributes): string | undefined => {
  const origin = item[A.origin];
  return typeof origin === "string" ? origin : undefined;
};
export const storedHeaders = (item: Attributes): Headers | undefined =>
  item[A.headers] as Headers | undefined;
export const headWithHeaders = (item: Attributes, headers: Headers): Attributes => ({
  ...item,
  [A.headers]: { ...headers },
});

export const isForLife = (
  { incarnation, madeAtMs }: Stub,
  life: { readonly incarnation: Incarnation; readonly acceptedAtMs: number },
): boolean =>
  incarnation === life.incarnation || (incarnation === 0 && madeAtMs >= life.acceptedAtMs - CLOCK_SKEW_MS);

export const isStub = (item: Attributes): boolean => item[A.stub] !== undefined;
export const parseStub = (item: Attributes): Stub => ({
  incarnation: numberIn(item, "incarnation") ?? 0,
  notes: decodeNotes(item[A.notes]),
  killed: item[A.killed] !== undefined,
  madeAtMs: numberIn(item, "modifiedAtMs") ?? 0,
});

/** If it has not begun, it shall end instead. */
export const isCancelled = ({
  notes,
  killed,
}: Pick<Head, "notes"> & { readonly killed?: boolean }): boolean =>
  killed === true || notes.some(({ kind }) => kind === "cancellation");

/** A head without its tail. A turn knows the log, and need not decode it again after each append. */
export type HeadFields = Omit<Head, "tail">;

/** Throws `TypeError` for an item that this version cannot read. */
export const parseHead = (item: Attributes): Head => ({
  ...parseFields(item),
  tail: decodeEntries(item[A.tail]),
});

/** See {@link parseHead}. */
export function parseFields(item: Attributes): HeadFields {
  const format = item[A.format];
  if (format !== FORMAT_VERSION) {
    throw new TypeError(
      `journal format ${JSON.stringify(format)} is not supported: this is version ${FORMAT_VERSION}`,
    );
  }
  const [service, handler, key] = item[A.target] as [string, string, string?];
  return {
    status: item[A.status] as Status,
    incarnation: numberIn(item, "incarnation") ?? 0,
    target: key === undefined ? { service, handler } : { service, handler, key },
    origin: textOf(item[A.origin]),
    length: numberIn(item, "length") ?? 0,
    lastAppend: numberIn(item, "lastAppend") ?? 0,
    paged: numberIn(item, "paged") ?? 0,
    notes: decodeNotes(item[A.notes]),
    headers: (item[A.headers] as Record<string, string> | undefined) ?? {},
    replies: ((item[A.replies] as Value[] | undefined) ?? []).map(parseReplyTo),
    acceptedAtMs: numberIn(item, "acceptedAtMs") ?? 0,
    modifiedAtMs: numberIn(item, "modifiedAtMs") ?? 0,
    appendedAtMs: numberIn(item, "appendedAtMs") ?? 0,
    ...optional(item),
    ...attemptOf(item[A.attempt]),
  };
}

/** Throws `TypeError` for what is not text. */
function textOf(value: Value | undefined): string {
  if (typeof value !== "string") throw new TypeError(`expected text in a head, got ${typeof value}`);
  return value;
}
function numberIn(item: Attributes, field: HeadField): number | undefined {
  const value = item[A[field]];
  return value === undefined ? undefined : Number(value);
}

const TEXTS = ["deployment", "token", "writer", "guard", "idempotencyKey"] as const;
const NUMBERS = [
  ...(["dueAtMs", "expiresAtMs", "journalExpiresAtMs", "keptUntilMs"] as const),
  "previousExpiredAtMs" as const,
];

function optional(item: Attributes): Partial<Head> {
  const found: { -readonly [F in keyof Head]?: Head[F] } = {};
  for (const field of TEXTS) if (item[A[field]] !== undefined) found[field] = textOf(item[A[field]]);
  for (const field of NUMBERS) if (item[A[field]] !== undefined) found[field] = Number(item[A[field]]);
  const { [A.wait]: wait, [A.outcome]: outcome, [A.input]: input } = item;
  if (item[A.killed] !== undefined) found.killed = true;
  const voucher = voucherIn(item, "voucher");
  if (voucher !== undefined) found.voucher = voucher;
  const leftBy = voucherIn(item, "leftBy");
  if (leftBy !== undefined) found.leftBy = leftBy;
  if (wait !== undefined) found.wait = decodeWait(wait);
  if (outcome !== undefined) found.outcome = decodeOutcome(outcome);
  if (input !== undefined) found.input = inputOf(input, item);
  const turns = item[A.turns];
  if (turns instanceof Uint8Array) found.turns = turns;
  return found;
}

/** Earlier versions of handlers leave the attribute as it is. So a voucher is stored with the mark of the write that named it, and
 * counts for as long as that is the last one. */
function voucherIn(item: Attributes, field: "voucher" | "leftBy"): string | undefined {
  const stored = item[A[field]];
  const mark = item[A.writer];
  const suffix = ` ${typeof mark === "string" ? mark : ""}`;
  return typeof stored === "string" && stored.endsWith(suffix) ? stored.slice(0, -suffix.length) : undefined;
}

/** `true`: the one value that only this incarnation can have named so. */
const inputOf = (input: Value, item: Attributes): Uint8Array | string =>
  input instanceof Uint8Array
    ? input
    : input === true
      ? inputName(Number(item[A.incarnation]))
      : textOf(input);

function parseReplyTo(value: Value): ReplyTo {
  const [id, incarnation, command] = value as [string, number, number];
  return { id, incarnation, command };
}
export const encodeReplyTo = ({ id, incarnation, command }: ReplyTo): Value => [id, incarnation, command];

function attemptOf(value: Value | undefined): Pick<Head, "attempt" | "failure"> {
  if (value === undefined) return { attempt: { count: 0 } };
  const { failure, ...attempt } = value as unknown as AttemptState & { failure?: TurnFailure };
  return {
    attempt: storableAttempt(attempt),
    ...(failure === undefined ? {} : { failure: storableFailure(failure) }),
  };
}
export function encodeAttempt(attempt: AttemptState, failure?: TurnFailure): Value {
  if (failure === undefined) return storableAttempt(attempt) as unknown as Value;
  // The state of the attempts has it.
  const { tried: _, ...why } = failure;
  return { ...storableAttempt(attempt), failure: storableFailure(why) } as unknown as Value;
}

/** Fields that a write may set by themselves. What belongs together has a function of its own below. */
export interface HeadChange {
  readonly status?: Status;
  readonly deployment?: string | undefined;
  readonly token?: string | undefined;
  readonly length?: number;
  readonly lastAppend?: number;
  readonly paged?: number;
  /** As they are stored: their large values apart. */
  readonly tail?: readonly Value[];
  readonly notes?: readonly Value[];
  readonly writer?: string;
  readonly voucher?: string | undefined;
  readonly leftBy?: string | undefined;
  readonly guard?: string | undefined;
  readonly wait?: Wait;
  readonly outcome?: Outcome;
  readonly modifiedAtMs?: number;
  readonly appendedAtMs?: number;
  readonly dueAtMs?: number | undefined;
  readonly attempt?: AttemptState;
  /** Of the last attempt: only together with `attempt`. */
  readonly failure?: TurnFailure | undefined;
  readonly turns?: Uint8Array | undefined;
  readonly expiresAtMs?: number;
  readonly keptUntilMs?: number;
  readonly previousExpiredAtMs?: number | undefined;
}

/** The attributes of the fields; none of those that are `undefined`. */
export function headAttributes({
  attempt,
  failure,
  outcome,
  tail,
  notes,
  wait,
  voucher,
  leftBy,
  ...plain
}: HeadChange): Attributes {
  const attributes: Attributes = {};
  if (leftBy !== undefined) attributes[A.leftBy] = `${leftBy} ${plain.writer ?? ""}`;
  if (voucher !== undefined) attributes[A.voucher] = `${voucher} ${plain.writer ?? ""}`;
  for (const [field, value] of Object.entries(plain)) {
    if (value !== undefined) attributes[A[field as keyof typeof plain]] = value;
  }
  if (tail) attributes[A.tail] = [...tail];
  if (notes) attributes[A.notes] = [...notes];
  if (wait) attributes[A.wait] = encodeWait(wait);
  if (outcome) attributes[A.outcome] = encodeOutcome(outcome);
  if (attempt) attributes[A.attempt] = encodeAttempt(attempt, failure);
  return attributes;
}

/** The attributes of an invocation's first head, whatever its first write is for. */
export function newHead(start: Start, known: { token?: string; deployment?: string }): Attributes {
  const { service, handler, key } = start.target;
  return {
    [A.format]: FORMAT_VERSION,
    [A.incarnation]: start.incarnation,
    [A.target]: key === undefined ? [service, handler] : [service, handler, key],
    [A.origin]: start.origin,
    ...emptyJournal(),
    [A.acceptedAtMs]: start.acceptedAtMs,
    ...headAttributes({ token: known.token, deployment: known.deployment }),
    ...(start.idempotencyKey === undefined ? {} : { [A.idempotencyKey]: start.idempotencyKey }),
    ...(start.replyTo === undefined ? {} : { [A.replies]: [encodeReplyTo(start.replyTo)] }),
    ...(start.headers[SEAL] === undefined ? {} : { [A.headers]: { [SEAL]: start.headers[SEAL] } }),
  };
}

/** The attributes of a stub: see {@link Stub}. */
export const newStub = (incarnation: Incarnation, nowMs: number): Attributes => ({
  [A.format]: FORMAT_VERSION,
  [A.stub]: 1,
  [A.status]: "awaited",
  [A.incarnation]: incarnation,
  [A.modifiedAtMs]: nowMs,
  [A.notes]: [],
  ...keptFor(2 * MAILBOX_RETENTION_MS, nowMs),
});

/** No entries, no notes. */
export const emptyJournal = (): Attributes =>
  headAttributes({ length: 0, lastAppend: 0, paged: 0, tail: [], notes: [] });

/** The name under which an input is stored that is too long for the head. */
export function storedInputName({ input, incarnation }: Start): string | undefined {
  if (typeof input === "string" || input.byteLength <= INLINE_INPUT_BYTES_MAX) return undefined;
  return chunkedName(inputName(incarnation), input.byteLength);
}

/** The input and headers, which a head needs once the Start is deleted. An input too long for the head is
 * `true`, or the name of its chunks. Long headers are a value, too (lib/model/headers-value.ts). */
export function inputAttributes(start: Start): Attributes {
  const { input } = start;
  const name = typeof input === "string" ? input : storedInputName(start);
  return {
    [A.input]: name === undefined ? input : name === inputName(start.incarnation) ? true : name,
    ...(Object.keys(start.headers).length === 0 ? {} : { [A.headers]: headersInHead(start.headers) }),
  };
}

/** How long what has ended is kept: the head with its result, and its journal if that is shorter. */
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
    [A.expiresAtMs]: expiresAtMs,
    [A.deletableAt]: Math.ceil((expiresAtMs + HEAD_OUTLIVES_MS) / 1000),
    ...(journalRetentionMs < retentionMs ? { [A.journalExpiresAtMs]: nowMs + journalRetentionMs } : {}),
  };
}

/** A page of the log: entries that the head has outgrown. */
export const pageAttributes = (entries: readonly Value[], nowMs: number): Attributes => ({
  [PAGE_ENTRIES]: [...entries],
  ...keptFor(KEEP_MS, nowMs),
});
export const entriesInPage = (page: Attributes | undefined): Value | undefined => page?.[PAGE_ENTRIES];
const PAGE_ENTRIES = "l";

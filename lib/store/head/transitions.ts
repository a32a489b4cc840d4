/**
 * Every change of a head that is not a turn's append (append.ts), each by its name, with its condition and its bound. The
 * dispatcher, the admin API and the reconciler make them; nobody writes a head in another way.
 *
 * | transition | from | to | refused if |
 * |---|---|---|---|
 * | park | accepted, scheduled, no head | pending | the log has grown, or it has ended |
 * | rest | running, … | backing-off, paused | the log has grown, or it has ended |
 * | pause | running, suspended, backing-off | paused | it has not begun, or has ended |
 * | pauseUndelivered | any open one, no head | paused | it has moved |
 * | hold | paused | paused, with its input | it has moved |
 * | release | paused, backing-off | backing-off, due now | it has moved |
 * | unpause | paused | running | it has moved |
 * | takeOver | running | running | it has moved |
 * | appear | any open one, no head | running | another turn runs |
 * | renewGuard | any open one | the same | another guard vouches for it |
 * | repin | paused | paused | it is not paused |
 * | end | any open one, no head | completed | it has ended |
 * | endUnbegun | scheduled, accepted, pending | completed | it has begun |
 * | addNotes, addReply, keepInput | any open one | the same | it has ended |
 * | renew, strip, expire | renew: any; else completed | the same | another life has begun |
 */
import { isTooLarge, OperationalError } from "../../errors.ts";
import { REPLIES_MAX, CONFLICT_ATTEMPTS_MAX } from "../../limits.ts";
import {
  type CancellationNote,
  encodeNote,
  type Entry,
  largeValueOf,
  type Note,
  withLargeValue,
} from "../../model/entry.ts";
import {
  emptyJournal,
  encodeReplyTo,
  HEAD_ATTRIBUTE,
  type Head,
  headAttributes,
  inputAttributes,
  isStub,
  newStub,
  parseHead,
  parseStub,
  type Retention,
  retentionAttributes,
} from "../../model/head.ts";
import type { Incarnation, InvocationId } from "../../model/ids.ts";
import { all, type Attributes, type Change } from "../../model/item.ts";
import type { ReplyTo, Start } from "../../model/message.ts";
import type { Outcome } from "../../model/outcome.ts";
import { statusesThat } from "../../model/status-table.ts";
import { type Voucher, whoVouches } from "../../model/voucher.ts";
import type { Value } from "../../model/value.ts";
import type { Entropy, ItemStore } from "../../ports.ts";
import type { AttemptState, TurnFailure } from "../../protocol.ts";
import { nonce } from "../../entropy.ts";
import { readHead, readHeadOrStub, type StoredHead, storeInput } from "../head-store.ts";
import { spill, type ValuePorts } from "../value-store.ts";
import { createHead } from "./births.ts";
import {
  hasGuard,
  hasLength,
  hasMark,
  hasNotes,
  hasNotMoved,
  hasReplies,
  hasStatus,
  isKeptForLess,
  isUnbegun,
  thereIsNone,
  whileAt,
  whileEnded,
  whileOpen,
  whileStub,
  whileToken,
} from "./clauses.ts";
import { appends, putHead, removes, sets, tryUpdate, updateHead } from "./write.ts";

/** An invocation as a writer knows it: by its head, its Start, or both. */
export interface Subject {
  readonly id: InvocationId;
  readonly token?: string | undefined;
  readonly start?: Start | undefined;
  readonly head?: Head | undefined;
  /** Entries in its log. */
  readonly length: number;
}

interface MarkingPorts extends ValuePorts {
  readonly entropy: Entropy;
}
const MARK_BYTES = 6;
/** R18: a turn that has read the head before this write cannot append any more. */
const markOf = ({ entropy }: MarkingPorts): string => nonce(entropy, MARK_BYTES);
const marked = (ports: MarkingPorts): Attributes => headAttributes({ writer: markOf(ports) });

// --- before it runs ----------------------------------------------------------------------------------------------

/** park: it waits behind its key's lock. `false`: it has moved on, or another message has parked it: look again. */
export async function park(ports: MarkingPorts, subject: Subject): Promise<boolean> {
  const { id, head, start, token, length } = subject;
  const input = await missingInput(ports, subject);
  const fields = {
    ...input,
    ...headAttributes({ status: "pending", modifiedAtMs: ports.clock.now() }),
    ...marked(ports),
  };
  if (!head)
    return start !== undefined && (await createHead(ports.items, start, token, fields)) !== undefined;
  if (head.status === "pending") return head.token === token;
  const when = all(whileAt(head.incarnation, length), hasMark(head), whileToken(token));
  const changes = [
    ...sets({ ...fields, ...headAttributes({ token }) }),
    ...removes("voucher", "guard", "leftBy"),
  ];
  return (await updateHead(ports.items, id, changes, when)) !== undefined;
}

/** keepInput: the input must be in the store before the Start that brought it may be deleted. */
export async function keepInput(ports: ValuePorts, subject: Subject): Promise<void> {
  if (!subject.head) return;
  const input = await missingInput(ports, subject);
  if (Object.keys(input).length > 0)
    await updateHead(ports.items, subject.id, sets(input), whileOpen(subject.head.incarnation));
}

/** The input, stored or to be stored with the head, unless the head has it. */
async function missingInput(ports: ValuePorts, { start, head }: Subject): Promise<Attributes> {
  if (!start || head?.input !== undefined) return {};
  return inputAttributes(await storeInput(ports, start));
}

// --- while it is open --------------------------------------------------------------------------------------------

/**
 * addNotes: they wait in the list for a turn (R9). Returns the head as it then is; `undefined`: it has ended, or is gone.
 * Bounds: NOTES_MAX and NOTES_BYTES_MAX, beyond which the dispatcher wakes it to take them into its log; NOTES_HELD_MAX and
 * NOTES_HELD_BYTES_MAX, beyond which it adds none.
 */
export async function addNotes(
  ports: ValuePorts,
  id: InvocationId,
  { incarnation }: Pick<Head, "incarnation">,
  notes: readonly Note[],
): Promise<StoredHead | undefined> {
  const values: Value[] = [];
  for (const note of notes) values.push(await spillNote(ports, id, note));
  return await updateHead(ports.items, id, appends("notes", values), whileOpen(incarnation));
}

/**
 * await: a signal or a cancellation comes before there is a head (R21). Harmless to repeat. `false`: there is a head by now.
 * Bound: it is deleted after twice the mailbox's retention, when no Start can follow.
 */
export async function addToStub(
  ports: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
  notes: readonly Note[],
): Promise<boolean> {
  const values: Value[] = [];
  for (const note of notes) values.push(await spillNote(ports, id, note));
  const first = headAttributes({ notes: values });
  return await writeStub(ports, id, incarnation, first, appends("notes", values));
}

/** await, for a kill. What is killed now will end when its Start comes. */
export async function killStub(
  ports: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
): Promise<boolean> {
  const killed = { [HEAD_ATTRIBUTE.killed]: 1 };
  return await writeStub(ports, id, incarnation, killed, sets(killed));
}

async function writeStub(
  { items, clock }: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
  first: Attributes,
  changes: readonly Change[],
): Promise<boolean> {
  const attributes = { ...newStub(incarnation, clock.now()), ...first };
  const put = await putHead(items, id, attributes, thereIsNone);
  if (put.won || !put.item || !isStub(put.item)) return put.won;
  // What names no life joins what is there. A stub of another life is as good as none.
  const held = parseStub(put.item).incarnation;
  const isSame = held === incarnation || incarnation === 0;
  return isSame
    ? (await tryUpdate(items, id, changes, whileStub(held))).won
    : (await putHead(items, id, attributes, whileStub(held))).won;
}

/** addNotes, for a cancellation by an operator. Answers whether it was added. */
export async function addCancellation(
  { items, clock }: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
  note: CancellationNote,
): Promise<boolean> {
  const changes = [
    ...appends("notes", [encodeNote(note)]),
    ...sets(headAttributes({ modifiedAtMs: clock.now() })),
  ];
  return (await updateHead(items, id, changes, whileOpen(incarnation))) !== undefined;
}

/** A large result is stored apart before the note that refers to it. */
async function spillNote(ports: ValuePorts, id: InvocationId, note: Note): Promise<Value> {
  const value = largeValueOf(note);
  return encodeNote(value === undefined ? note : withLargeValue(note, await spill(ports, id, value)));
}

/**
 * addReply (attach): another caller awaits the result. Harmless to repeat. `undefined`: it has ended meanwhile.
 * Bounds: REPLIES_MAX callers, beyond which it is `full`; CONFLICT_ATTEMPTS_MAX tries against others that attach at the same time.
 */
export async function addReply(
  items: ItemStore,
  id: InvocationId,
  incarnation: Incarnation,
  to: ReplyTo,
): Promise<Head | "full" | undefined> {
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const head = (await readHead(items, id))?.head;
    if (!head || head.status === "completed" || head.incarnation !== incarnation) return undefined;
    if (head.replies.some((known) => isSame(known, to))) return head;
    if (head.replies.length >= REPLIES_MAX) return "full";
    const values = [encodeReplyTo(to)];
    const first = { [HEAD_ATTRIBUTE.replies]: values };
    const changes = head.replies.length === 0 ? sets(first) : appends("replies", values);
    const when = all(whileOpen(incarnation), hasReplies(head.replies.length));
    const updated = await updateHead(items, id, changes, when);
    if (updated) return updated.head;
  }
  throw new OperationalError("unavailable", `the head of ${id} is contended`);
}

const isSame = (a: ReplyTo, b: ReplyTo): boolean =>
  a.id === b.id && a.incarnation === b.incarnation && a.command === b.command;

// --- rest and on again -------------------------------------------------------------------------------------------

/** Why and until when an invocation rests. */
export interface Resting {
  readonly attempt: AttemptState;
  readonly failure?: TurnFailure;
  readonly dueAtMs?: number;
  /** Notes that rode in the message at hand: what has ridden must outlive it. */
  readonly carried: readonly Note[];
  /** Notes that the attempt had when it began. */
  readonly seen: readonly Note[];
}

/** What every pause writes. */
const pausing = (nowMs: number, why?: { readonly attempt: AttemptState; readonly failure?: TurnFailure }) =>
  headAttributes({ status: "paused", modifiedAtMs: nowMs, ...why });

/**
 * rest: after a failed attempt it backs off, or is paused by its policy. `lost`: the log is no longer as long as known, or the
 * invocation has ended. `noted`: a cancellation has come that the attempt has not seen, so it shall not rest.
 * Bound: CONFLICT_ATTEMPTS_MAX tries against notes that come at the same time.
 */
export async function rest(
  ports: MarkingPorts,
  subject: Subject,
  status: "backing-off" | "paused",
  resting: Resting,
): Promise<"rested" | "noted" | "lost"> {
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const rested = await tryToRest(ports, subject, status, resting);
    if (rested !== "conflict") return rested;
  }
  throw new OperationalError("unavailable", `the head of ${subject.id} is contended`);
}

async function tryToRest(
  ports: MarkingPorts,
  subject: Subject,
  status: "backing-off" | "paused",
  { attempt, failure: why, dueAtMs, carried, seen }: Resting,
): Promise<"rested" | "noted" | "lost" | "conflict"> {
  const { items, clock } = ports;
  const { id, start, token, length } = subject;
  const because = { attempt, ...(why ? { failure: why } : {}) };
  const nowMs = clock.now();
  const fields =
    status === "paused"
      ? pausing(nowMs, because)
      : headAttributes({ status, modifiedAtMs: nowMs, ...because, dueAtMs });
  const stored = await readHead(items, id);
  if (!stored) {
    if (!start || length > 0) return "lost";
    const first = { ...(await missingInput(ports, subject)), ...fields, ...marked(ports) };
    return (await createHead(items, start, token, first)) ? "rested" : "conflict";
  }
  const { head } = stored;
  if (head.length !== length || head.writer !== subject.head?.writer) return "lost";
  if (hasUnseenCancellation(head, seen)) return "noted";
  const missing = {
    ...(await missingInput(ports, { ...subject, head })),
    ...(head.token === undefined ? headAttributes({ token }) : {}),
  };
  const unlisted = await notListed(ports, id, head, carried);
  const changes = [
    ...sets({ ...fields, ...missing, ...marked(ports) }),
    ...appends("notes", unlisted),
    ...removes("voucher", "guard", "leftBy"),
  ];
  const at = all(whileAt(head.incarnation, length), hasMark(head), whileToken(token));
  if (await updateHead(items, id, changes, all(at, hasNotes(head.notes.length)))) return "rested";
  return head.status === "paused" ? "lost" : "conflict";
}

function hasUnseenCancellation({ notes }: Pick<Head, "notes">, seen: readonly Note[]): boolean {
  const known = new Set(seen.map(noteKey));
  return notes.some((note) => note.kind === "cancellation" && !known.has(noteKey(note)));
}

/** The notes that the head does not have yet. */
async function notListed(
  ports: ValuePorts,
  id: InvocationId,
  head: Head,
  carried: readonly Note[],
): Promise<Value[]> {
  const seen = new Set([...head.notes, ...head.tail].map(noteKey));
  const values: Value[] = [];
  for (const note of carried) if (!seen.has(noteKey(note))) values.push(await spillNote(ports, id, note));
  return values;
}

/** Tells notes apart; the entry that a note has become has the key of the note. */
function noteKey(entry: Entry | Note): string | undefined {
  if (entry.kind === "completion") return `n${entry.command}`;
  if (entry.kind === "signalled") return `i${entry.delivery}`;
  return entry.kind === "cancelled" || entry.kind === "cancellation" ? `x${entry.delivery}` : undefined;
}

/** pause: an operator asks. A paused head refuses every append. Returns whether this has paused it, and the head that
 * refused it. */
export async function pause(
  { items, clock }: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
): Promise<{ readonly won: boolean; readonly head?: Head }> {
  const when = all(whileOpen(incarnation), hasStatus(...statusesThat("pause", "pause")));
  const { won, item } = await tryUpdate(items, id, sets(pausing(clock.now())), when);
  return item === undefined ? { won } : { won, head: parseHead(item) };
}

/** pauseUndelivered: the mailbox has given up delivering a message to it. One without a head gets it, if the message is its
 * Start. `false`: it has moved since, or cannot be paused. */
export async function pauseUndelivered(
  ports: ValuePorts,
  { id, head, start }: Pick<Subject, "id" | "head" | "start">,
  why: TurnFailure,
): Promise<boolean> {
  const { items, clock } = ports;
  const fields = pausing(clock.now(), { attempt: head?.attempt ?? { count: 0 }, failure: why });
  if (head) {
    const when = all(whileAt(head.incarnation, head.length), hasNotMoved(head));
    return (await updateHead(items, id, sets(fields), when)) !== undefined;
  }
  if (!start) return false;
  await storeInput(ports, start);
  return (await createHead(items, start, undefined, { ...inputAttributes(start), ...fields })) !== undefined;
}

/** hold: one that was paused while it ran rests from now on. It needs neither its Start nor another message (R17). `false`: it
 * has moved. */
export async function hold(
  ports: MarkingPorts,
  subject: Subject & { readonly head: Head },
): Promise<boolean> {
  const { id, head } = subject;
  const input = await missingInput(ports, subject);
  const isAtRest = head.voucher === undefined && head.guard === undefined;
  if (isAtRest && Object.keys(input).length === 0) return true;
  const changes = [...sets({ ...input, ...marked(ports) }), ...removes("voucher", "guard", "leftBy")];
  const when = all(whileOpen(head.incarnation), hasMark(head), hasStatus("paused"));
  return (await updateHead(ports.items, id, changes, when)) !== undefined;
}

/** release: leaves a pause, or cuts a back-off short, and runs under the message that vouches for it from now on: one write.
 * Answers the head as it then is. What is suspended has a timer or a message of its own on the way. */
export async function release(
  ports: MarkingPorts,
  id: InvocationId,
  head: Head,
  voucher: string,
): Promise<StoredHead | undefined> {
  const dueAtMs = ports.clock.now();
  const fields = headAttributes({ status: "backing-off", dueAtMs, voucher, writer: markOf(ports) });
  const when = all(
    whileOpen(head.incarnation),
    hasLength(head.length),
    hasMark(head),
    hasStatus(...statusesThat("released", "release")),
  );
  return await updateHead(ports.items, id, [...sets(fields), ...removes("guard", "leftBy")], when);
}

/** unpause: another message vouches for it, and has its input. That one goes on. `false`: it has moved. */
export async function unpause(ports: MarkingPorts, id: InvocationId, head: Head): Promise<boolean> {
  const { voucher } = head;
  const fields = headAttributes({
    ...{ status: "running", voucher, writer: markOf(ports) },
    modifiedAtMs: ports.clock.now(),
  });
  const when = all(whileOpen(head.incarnation), hasMark(head), hasStatus("paused"));
  return (await updateHead(ports.items, id, sets(fields), when)) !== undefined;
}

/** takeOver: its turn has died, and another message vouches for the next one. `undefined`: it has moved. */
export async function takeOver(
  ports: MarkingPorts,
  id: InvocationId,
  head: Head,
  voucher: string,
): Promise<StoredHead | undefined> {
  const fields = headAttributes({ voucher, writer: markOf(ports), modifiedAtMs: ports.clock.now() });
  const when = all(
    whileAt(head.incarnation, head.length),
    hasMark(head),
    hasStatus("running"),
    hasNotMoved(head),
  );
  return await updateHead(ports.items, id, [...sets(fields), ...removes("guard", "leftBy")], when);
}

/** A turn that runs, as it is made known. */
export interface Appearance {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly start: Start | undefined;
  readonly token: string | undefined;
  readonly deployment: string;
  /** The message under which it runs. */
  readonly voucher: string;
  readonly guard: string;
  /** Of the head, if this makes it. */
  readonly mark: string;
  /** The head that the turn began with. */
  readonly from: Head | undefined;
  /** Notes that rode in the message. */
  readonly carried: readonly Note[];
}

/**
 * appear: a turn that runs long gets a guard, and a head if it has none (R26). The mark stays, since the turn goes on. `false`: it
 * has ended, or another one runs.
 * Bound: CONFLICT_ATTEMPTS_MAX tries against the turn's own appends.
 */
export async function appear(ports: ValuePorts, appearance: Appearance, mine: Voucher): Promise<boolean> {
  const { items } = ports;
  const { id, from, start } = appearance;
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const { stored, stub } = await readHeadOrStub(items, id);
    if (!stored) {
      if (from || !start || stub?.killed) return false;
      if (await appearFirst(ports, appearance, start)) return true;
    } else {
      const { head } = stored;
      const isAsBegun = from !== undefined && head.writer === from.writer && head.status === from.status;
      const isItsOwn = head.status === "running" && whoVouches(head, mine) === "this";
      if (head.incarnation !== appearance.incarnation || !(isAsBegun || isItsOwn)) return false;
      if (await appearAgain(ports, appearance, head)) return true;
    }
  }
  return false;
}

async function appearFirst(ports: ValuePorts, appearance: Appearance, start: Start): Promise<boolean> {
  const { token, deployment, voucher, guard, mark: writer } = appearance;
  const fields = headAttributes({
    ...{ status: "running", deployment, voucher, guard, writer },
    modifiedAtMs: ports.clock.now(),
  });
  const attributes = { ...inputAttributes(await storeInput(ports, start)), ...fields };
  return (await createHead(ports.items, start, token, attributes)) !== undefined;
}

async function appearAgain(ports: ValuePorts, appearance: Appearance, head: Head): Promise<boolean> {
  const { id, start, token, voucher, guard, carried } = appearance;
  const fields = headAttributes({
    ...{ status: "running", guard, modifiedAtMs: ports.clock.now() },
    ...(head.writer === undefined ? {} : { voucher, writer: head.writer }),
    ...(head.token === undefined ? { token } : {}),
  });
  const input = await missingInput(ports, { id, start, head, length: head.length });
  const changes = [
    ...sets({ ...fields, ...input }),
    ...appends("notes", await notListed(ports, id, head, carried)),
  ];
  const when = all(
    whileAt(head.incarnation, head.length),
    hasMark(head),
    hasStatus(head.status),
    whileToken(token),
  );
  return (await updateHead(ports.items, id, changes, when)) !== undefined;
}

/** renewGuard: a later guard takes the place of one. `false`: that one does not vouch for it any more. */
export async function renewGuard(
  { items, clock }: ValuePorts,
  { id, incarnation }: { readonly id: InvocationId; readonly incarnation: Incarnation },
  before: string,
  guard: string,
): Promise<boolean> {
  const fields = headAttributes({ guard, modifiedAtMs: clock.now() });
  const when = all(whileOpen(incarnation), hasGuard(before));
  return (await updateHead(items, id, sets(fields), when)) !== undefined;
}

/** repin: it goes on with another deployment. Only of a paused one, of which no turn can append: a turn must end on the
 * code that it began on. */
export async function repin(
  { items, clock }: ValuePorts,
  id: InvocationId,
  { incarnation }: Pick<Head, "incarnation">,
  deployment: string,
): Promise<boolean> {
  const fields = headAttributes({ deployment, modifiedAtMs: clock.now() });
  const when = all(whileOpen(incarnation), hasStatus(...statusesThat("repin", "repin")));
  return (await updateHead(items, id, sets(fields), when)) !== undefined;
}

// --- the end and after it ----------------------------------------------------------------------------------------

const ending = (nowMs: number, outcome: Outcome, retention: Retention): Attributes => ({
  ...headAttributes({ status: "completed", modifiedAtMs: nowMs, outcome }),
  ...retentionAttributes(nowMs, retention),
});

/** end: without its code, because it was killed, cancelled before it began, or is out of attempts. Returns the head as it
 * then is; `undefined`: it has ended otherwise. The log's length is not asked for: a turn that runs now finds at its next
 * append that the invocation has ended (R12). */
export async function end(
  { items, clock }: ValuePorts,
  id: InvocationId,
  { incarnation }: Pick<Head, "incarnation">,
  outcome: Outcome,
  retention: Retention,
): Promise<Head | undefined> {
  const changes = [
    ...sets(ending(clock.now(), outcome, retention)),
    ...removes("voucher", "guard", "leftBy"),
  ];
  const when = whileOpen(incarnation);
  try {
    return (await updateHead(items, id, changes, when))?.head;
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    // An item that has no room left must be able to end (P1). Nobody takes its notes any more.
    const room = [...sets(emptyNotes()), ...removes("wait", "attempt")];
    return (await updateHead(items, id, [...changes, ...room], when))?.head;
  }
}

const emptyNotes = (): Attributes => headAttributes({ notes: [] });

/** end, of one that is cancelled before it has begun. `undefined`: it has begun, or has ended. */
export async function endUnbegun(
  { items, clock }: ValuePorts,
  id: InvocationId,
  { incarnation }: Pick<Head, "incarnation">,
  outcome: Outcome,
  retention: Retention,
): Promise<Head | undefined> {
  const when = all(whileOpen(incarnation), isUnbegun, hasLength(0));
  return (await updateHead(items, id, sets(ending(clock.now(), outcome, retention)), when))?.head;
}

/** end, of one whose head may not be there yet, or may have changed since it was read. */
export async function endAsItIs(
  ports: ValuePorts,
  { id, start, token }: Subject,
  outcome: Outcome,
  retention: Retention,
): Promise<Head | undefined> {
  const { items, clock } = ports;
  const stored = await readHead(items, id);
  if (stored) return await end(ports, id, stored.head, outcome, retention);
  if (!start) return undefined;
  const fields = ending(clock.now(), outcome, retention);
  const item = await createHead(items, start, token, fields);
  return item && parseHead(item);
}

/** renew: what it keeps outside its head has been renewed until then (lib/store/renewal.ts). Only ever longer. */
export async function renewUntil(
  items: ItemStore,
  id: InvocationId,
  head: Head,
  untilMs: number,
): Promise<void> {
  await updateHead(items, id, sets(headAttributes({ keptUntilMs: untilMs })), isKeptForLess(head, untilMs));
}

/** purge, before: takes off what refers to other items, which then may go. It does not expire before `expiresAtMs`. `false`:
 * another life of it has begun. */
export async function strip(
  items: ItemStore,
  id: InvocationId,
  head: Head,
  { expiresAtMs, outcome }: { readonly expiresAtMs: number; readonly outcome?: Outcome },
): Promise<boolean> {
  const left = { ...emptyJournal(), ...headAttributes({ expiresAtMs, ...(outcome ? { outcome } : {}) }) };
  const changes = [...sets(left), ...removes("input", "headers", "wait", "dueAtMs", "attempt", "replies")];
  return (await updateHead(items, id, changes, whileEnded(head))) !== undefined;
}

/** purge, after: it is absent to every reader from now on, and stays until the mailbox has forgotten it (R10). */
export async function expire({ items, clock }: ValuePorts, id: InvocationId, head: Head): Promise<boolean> {
  const expired = retentionAttributes(clock.now(), { retentionMs: 0 });
  const changes = [...sets(expired), ...removes("idempotencyKey")];
  return (await updateHead(items, id, changes, whileEnded(head))) !== undefined;
}

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
 * | release | paused, backing-off | backing-off, due now | the log has grown |
 * | repin | paused | paused | it is not paused |
 * | end | any open one, no head | completed | it has ended |
 * | addNotes, addReply, keepInput | any open one | the same | it has ended |
 * | renew, strip, expire | renew: any; else completed | the same | another life has begun |
 */
import { OperationalError } from "../../errors.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../../limits.ts";
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
  newHead,
  parseHead,
  type Retention,
  retentionAttributes,
} from "../../model/head.ts";
import type { Incarnation, InvocationId } from "../../model/ids.ts";
import { all, type Attributes } from "../../model/item.ts";
import type { ReplyTo, Start } from "../../model/message.ts";
import type { Outcome } from "../../model/outcome.ts";
import { statusesThat } from "../../model/status-table.ts";
import type { Value } from "../../model/value.ts";
import type { ItemStore } from "../../ports.ts";
import type { AttemptState, TurnFailure } from "../../protocol.ts";
import { readHead, type StoredHead, storeInput } from "../head-store.ts";
import { spill, type ValuePorts } from "../value-store.ts";
import { createHead } from "./births.ts";
import {
  hasLength,
  hasNotMoved,
  hasReplies,
  hasStatus,
  isKeptForLess,
  whileAt,
  whileEnded,
  whileOpen,
  whileToken,
} from "./clauses.ts";
import { appends, removes, sets, tryUpdate, updateHead } from "./write.ts";

/** An invocation as a writer knows it: by its head, its Start, or both. */
export interface Subject {
  readonly id: InvocationId;
  readonly token?: string | undefined;
  readonly start?: Start | undefined;
  readonly head?: Head | undefined;
  /** Entries in its log. */
  readonly length: number;
}

// --- before it runs ----------------------------------------------------------------------------------------------

/** park: it waits behind its key's lock. `false`: it has moved on, or another message has parked it: look again. */
export async function park(ports: ValuePorts, subject: Subject): Promise<boolean> {
  const { id, head, start, token, length } = subject;
  const input = await missingInput(ports, subject);
  const fields = { ...input, ...headAttributes({ status: "pending", modifiedAtMs: ports.clock.now() }) };
  if (!head) return start !== undefined && (await createHead(ports.items, start, token, fields));
  if (head.status === "pending") return head.token === token;
  const when = all(whileAt(head.incarnation, length), whileToken(token));
  const changes = sets({ ...fields, ...headAttributes({ token }) });
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
 * Bounds: NOTES_MAX and NOTES_BYTES_MAX, beyond which the dispatcher wakes it to take them into its log.
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

/** addNotes, for a cancellation by an operator. Returns whether it was added. */
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
 * Bound: CONFLICT_ATTEMPTS_MAX tries against others that attach at the same time.
 */
export async function addReply(
  items: ItemStore,
  id: InvocationId,
  incarnation: Incarnation,
  to: ReplyTo,
): Promise<Head | undefined> {
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const head = (await readHead(items, id))?.head;
    if (!head || head.status === "completed" || head.incarnation !== incarnation) return undefined;
    if (head.replies.some((known) => isSame(known, to))) return head;
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
}

/** What every pause writes. */
const pausing = (nowMs: number, why?: { readonly attempt: AttemptState; readonly failure?: TurnFailure }) =>
  headAttributes({ status: "paused", modifiedAtMs: nowMs, ...why });

/** rest: after a failed attempt it backs off, or is paused by its policy. `false`: the log is no longer as long as known, or
 * the invocation has ended. */
export async function rest(
  ports: ValuePorts,
  subject: Subject,
  status: "backing-off" | "paused",
  { attempt, failure: why, dueAtMs, carried }: Resting,
): Promise<boolean> {
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
    if (!start || length > 0) return false;
    return await createHead(items, start, token, { ...(await missingInput(ports, subject)), ...fields });
  }
  const { head } = stored;
  const missing = {
    ...(await missingInput(ports, { ...subject, head })),
    ...(head.token === undefined ? headAttributes({ token }) : {}),
  };
  const unlisted = await notListed(ports, id, head, carried);
  const changes = [...sets({ ...fields, ...missing }), ...appends("notes", unlisted)];
  const when = all(whileAt(head.incarnation, length), whileToken(token));
  return (await updateHead(items, id, changes, when)) !== undefined;
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
  return await createHead(items, start, undefined, { ...inputAttributes(start), ...fields });
}

/** release: leaves a pause, or cuts a back-off short. Returns the head as it then is. What is suspended has a timer or a
 * message of its own on the way. */
export async function release(
  { items, clock }: ValuePorts,
  id: InvocationId,
  { incarnation, length }: Pick<Head, "incarnation" | "length">,
): Promise<StoredHead | undefined> {
  const fields = headAttributes({ status: "backing-off", dueAtMs: clock.now() });
  const when = all(
    whileOpen(incarnation),
    hasLength(length),
    hasStatus(...statusesThat("released", "release")),
  );
  return await updateHead(items, id, sets(fields), when);
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
  const changes = sets(ending(clock.now(), outcome, retention));
  return (await updateHead(items, id, changes, whileOpen(incarnation)))?.head;
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
  if (!(await createHead(items, start, token, fields))) return undefined;
  return parseHead({ ...newHead(start, token === undefined ? {} : { token }), ...fields });
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

/**
 * Every change of a head that is not a turn's append (append.ts), each by its name, with its condition and its bound. The
 * dispatcher, the admin API and the reconciler make them; nobody writes a head in another way.
 *
 * | transition | from | to | refused if |
 * |---|---|---|---|
 * | run | no head | running | there is one |
 * | park | accepted, scheduled, no head | pending | the log has grown, or it has ended |
 * | displace | scheduled | scheduled | it has moved |
 * | moveBack | pending | pending, with another token | it has moved |
 * | fence | any open one without a token, no head | the same, accepted | it has moved |
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
 * | adopt | paused, backing-off | backing-off, due now, on another deployment | it has moved |
 * | moveTo | suspended, backing-off, paused | the same, on another deployment | it has moved |
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
  largeValueOf,
  type Note,
  noteKey,
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
  type Stub,
} from "../../model/head.ts";
import type { Incarnation, InvocationId } from "../../model/ids.ts";
import { all, type Attributes, type Change } from "../../model/item.ts";
import { isFull } from "../../model/status-table.ts";
import type { ReplyTo, Start } from "../../model/message.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Value } from "../../model/value.ts";
import type { Entropy, ItemStore } from "../../ports.ts";
import { nonce } from "../../entropy.ts";
import { readHead, type StoredHead, storeInput } from "../head-store.ts";
import { spill, type ValuePorts } from "../value-store.ts";
import { createHead, scheduleHead } from "./births.ts";
import {
  hasLength,
  hasMark,
  hasReplies,
  hasStatus,
  isKeptForLess,
  lacks,
  hasNotBegun,
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

export interface MarkingPorts extends ValuePorts {
  readonly entropy: Entropy;
}
const MARK_BYTES = 6;
/** R18: a turn that has read the head before this write cannot append any more. */
export const freshMark = ({ entropy }: MarkingPorts): string => nonce(entropy, MARK_BYTES);
export const marked = (ports: MarkingPorts): Attributes => headAttributes({ writer: freshMark(ports) });

// --- before it runs ----------------------------------------------------------------------------------------------

/** park: the invocation waits behind its key's lock. `false`: it has moved on, or another message has parked it: look again. */
export async function parkHead(ports: MarkingPorts, subject: Subject): Promise<boolean> {
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

/** displace: a message that comes later takes the place of this one, which has lost its own. From now on the head says so to
 * whoever handles this message still. `false`: it has moved. */
export async function displace(
  ports: MarkingPorts,
  id: InvocationId,
  head: Head,
  message: string,
): Promise<boolean> {
  const fields = headAttributes({ leftBy: message, writer: freshMark(ports) });
  const when = all(whileOpen(head.incarnation), hasMark(head), hasStatus("scheduled"));
  return (await updateHead(ports.items, id, sets(fields), when)) !== undefined;
}

/** moveBack: others of its key have gone past it. It takes the place of the message at hand. `undefined`: it has moved. */
export async function moveBack(
  ports: MarkingPorts,
  id: InvocationId,
  head: Head,
  token: string,
): Promise<StoredHead | undefined> {
  const fields = { ...headAttributes({ token, modifiedAtMs: ports.clock.now() }), ...marked(ports) };
  const when = all(whileAt(head.incarnation, 0), hasMark(head), hasStatus("pending"));
  return await updateHead(ports.items, id, sets(fields), when);
}

/** fence: it has not begun, and what has read the head, or has found none, must not begin it any more (R18). From now on this message
 * vouches for it. `false`: it has moved. */
export async function fence(
  ports: MarkingPorts,
  { id, head, start }: Subject,
  message: string,
): Promise<boolean> {
  if (!head) return start !== undefined && (await scheduleHead(ports, start)) !== undefined;
  const when = all(whileAt(head.incarnation, head.length), hasMark(head), lacks("token"));
  const changes = [
    ...sets(headAttributes({ writer: freshMark(ports), voucher: message })),
    ...removes("guard", "leftBy"),
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
export async function missingInput(ports: ValuePorts, { start, head }: Subject): Promise<Attributes> {
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
 * await: a signal or a cancellation comes before there is a head (R21). Harmless to repeat. Answers the stub if that is full.
 * Bounds: NOTES_HELD_MAX and NOTES_HELD_BYTES_MAX, but for a cancellation; it is deleted after twice the mailbox's retention, when no
 * Start can follow.
 */
export async function addToStub(
  ports: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
  note: Note,
): Promise<"added" | "there is a head" | Stub> {
  const notes = [await spillNote(ports, id, note)];
  const changes = (stub: Stub): readonly Change[] | "full" => {
    if (stub.notes.some((known) => noteKey(known) === noteKey(note))) return [];
    const fits = note.kind === "cancellation" || !isFull(stub, [note]);
    return fits ? appends("notes", notes) : "full";
  };
  const written = await writeStub(ports, id, incarnation, headAttributes({ notes }), changes);
  return typeof written === "boolean" ? (written ? "added" : "there is a head") : written;
}

/** await, for a kill. What is killed now will end when its Start comes. */
export async function killStub(
  ports: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
): Promise<boolean> {
  const killed = { [HEAD_ATTRIBUTE.killed]: 1 };
  return (await writeStub(ports, id, incarnation, killed, () => sets(killed))) === true;
}

/** `changesOf`: of the one that is there. `false`: there is a head. Answers the stub if that is full. */
async function writeStub(
  { items, clock }: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
  first: Attributes,
  changesOf: (stub: Stub) => readonly Change[] | "full",
): Promise<boolean | Stub> {
  const attributes = { ...newStub(incarnation, clock.now()), ...first };
  const put = await putHead(items, id, attributes, thereIsNone);
  if (put.won || !put.item || !isStub(put.item)) return put.won;
  // What names no life joins what is there. A stub of another life is as good as none.
  const stub = parseStub(put.item);
  const { incarnation: held } = stub;
  if (held !== incarnation && incarnation !== 0)
    return (await putHead(items, id, attributes, whileStub(held))).won;
  const changes = changesOf(stub);
  if (changes === "full") return stub;
  return changes.length === 0 || (await tryUpdate(items, id, changes, whileStub(held))).won;
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

/** A large result is stored apart before the note that refers to it. What only the list tells of says when it came: of a reply and a
 * timer others do. */
export async function spillNote(ports: ValuePorts, id: InvocationId, come: Note): Promise<Value> {
  const note: Note = come.kind === "signalled" ? { comeAtMs: ports.clock.now(), ...come } : come;
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
    if (tells(head, to)) return head;
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

/** Whether its end is told to this caller. */
export const tells = ({ replies }: Pick<Head, "replies">, to: ReplyTo): boolean =>
  replies.some(
    ({ id, incarnation, command }) =>
      id === to.id && incarnation === to.incarnation && command === to.command,
  );

// --- the end and after it ----------------------------------------------------------------------------------------

const ending = (nowMs: number, outcome: Outcome, retention: Retention, turns?: Uint8Array): Attributes => ({
  ...headAttributes({ status: "completed", modifiedAtMs: nowMs, outcome, turns }),
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
  turns?: Uint8Array,
): Promise<Head | undefined> {
  const changes = [
    ...sets(ending(clock.now(), outcome, retention, turns)),
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
  const when = all(whileOpen(incarnation), hasNotBegun, hasLength(0));
  return (await updateHead(items, id, sets(ending(clock.now(), outcome, retention)), when))?.head;
}

/** end, of one whose head may not be there yet, or may have changed since it was read. */
export async function endAsItIs(
  ports: ValuePorts,
  { id, start, token }: Subject,
  outcome: Outcome,
  retention: Retention,
  turns?: Uint8Array,
): Promise<Head | undefined> {
  const { items, clock } = ports;
  const stored = await readHead(items, id);
  if (stored) return await end(ports, id, stored.head, outcome, retention, turns);
  if (!start) return undefined;
  const fields = ending(clock.now(), outcome, retention, turns);
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
  const gone = removes("input", "headers", "wait", "dueAtMs", "attempt", "replies", "turns");
  const changes = [...sets(left), ...gone];
  return (await updateHead(items, id, changes, whileEnded(head))) !== undefined;
}

/** purge, after: it is absent to every reader from now on, and stays until the mailbox has forgotten it (R10). */
export async function expire({ items, clock }: ValuePorts, id: InvocationId, head: Head): Promise<boolean> {
  const expired = retentionAttributes(clock.now(), { retentionMs: 0 });
  const changes = [...sets(expired), ...removes("idempotencyKey")];
  return (await updateHead(items, id, changes, whileEnded(head))) !== undefined;
}

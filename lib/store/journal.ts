/**
 * Appends to one invocation's log, for one turn (J1, J3, R8).
 *
 * Job: stores large values and pages, has the append written until the store has said yes or no, and keeps what the turn
 * knows of the head. Boundary: the write itself, with its condition, is in head/append.ts.
 *
 * An append is won only if the log is as long as this turn believes, and the invocation is neither completed nor paused. Of
 * two turns one wins and the other finds out. A turn that lost changes nothing more (W3).
 *
 * Crash points
 * - Before the write: nothing happened. Large values and pages are written before what refers to them. Without it they are
 *   garbage that expires, never a reference to nothing.
 * - After the write, its answer lost: the head names its writer. A repetition recognises its own append.
 * - With the user's writes (X1): docs/decisions/0052-transact.md has the points.
 */
import { MarkWriter } from "../model/entry-times.ts";
import { withTurn } from "../model/turn-record.ts";
import {
  encodeEntry,
  type Entry,
  largeValueOf,
  type Note,
  withLargeValue,
  withoutMark,
} from "../model/entry.ts";
import {
  entriesInPage,
  type HeadFields,
  isForLife,
  isStub,
  pageAttributes,
  parseFields,
  parseStub,
  type Stub,
} from "../model/head.ts";
import { headKey, pageKey } from "../model/head-keys.ts";
import type { Incarnation, InvocationId } from "../model/ids.ts";
import { type Attributes, sizeOf } from "../model/item.ts";
import {
  HEAD_BYTES_SOFT_MAX,
  INLINE_RESULT_BYTES_MAX,
  INLINE_VALUE_BYTES_MAX,
  STORED_REFS_MAX,
} from "../limits.ts";
import type { ReplyTo, Start } from "../model/message.ts";
import { decodeOutcome, encodeOutcome, type Outcome } from "../model/outcome.ts";
import type { Clock, FollowedResult, ItemStore } from "../ports.ts";
import type { Value } from "../model/value.ts";
import { type Beside, decide, type NotTransacted } from "./decided-append.ts";
import { appendWrite, type Ending, type LeftHead, storedTail } from "./head/append.ts";
import { storeInput } from "./head-store.ts";
import { refOf } from "../model/value-ref.ts";
import { atDoor } from "../model/voucher.ts";
import { placeOf, type ValuePorts, writeValue } from "./value-store.ts";

interface Won {
  readonly kind: "won";
  readonly position: number;
  readonly notes: readonly Note[];
  readonly replies: readonly ReplyTo[];
  /** Of a completion: as the head has it, a long one by its name. */
  readonly outcome?: Outcome;
  readonly expiresAtMs?: number;
  /** What follows it was written with it. */
  readonly followed?: true;
}

export type AppendResult =
  | Won
  /** Notes have come in that this turn has not seen: it goes on instead of suspending. */
  | { readonly kind: "notes"; readonly notes: readonly Note[] }
  | { readonly kind: "lost"; readonly reason: string };

/** What an append with writes to the user's tables has come to. */
export type TransactResult = AppendResult | NotTransacted;

export type LookResult = Exclude<AppendResult, { kind: "won" }> | { readonly kind: "nothing" };

export interface JournalSubject {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly deployment: string;
  readonly token?: string;
  /** Present unless the head holds the input already. */
  readonly start?: Start;
  /** The head as last read; absent: none is known. */
  readonly stored?: LeftHead;
  /** Distinguishes this turn's writes from any other's. */
  readonly writer: string;
  /** The message under which the turn runs (R17). */
  readonly voucher?: string;
  /** The mark of a head that was made for the turn while it ran (R26). */
  readonly presence?: string;
  /** The last time that the log has; absent: when it was accepted, if it has no entries. */
  readonly lastMs?: number;
  /** When the turn began, and the turns before it, as they are stored. Absent: of them nothing is written. */
  readonly turn?: { readonly beganMs: number; readonly before: Uint8Array };
}

export class Journal {
  /** Named by each append that leaves the head running. */
  guard: string | undefined;
  /** A guard takes the place of the message (R26): no append names that any more, and the head holds the input. */
  isLetGo = false;
  readonly #ports: ValuePorts;
  readonly #subject: JournalSubject;
  /** Values that this turn has stored. */
  readonly #stored = new Set<string>();
  /** As this turn has read or written it last. */
  #known: LeftHead | undefined;
  /** What has come before the head (R21). */
  #stub: (Stub & { readonly isForeign: boolean }) | undefined;
  #appends = 0;
  #page: Promise<void> | undefined;
  #pagedTo: number;
  /** The last time that the log has. */
  #lastMs: number | undefined;

  constructor(items: ItemStore, clock: Clock, subject: JournalSubject) {
    this.#ports = { items, clock };
    this.#subject = subject;
    this.#known = subject.stored;
    this.#pagedTo = this.#known?.head.paged ?? 0;
    this.#lastMs = subject.lastMs ?? (this.length === 0 ? this.#acceptedAtMs : undefined);
  }

  get #acceptedAtMs(): number | undefined {
    return (this.#known?.head ?? this.#subject.start)?.acceptedAtMs;
  }

  /** Entries in the log, as far as this turn knows. */
  get length(): number {
    return this.#known?.head.length ?? 0;
  }

  /** There is a head, as far as this turn knows: others can write notes to it. */
  get hasHead(): boolean {
    return this.#known !== undefined;
  }

  /** The mark of the last append, as far as this turn knows. */
  get mark(): string | undefined {
    return this.#known?.head.writer;
  }

  /** The size of the head, in bytes, as far as this turn knows, without what a page holds. */
  get headBytes(): number {
    return this.#known === undefined || this.#page !== undefined ? 0 : sizeOf(this.#known.item);
  }

  /**
   * Appends `entries` and drops `taken` consumed notes, in one write. With an ending, the status changes with it.
   * Entries' large values are stored first. Throws an OperationalError when the store cannot be reached before
   * anything was written; a write whose fate stays unknown is `lost`.
   */
  async append(
    entries: readonly Entry[],
    taken: number,
    asked?: Ending,
    beside: Beside = {},
  ): Promise<TransactResult> {
    const ending = asked && (await this.#storeResult(asked));
    const marks = this.#lastMs === undefined ? undefined : new MarkWriter(this.#lastMs);
    const stored: Value[] = [];
    for (const entry of entries) stored.push(await this.#spillEntry(this.#marked(entry, marks)));
    await this.#storeInput(ending);
    await this.#page;
    const position = this.length;
    const writer = `${this.#subject.writer}.${++this.#appends}`;
    const write = appendWrite({
      ...this.#subject,
      ...(this.isLetGo ? { voucher: atDoor(), holdsInput: true } : {}),
      ...{ before: this.#known, stub: this.#stub, entries: stored, taken, writer, ending },
      ...{ guard: this.guard, pagedTo: this.#pagedTo, nowMs: this.#ports.clock.now() },
      turns: this.#turns(ending),
    });
    const before = this.#known?.item;
    const result = await decide(this.#ports, { write, writer, position, before, beside });
    if (result === "unknown")
      return { kind: "lost", reason: "the store did not say whether the append was won" };
    if ("kind" in result) return result;
    if (!result.won) {
      if (this.#meetsStub(result.item)) return await this.#adopt(entries, taken, asked, beside);
      return this.#meetsPresence(result.item)
        ? await this.append(entries, taken, asked, beside)
        : this.#refused(result.item, taken, ending);
    }
    this.#lastMs = marks?.lastMs;
    return this.#won(result, position, ending);
  }

  #won({ item = {}, followed }: FollowedResult, position: number, ending: Ending | undefined): Won {
    const known = leftHead(item);
    this.#known = known;
    if (!ending) this.#startPage(known);
    const { notes, replies, outcome, expiresAtMs } = known.head;
    return {
      ...{ kind: "won", position, notes, replies },
      ...(outcome === undefined ? {} : { outcome }),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(followed && { followed }),
    };
  }

  /** The first append meets, for the first time, what has come before it. */
  #meetsStub(item: Attributes | undefined): boolean {
    if (this.#known || !item || !isStub(item)) return false;
    const stub = parseStub(item);
    const isForeign = !this.#isOwnStub(stub);
    const isNew = this.#stub === undefined && (isForeign || !stub.killed);
    if (isNew) this.#stub = { ...stub, isForeign };
    return isNew;
  }

  /** The head was made for this turn while it ran. If it was made for an attempt on another deployment, the invocation stays there,
   * and this turn is lost (D1). */
  #meetsPresence(item: Attributes | undefined): boolean {
    if (this.#known || !item || isStub(item)) return false;
    const found = leftHead(item);
    const { writer, deployment } = found.head;
    const { presence, deployment: own } = this.#subject;
    const isOwn = writer !== undefined && writer === presence && deployment === own;
    if (isOwn) this.#known = found;
    return isOwn;
  }

  #isOwnStub(stub: Stub): boolean {
    const { incarnation, start } = this.#subject;
    return isForLife(stub, { incarnation, acceptedAtMs: start?.acceptedAtMs ?? Number.POSITIVE_INFINITY });
  }

  async #adopt(
    entries: readonly Entry[],
    taken: number,
    ending: Ending | undefined,
    beside: Beside,
  ): Promise<TransactResult> {
    const notes = this.#stub?.isForeign === false ? this.#stub.notes : [];
    return ending?.kind === "suspended" && notes.length > taken
      ? { kind: "notes", notes }
      : await this.append(entries, taken, ending, beside);
  }

  async #storeResult(ending: Ending): Promise<Ending> {
    if (ending.kind !== "completed") return ending;
    const value = await this.#spill(encodeOutcome(ending.outcome), INLINE_RESULT_BYTES_MAX);
    return { ...ending, outcome: decodeOutcome(value) };
  }

  /**
   * Looks for notes, for a turn that has nothing to append (R22). The read may lag. So only a head with the mark that this turn has
   * read or written last says what has come, and of any other the next append decides; but an end is an end.
   * Throws an OperationalError.
   */
  async look(): Promise<LookResult> {
    const { id, incarnation } = this.#subject;
    const item = await this.#ports.items.get(headKey(id), { mayLag: true });
    if (!item) return { kind: "nothing" };
    if (isStub(item)) return this.#lookAtStub(parseStub(item));
    const head = parseFields(item);
    if (head.incarnation !== incarnation) return { kind: "nothing" };
    if (head.status === "completed") return this.#overtaken(head);
    this.#meetsPresence(item);
    const isMine = this.#known !== undefined && head.writer === this.#known.head.writer;
    return isMine ? { kind: "notes", notes: head.notes } : { kind: "nothing" };
  }

  #lookAtStub(stub: Stub): LookResult {
    if (this.#known || !this.#isOwnStub(stub)) return { kind: "nothing" };
    if (stub.killed) return { kind: "lost", reason: "it was killed before it began" };
    this.#stub = { ...stub, isForeign: false };
    return { kind: "notes", notes: stub.notes };
  }

  /** The history of the turns with this one, which this append begins, goes on with or ends. */
  #turns(ending: Ending | undefined): Uint8Array | undefined {
    const { turn } = this.#subject;
    const acceptedAtMs = this.#acceptedAtMs;
    if (!turn || acceptedAtMs === undefined) return undefined;
    const { before, beganMs: fromMs } = turn;
    const untilMs = Math.max(fromMs, this.#ports.clock.now());
    const ended = ending ? { end: ending.kind, untilMs } : { end: "running" as const };
    return withTurn(before, acceptedAtMs, { fromMs, ...ended });
  }

  #marked(entry: Entry, marks: MarkWriter | undefined): Entry {
    if (!marks) return entry;
    const mark = marks.markOf(entry.when ?? { atMs: this.#ports.clock.now() });
    return { ...withoutMark(entry), ...(mark ? { mark } : {}) };
  }

  async #spillEntry(entry: Entry): Promise<Value[]> {
    const value = largeValueOf(entry);
    return encodeEntry(value === undefined ? entry : withLargeValue(entry, await this.#spill(value)));
  }

  /** An append that is refused, or tried again, does not pay for its values twice. */
  async #spill(value: Value, inlineMax = INLINE_VALUE_BYTES_MAX): Promise<Value> {
    if (!(value instanceof Uint8Array) || value.byteLength <= inlineMax) return value;
    const ref = refOf(value);
    if (this.#stored.has(ref)) return ref;
    await writeValue(this.#ports, placeOf(this.#subject.id), ref, value);
    if (this.#stored.size < STORED_REFS_MAX) this.#stored.add(ref);
    return ref;
  }

  /** The input must outlive the Start from the moment that the Start may be deleted: with a suspension, or a guard in its place. */
  async #storeInput(ending: Ending | undefined): Promise<void> {
    const { start } = this.#subject;
    const mustHold = ending?.kind === "suspended" || (this.isLetGo && !ending);
    if (!mustHold || !start || this.#known?.head.input !== undefined) return;
    await storeInput(this.#ports, start);
  }

  #refused(item: Attributes | undefined, taken: number, ending: Ending | undefined): AppendResult {
    if (!item) return { kind: "lost", reason: "the invocation's head is gone" };
    if (isStub(item)) return this.#refusedByStub(parseStub(item), ending);
    const found = leftHead(item);
    const { head } = found;
    const onlyNotes = ending?.kind === "suspended" && this.#isAsLeft(head) && head.notes.length > taken;
    if (!onlyNotes) return this.#overtaken(head);
    this.#known = found;
    return { kind: "notes", notes: head.notes };
  }

  #refusedByStub(stub: Stub, ending: Ending | undefined): Exclude<AppendResult, { kind: "won" }> {
    if (stub.killed || ending?.kind !== "suspended" || this.#stub === undefined)
      return { kind: "lost", reason: stub.killed ? "it was killed before it began" : "it has no head" };
    this.#stub = { ...stub, isForeign: false };
    return { kind: "notes", notes: stub.notes };
  }

  /** But for notes, the head is as this turn left it. */
  #isAsLeft(head: HeadFields): boolean {
    return (
      this.#known !== undefined &&
      head.incarnation === this.#subject.incarnation &&
      // What was moved meanwhile goes on elsewhere (0051).
      (head.deployment ?? this.#subject.deployment) === this.#subject.deployment &&
      head.length === this.length &&
      head.status !== "completed" &&
      head.status !== "paused"
    );
  }

  #overtaken(head: HeadFields): { readonly kind: "lost"; readonly reason: string } {
    const reason = `the head is ${head.status} at ${head.length} entries, not at ${this.length}`;
    return { kind: "lost", reason };
  }

  /** Past a size the tail is copied to an immutable page. Two turns that page the same entries agree: the first wins. */
  #startPage(known: LeftHead): void {
    if (sizeOf(known.item) <= HEAD_BYTES_SOFT_MAX) return;
    const from = known.head.paged;
    const entries = storedTail(known);
    if (entries.length === 0) return;
    const key = pageKey(this.#subject.id, this.#subject.incarnation, from);
    const attributes = pageAttributes(entries, this.#ports.clock.now());
    this.#page = this.#ports.items
      .write({ op: "put", key, attributes, when: { is: "absent" } })
      .then((result) => {
        const held = result.won ? entries : entriesInPage(result.item);
        if (Array.isArray(held)) this.#pagedTo = from + held.length;
      })
      // A page is an economy: without it the head stays longer until the next try.
      .catch(() => undefined);
  }
}

const leftHead = (item: Attributes): LeftHead => ({ head: parseFields(item), item });
